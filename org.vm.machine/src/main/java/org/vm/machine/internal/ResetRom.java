package org.vm.machine.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The few instructions that every hart starts with when firmware runs in the guest: they load the arguments that firmware
 * expects and jump to it. {@code a0} is the hart, {@code a1} the device tree, {@code a2} an OpenSBI "dynamic information"
 * record (OpenSBI docs/firmware/fw_dynamic.md).
 */
record ResetRom(long firmware, long deviceTree, long next) {
    private static final int[] CODE = {
        0x00000297, // auipc t0, 0        t0 = address of this instruction
        0xf1402573, // csrr  a0, mhartid
        0x0202b583, // ld    a1, 32(t0)
        0x02828613, // addi  a2, t0, 40
        0x0182b303, // ld    t1, 24(t0)
        0x00030067, // jr    t1
    };
    /** "OSBI" */
    private static final long MAGIC = 0x4942534f;
    private static final long VERSION = 2;
    private static final long SUPERVISOR = 1;

    /** Writes it at the start of a ROM. */
    void write(MemorySegment rom) {
        ByteBuffer bytes = ByteBuffer.allocate(88).order(ByteOrder.LITTLE_ENDIAN);
        for (int instruction : CODE) {
            bytes.putInt(instruction);
        }
        bytes.putLong(firmware).putLong(deviceTree);
        bytes.putLong(MAGIC).putLong(VERSION).putLong(next).putLong(SUPERVISOR).putLong(0).putLong(0);
        MemorySegment.copy(bytes.array(), 0, rom, ValueLayout.JAVA_BYTE, 0, bytes.position());
    }
}
