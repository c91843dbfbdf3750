package org.vm.shell.internal.plugins;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The lines of a disk's configuration file that say where its data is. All else in a file is people's; but a disk that has
 * moved to other storage while the guest used it must be found there the next time.
 *
 * @param modified when the file was read
 * @param settings as the file has them
 */
record StorageLines(File file, long modified, Map<String, Object> settings) {
    private static final List<String> KEYS = List.of("file", "ram", "size");

    StorageLines {
        settings = Map.copyOf(settings);
    }

    /** Writes those that have changed into the file, unless somebody has changed it since it was read. */
    void follow(Map<String, String> now) throws IOException {
        List<String> changed = KEYS.stream()
                .filter(key -> !now.getOrDefault(key, "").equals(String.valueOf(settings.getOrDefault(key, "")))).toList();
        if (changed.isEmpty() || file.lastModified() != modified) {
            return;
        }
        List<String> lines = new ArrayList<>();
        for (String line : Files.readAllLines(file.toPath())) {
            if (changed.stream().noneMatch(key -> line.matches("\\s*" + key + "\\s*[=:].*"))) {
                lines.add(line);
            }
        }
        for (String key : changed) {
            if (now.containsKey(key)) {
                lines.add(key + "=" + now.get(key).replace("\\", "\\\\"));
            }
        }
        Files.write(file.toPath(), lines);
    }
}
