package org.vm.device.virtio.internal;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.vm.api.memory.GuestMemory;

/** How rings lie in guest memory: little-endian, at places that are checked once. */
final class RingMemory {
    static final ValueLayout.OfLong LE64 = JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    /** Indirect tables need no alignment. */
    static final ValueLayout.OfLong LE64_ANY = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt LE32 = JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort LE16 = JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final VarHandle WORD = LE16.varHandle();
    static final VarHandle LONG = LE64.varHandle();

    static final int DESCRIPTOR = 16;
    static final int NEXT = 1;
    static final int WRITE = 2;
    static final int INDIRECT = 4;

    private RingMemory() {}

    /**
     * Offset of a part of a ring in the memory's segment.
     *
     * @throws RingException if it is not aligned or not in RAM
     */
    static long place(GuestMemory memory, String what, long address, long bytes, int alignment) {
        long offset = memory.writableOffset(address, bytes);
        if (offset < 0 || (address & alignment - 1) != 0 || (offset & alignment - 1) != 0) {
            throw new RingException("the " + what + " at 0x" + Long.toHexString(address) + " (" + bytes
                    + " bytes) is not in RAM or not aligned to " + alignment);
        }
        return offset;
    }

    /**
     * Offset of an indirect table.
     *
     * @throws RingException if it cannot be one for a queue of {@code size}
     */
    static long table(GuestMemory memory, long address, long length, int size) {
        if (length == 0 || length % DESCRIPTOR != 0 || length / DESCRIPTOR > size) {
            throw new RingException("an indirect table of " + length + " bytes in a queue of " + size);
        }
        long offset = memory.writableOffset(address, length);
        if (offset < 0) {
            throw new RingException("an indirect table outside RAM, at 0x" + Long.toHexString(address));
        }
        return offset;
    }
}
