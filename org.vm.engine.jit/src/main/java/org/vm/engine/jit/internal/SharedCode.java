package org.vm.engine.jit.internal;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The translated code of one machine, for all its CPUs. Any thread. */
final class SharedCode {
    /** Where a translation begins, and what the bytes there mean. */
    record Key(long pc, long physical, int context) {}

    /** A region and its code; {@code code} is {@code null} while it is being translated, or if it cannot be. */
    static final class Entry {
        final Region region;
        volatile RegionCode code;
        volatile boolean failed;

        Entry(Region region) {
            this.region = region;
        }
    }

    final MemorySegment memory;
    private final Map<Key, Entry> entries = new ConcurrentHashMap<>();
    /** CPUs that use it; guarded by the engine. */
    int users;

    SharedCode(MemorySegment memory) {
        this.memory = memory;
    }

    Entry find(Key key) {
        return entries.get(key);
    }

    void add(Key key, Entry entry) {
        entries.put(key, entry);
    }

    void remove(Key key, Entry entry) {
        entries.remove(key, entry);
    }

    void clear() {
        entries.clear();
    }

    int size() {
        return entries.size();
    }
}
