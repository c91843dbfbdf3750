package org.vm.kit;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Keeps what is in a {@code plugins/} folder, which running monitors watch, the same as a project. Files appear there whole;
 * what does not compile does not get there, and the version before it stays.
 */
final class DevLoop {
    /** Looking is cheap, and works alike on all systems. */
    private static final long LOOK_MILLIS = 100;

    private final Plugin plugin;
    private final Path plugins;
    private final PrintStream out;
    private final Set<Path> put = new LinkedHashSet<>();
    private Map<Path, Plugin.Stamp> seen = Map.of();

    DevLoop(Plugin plugin, Path plugins, PrintStream out) {
        this.plugin = plugin;
        this.plugins = plugins;
        this.out = out;
    }

    /** Until the process ends. */
    void run() throws IOException, InterruptedException {
        while (true) {
            look();
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
    }

    /** A turn if something was saved since the last one. @return whether there was one */
    boolean look() throws IOException {
        Map<Path, Plugin.Stamp> now;
        try {
            now = plugin.stamps();
        } catch (NoSuchFileException | UncheckedIOException beingSaved) {
            // Editors replace files; the next look sees what is there then.
            return false;
        }
        if (now.equals(seen)) {
            return false;
        }
        seen = now;
        turn();
        return true;
    }

    /** Compiles, and puts the plugin where monitors find it. @return whether it is there now as it is in the project */
    boolean turn() throws IOException {
        long began = System.nanoTime();
        Path jar = Files.createTempFile("vmm-", ".jar");
        try {
            List<String> wrong = plugin.build(jar);
            if (!wrong.isEmpty()) {
                wrong.forEach(out::println);
                out.println(plugin.name() + ": " + (put.isEmpty() ? "not compiled" : "the version before this one stays"));
                return false;
            }
            Set<Path> former = new LinkedHashSet<>(put);
            put(jar, plugin.name() + ".jar");
            former.remove(plugins.resolve(plugin.name() + ".jar"));
            for (Path configuration : plugin.configurations()) {
                put(configuration, configuration.getFileName().toString());
                former.remove(plugins.resolve(configuration.getFileName()));
            }
            for (Path gone : former) {
                Files.deleteIfExists(gone);
                put.remove(gone);
            }
            out.println(plugin.name() + ": in " + plugins.getFileName() + "/ after "
                    + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began) + " ms");
            return true;
        } finally {
            Files.deleteIfExists(jar);
        }
    }

    /** The file appears with all that is in it, or not at all; one that is the same already is not touched. */
    private void put(Path file, String name) throws IOException {
        Path target = plugins.resolve(name);
        put.add(target);
        if (Files.exists(target) && Files.mismatch(file, target) < 0) {
            return;
        }
        // Beside the watched folder: the same file system, and nobody looks there.
        Path whole = plugins.resolveSibling("." + name + ".new");
        Files.copy(file, whole, StandardCopyOption.REPLACE_EXISTING);
        Files.move(whole, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Takes away all that was put there. */
    void takeAway() {
        for (Path file : put) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                out.println(file + " could not be taken away: " + e.getMessage());
            }
        }
    }
}
