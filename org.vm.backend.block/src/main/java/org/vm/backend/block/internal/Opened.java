package org.vm.backend.block.internal;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.vm.api.backend.BlockBackend;

/**
 * Storage, and the settings of a disk's configuration that name it.
 *
 * @param settings all of {@link #KEYS}; an empty text: not set
 */
record Opened(BlockBackend storage, Map<String, String> settings) {
    private static final List<String> KEYS = List.of("file", "ram", "size");

    static Opened of(BlockBackend storage, Map<String, ?> properties) {
        Map<String, String> settings = new LinkedHashMap<>();
        KEYS.forEach(key -> settings.put(key, LocalStorage.text(properties, key)));
        return new Opened(storage, settings);
    }

    /** Whether a disk's configuration means this storage. */
    boolean isNamedBy(Map<String, ?> properties) {
        return settings.entrySet().stream().allMatch(e -> LocalStorage.text(properties, e.getKey()).equals(e.getValue()));
    }
}
