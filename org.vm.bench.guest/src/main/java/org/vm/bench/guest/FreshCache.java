package org.vm.bench.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A cache of our monitor that has the guests and nothing else: what an earlier boot left behind does not help. */
record FreshCache(Path folder) implements AutoCloseable {
    private static final String OWN = "vmm";
    private static final String GUESTS = "guests";

    /** @param cache the user's, where the guests are */
    static FreshCache of(Path cache) {
        try {
            Path folder = Files.createTempDirectory("vmm-bench");
            Files.createSymbolicLink(Files.createDirectory(folder.resolve(OWN)).resolve(GUESTS), cache.resolve(GUESTS));
            return new FreshCache(folder);
        } catch (IOException e) {
            throw new BenchException("cannot make a cache: " + e.getMessage(), e);
        }
    }

    /** What a monitor that uses it is started with. */
    Map<String, String> environment() {
        return Map.of("VMM_CACHE", folder.resolve(OWN).toString(), "XDG_CACHE_HOME", folder.toString());
    }

    /** Deletes it; the guests stay where they are. */
    @Override
    public void close() {
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> inner = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : inner) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new BenchException("cannot delete " + folder + ": " + e.getMessage(), e);
        }
    }
}
