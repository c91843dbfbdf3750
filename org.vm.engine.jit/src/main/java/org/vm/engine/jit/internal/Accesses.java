package org.vm.engine.jit.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * How generated code reads and writes guest memory. An access that hits in the TLB is aligned, so it is not torn. Regions
 * call these methods; HotSpot is told to inline them always ({@link HotSpot}), and until it has compiled a region, the
 * region calls them compiled.
 */
public final class Accesses {
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    static {
        // A layout makes its handle when it is first used; compiled code takes it for a constant from then on.
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(Long.BYTES);
            store8(memory, 0, load8(memory, 0));
            store16(memory, 0, load16(memory, 0));
            store32(memory, 0, load32(memory, 0));
            store64(memory, 0, load64(memory, 0));
        }
    }

    private Accesses() {}

    public static byte load8(MemorySegment memory, long offset) {
        return memory.get(BYTE, offset);
    }

    public static void store8(MemorySegment memory, long offset, byte value) {
        memory.set(BYTE, offset, value);
    }

    public static short load16(MemorySegment memory, long offset) {
        return memory.get(SHORT, offset);
    }

    public static void store16(MemorySegment memory, long offset, short value) {
        memory.set(SHORT, offset, value);
    }

    public static int load32(MemorySegment memory, long offset) {
        return memory.get(INT, offset);
    }

    public static void store32(MemorySegment memory, long offset, int value) {
        memory.set(INT, offset, value);
    }

    public static long load64(MemorySegment memory, long offset) {
        return memory.get(LONG, offset);
    }

    public static void store64(MemorySegment memory, long offset, long value) {
        memory.set(LONG, offset, value);
    }
}
