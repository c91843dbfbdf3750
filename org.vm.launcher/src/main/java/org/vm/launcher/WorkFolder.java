package org.vm.launcher;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Scratch space of one process, so that several run at the same time: the framework's cache and a log. The folder goes
 * when the process ends; one that a killed process left goes at the next start. Logs stay, the newest of them.
 */
final class WorkFolder implements Closeable {
    private static final int LOGS_KEPT = 20;

    private final Path folder;
    private final Path log;

    private WorkFolder(Path folder, Path log) {
        this.folder = folder;
        this.log = log;
    }

    /** {@code VMM_WORK}, or {@code vmm} in the user's folder for caches (XDG base directory specification). */
    static Path base(Map<String, String> environment) {
        String work = environment.get("VMM_WORK");
        if (work != null && !work.isBlank()) {
            return Path.of(work).toAbsolutePath();
        }
        String cache = environment.get("XDG_CACHE_HOME");
        return cache != null && !cache.isBlank() ? Path.of(cache, "vmm")
                : Path.of(System.getProperty("user.home"), ".cache", "vmm");
    }

    static WorkFolder create(Path base) throws IOException {
        Path run = base.resolve("run");
        Path logs = base.resolve("log");
        Files.createDirectories(run);
        Files.createDirectories(logs);
        removeLeftOvers(run);
        removeOldLogs(logs);
        Path folder = Files.createTempDirectory(run, ProcessHandle.current().pid() + "-");
        return new WorkFolder(folder, logs.resolve("vmm-" + folder.getFileName() + ".log"));
    }

    Path folder() {
        return folder;
    }

    Path log() {
        return log;
    }

    private static void removeLeftOvers(Path run) throws IOException {
        for (Path left : list(run)) {
            String name = left.getFileName().toString();
            if (name.matches("[0-9]+-.*")
                    && ProcessHandle.of(Long.parseLong(name.substring(0, name.indexOf('-')))).isEmpty()) {
                delete(left);
            }
        }
    }

    private static void removeOldLogs(Path logs) throws IOException {
        List<Path> all = list(logs).stream().sorted(Comparator.comparingLong(WorkFolder::modified).reversed()).toList();
        for (Path old : all.subList(Math.min(LOGS_KEPT, all.size()), all.size())) {
            Files.deleteIfExists(old);
        }
    }

    private static long modified(Path file) {
        return file.toFile().lastModified();
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.toList();
        }
    }

    /** Another process may be removing the same left-over; what is gone already is fine. */
    private static void delete(Path tree) throws IOException {
        if (Files.isDirectory(tree, LinkOption.NOFOLLOW_LINKS)) {
            try (Stream<Path> entries = Files.list(tree)) {
                for (Path entry : entries.toList()) {
                    delete(entry);
                }
            } catch (NoSuchFileException gone) {
                return;
            }
        }
        Files.deleteIfExists(tree);
    }

    /** Removes the folder; done by whoever comes first, the program's end or a signal. */
    @Override public synchronized void close() throws IOException {
        delete(folder);
        if (Files.exists(log) && Files.size(log) == 0) {
            Files.deleteIfExists(log);
        }
    }
}
