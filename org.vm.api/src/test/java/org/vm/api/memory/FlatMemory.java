package org.vm.api.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** RAM at 0x1000, filled with the low bytes of its offsets. */
final class FlatMemory implements GuestMemory {
    static final long BASE = 0x1000;
    static final int SIZE = 0x1000;

    private final MemorySegment segment = Arena.ofAuto().allocate(SIZE, 8);

    FlatMemory() {
        for (int i = 0; i < SIZE; i++) {
            segment.set(java.lang.foreign.ValueLayout.JAVA_BYTE, i, (byte) i);
        }
    }

    @Override
    public List<Region> regions() {
        return List.of(new Region("ram", BASE, SIZE, 0, true));
    }

    @Override
    public MemorySegment segment() {
        return segment;
    }

    @Override
    public long offset(long address, long length) {
        long at = address - BASE;
        return at >= 0 && at <= SIZE && length >= 0 && length <= SIZE - at ? at : -1;
    }

    @Override
    public long writableOffset(long address, long length) {
        return offset(address, length);
    }

    @Override
    public void close() {
        // Nothing to free.
    }
}
