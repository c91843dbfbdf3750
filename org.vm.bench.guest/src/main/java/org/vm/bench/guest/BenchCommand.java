package org.vm.bench.guest;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code ./vmm bench}: the same programs, kernel and initial RAM disk in our machine and in QEMU's, one after the other.
 * The system property {@code vmm.home} names the project's folder.
 */
@Command(name = "vmm bench", sortOptions = false,
        description = "Measures programs in Linux guests, in this monitor and in qemu-system-riscv64, in alternation.",
        footer = {"", "Groups: boot, integer, float, jump, system, parallel.", "", "Examples:",
            "  vmm bench                          everything, about 20 s each in QEMU",
            "  vmm bench --quick integer boot     a first impression",
            "  vmm bench sha256 --runs 5 --mode interpreter"})
public final class BenchCommand implements Callable<Integer> {
    private static final int ROUNDS = 200;
    private static final int QUICK_ROUNDS = 20;
    /** As in bench.h. */
    private static final int MOST_ROUNDS = 10_000;
    private static final int MISTAKE = 2;
    private static final double BUSY = 0.5;

    @Parameters(paramLabel = "NAME|GROUP", arity = "0..*", description = "What to measure; without it: everything.")
    private List<String> names = List.of();

    @Option(names = "--quick", description = "A tenth of the work.")
    private boolean quick;

    @Option(names = "--runs", paramLabel = "N",
            description = "Runs of each; medians are reported. By default 3, or 1 with --quick.")
    private Integer runs;

    @Option(names = "--rounds", paramLabel = "N",
            description = "Amount of work, in rounds of about 0.1 s in QEMU. By default 200, or 20 with --quick.")
    private Integer rounds;

    @Option(names = "--mode", paramLabel = "MODE", description = "How our machine executes; see: vmm run --help, --engine.")
    private String mode;

    @Option(names = "--no-qemu", description = "Only our machine.")
    private boolean withoutQemu;

    @Option(names = "--limit", paramLabel = "SECONDS", description = "For one run of one program. By default 900.")
    private int limit = 900;

    @Option(names = "--out", paramLabel = "FILE", description = "Where the report goes; by default into target/bench.")
    private Path out;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Show this help.")
    private boolean help;

    private final PrintStream screen = System.out;

    public static void main(String[] arguments) {
        CommandLine line = new CommandLine(new BenchCommand()).setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((e, command, parsed) -> {
                    if (!(e instanceof BenchException)) {
                        throw e;
                    }
                    System.err.println("vmm bench: " + e.getMessage());
                    return CommandLine.ExitCode.SOFTWARE;
                });
        System.exit(line.execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        if (runs != null && runs < 1 || rounds != null && (rounds < 1 || rounds > MOST_ROUNDS) || limit < 1) {
            System.err.println("vmm bench: --runs and --limit must be at least 1, --rounds 1 to " + MOST_ROUNDS
                    + "; see: vmm bench --help");
            return MISTAKE;
        }
        Set<String> chosen = Program.select(names);
        Path home = Path.of(System.getProperty("vmm.home", ".")).toAbsolutePath().normalize();
        String path = System.getenv().getOrDefault("PATH", "");
        Tool vmm = new Tool(home.resolve("vmm"));
        Path cache = cache(System.getenv());
        Binaries binaries = new Binaries(home.resolve("bench/guest"), cache.resolve("bench"),
                Binaries.compiler(path));
        Optional<Tool> qemu = withoutQemu ? Optional.empty() : Optional.of(Tool.find("qemu-system-riscv64", path,
                "install Debian's package qemu-system-misc, or measure without it: --no-qemu"));
        GuestFiles guest = GuestFiles.fetch(vmm);
        List<String> versions = new ArrayList<>(List.of("guest: " + guest.version() + ", " + Monitor.MEMORY,
                binaries.version()));
        if (qemu.isPresent()) {
            versions.add(qemu.get().run(Duration.ofSeconds(20), "--version").lines().findFirst().orElse("?"));
        }
        HostDescription host = HostDescription.here(home, path, versions);
        Optional<Double> load = HostDescription.load();
        load.filter(value -> value > BUSY).ifPresent(value -> System.err.println(
                "vmm bench: this machine is busy (load " + value + "): do not believe the figures"));

        int times = runs != null ? runs : quick ? 1 : 3;
        int work = rounds != null ? rounds : quick ? QUICK_ROUNDS : ROUNDS;
        Campaign campaign = new Campaign(new Laboratory(guest, binaries, Duration.ofSeconds(limit)),
                new Monitor.Vmm(vmm.program(), Optional.ofNullable(mode), Map.of()),
                qemu.map(tool -> new Monitor.Qemu(tool.program(), guest)), cache, times, work, System.err::println);
        List<String> setting = List.of("medians of " + times + ", " + work + " rounds" + (mode == null ? "" : ", mode " + mode)
                + load.map(value -> ", load before it began " + value).orElse(""));
        Path file = out != null ? out : home.resolve("target/bench")
                .resolve(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").format(LocalDateTime.now()) + ".md");
        Report report = campaign.measure(chosen, host, setting, sofar -> write(file, sofar.toString()));
        write(file, report.toString());
        screen.print(report);
        System.err.println("vmm bench: written to " + file);
        if (!report.failures().isEmpty()) {
            System.err.println("vmm bench: FAILED: " + String.join("\n  ", report.failures().stream()
                    .map(text -> text.lines().findFirst().orElse("").replaceFirst("; it printed:$|:$", "")).toList()));
            return CommandLine.ExitCode.SOFTWARE;
        }
        return CommandLine.ExitCode.OK;
    }

    private static void write(Path file, String text) {
        try {
            Path folder = file.toAbsolutePath().getParent();
            Files.createDirectories(folder);
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new BenchException("cannot write " + file + ": " + e.getMessage(), e);
        }
    }

    /** Where the guests are kept as well (README, Guests). */
    static Path cache(Map<String, String> environment) {
        return given(environment, "VMM_CACHE").map(Path::of)
                .or(() -> given(environment, "XDG_CACHE_HOME").map(folder -> Path.of(folder, "vmm")))
                .orElseGet(() -> Path.of(given(environment, "HOME").orElse(System.getProperty("user.home")), ".cache", "vmm"))
                .toAbsolutePath();
    }

    private static Optional<String> given(Map<String, String> environment, String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
    }
}
