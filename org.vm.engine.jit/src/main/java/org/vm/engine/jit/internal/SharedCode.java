package org.vm.engine.jit.internal;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The translated code of one machine, for all its CPUs. Any thread. */
final class SharedCode {
    /** Where a translation begins, and what the bytes there mean. */
    record Key(long pc, long physical, int context) {}

    /** A region and what has become of it. */
    static final class Entry {
        enum State {
            /** The compiler works on it. */
            WAITING,
            /** It is run for a while as it is, so that HotSpot learns which way its branches go. */
            PROFILING,
            /** It is compiled. */
            READY,
            /** It cannot be translated. */
            FAILED
        }

        final Region region;
        volatile RegionCode code;
        volatile State state = State.WAITING;
        /** How often it was asked for while it waited. */
        volatile int asked;
        /** Instructions left to be profiled. */
        int unprofiled = PROFILED_INSTRUCTIONS;

        Entry(Region region) {
            this.region = region;
        }
    }

    private static final int PROFILED_INSTRUCTIONS = 3000;

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
