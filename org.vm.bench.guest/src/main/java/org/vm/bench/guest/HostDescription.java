package org.vm.bench.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The machine that it was measured on, in lines for the report. */
record HostDescription(List<String> lines) {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Pattern MODEL = Pattern.compile("(?m)^model name\\s*: (.*)$");
    private static final Pattern MEMORY = Pattern.compile("(?m)^MemTotal:\\s*(\\d+) kB$");
    private static final DateTimeFormatter MINUTE = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'");

    HostDescription {
        lines = List.copyOf(lines);
    }

    /**
     * @param home of the project
     * @param more versions of programs
     */
    static HostDescription here(Path home, String path, List<String> more) throws InterruptedException {
        List<String> lines = new ArrayList<>();
        lines.add(MINUTE.format(ZonedDateTime.now(ZoneOffset.UTC)) + commit(home, path).map(c -> ", commit " + c).orElse(""));
        lines.add(found(MODEL, "/proc/cpuinfo").orElse(System.getProperty("os.arch")) + ", "
                + Runtime.getRuntime().availableProcessors() + " cores, "
                + found(MEMORY, "/proc/meminfo").map(kib -> (Long.parseLong(kib) >> 10) + " MiB, ").orElse("")
                + System.getProperty("os.name") + " " + System.getProperty("os.version"));
        lines.add("Java " + System.getProperty("java.vendor.version", "") + " " + Runtime.version()
                + Optional.ofNullable(System.getenv("VMM_JAVA_OPTIONS")).filter(o -> !o.isBlank())
                        .map(o -> ", VMM_JAVA_OPTIONS=" + o).orElse(""));
        lines.addAll(more);
        return new HostDescription(lines);
    }

    /** The load of the last minute, if this system tells it. */
    static Optional<Double> load() {
        return read("/proc/loadavg").map(text -> Double.parseDouble(text.split(" ")[0]));
    }

    private static Optional<String> commit(Path home, String path) throws InterruptedException {
        Optional<Tool> git = Tool.find("git", path);
        if (git.isEmpty() || !Files.exists(home.resolve(".git"))) {
            return Optional.empty();
        }
        String folder = home.toString();
        String commit = git.get().run(LIMIT, "-C", folder, "rev-parse", "--short=12", "HEAD").strip();
        boolean changed = !git.get().run(LIMIT, "-C", folder, "status", "--porcelain", "--untracked-files=no").isBlank();
        return Optional.of(commit + (changed ? " with changes" : ""));
    }

    private static Optional<String> found(Pattern pattern, String file) {
        return read(file).map(pattern::matcher).filter(Matcher::find).map(matcher -> matcher.group(1).strip());
    }

    private static Optional<String> read(String file) {
        try {
            return Files.isReadable(Path.of(file)) ? Optional.of(Files.readString(Path.of(file))) : Optional.empty();
        } catch (IOException e) {
            throw new BenchException("cannot read " + file + ": " + e.getMessage(), e);
        }
    }
}
