package org.vm.engine.jit.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** How generated code reads and writes guest memory. An access that hits in the TLB is aligned, so it is not torn. */
public final class Accesses {
    public static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    public static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    static {
        // A layout makes its handle when it is first used; compiled code takes it for a constant from then on.
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(Long.BYTES);
            memory.set(BYTE, 0, memory.get(BYTE, 0));
            memory.set(SHORT, 0, memory.get(SHORT, 0));
            memory.set(INT, 0, memory.get(INT, 0));
            memory.set(LONG, 0, memory.get(LONG, 0));
        }
    }

    private Accesses() {}
}
