package org.vm.device.riscv.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.vm.api.DeviceException;
import org.vm.api.state.DeviceState;

/**
 * Arrays of registers as fields of a {@link DeviceState}: little-endian, one after the other. A field that is shorter than the
 * array leaves the rest of it as it is; what it has beyond the array's end is ignored.
 */
final class SavedRegisters {
    private SavedRegisters() {}

    /** @throws DeviceException if the state is that of another kind of device */
    static void require(DeviceState state, String kind, String device) {
        if (!state.kind().equals(kind)) {
            throw new DeviceException("device '%s' cannot take the state of '%s'; it takes that of '%s'"
                    .formatted(device, state.kind(), kind));
        }
    }

    static byte[] of(long... registers) {
        ByteBuffer buffer = ByteBuffer.allocate(registers.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asLongBuffer().put(registers);
        return buffer.array();
    }

    static byte[] of(int... registers) {
        ByteBuffer buffer = ByteBuffer.allocate(registers.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asIntBuffer().put(registers);
        return buffer.array();
    }

    /** A byte each. */
    static byte[] of(boolean... registers) {
        byte[] bytes = new byte[registers.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (registers[i] ? 1 : 0);
        }
        return bytes;
    }

    private static ByteBuffer field(DeviceState state, String name) {
        return ByteBuffer.wrap(state.bytes(name, new byte[0])).order(ByteOrder.LITTLE_ENDIAN);
    }

    static void restore(DeviceState state, String name, long[] registers) {
        ByteBuffer field = field(state, name);
        for (int i = 0; i < registers.length && field.remaining() >= Long.BYTES; i++) {
            registers[i] = field.getLong();
        }
    }

    static void restore(DeviceState state, String name, int[] registers) {
        restore(state, name, registers, -1);
    }

    /** @param bits that such a register has */
    static void restore(DeviceState state, String name, int[] registers, int bits) {
        ByteBuffer field = field(state, name);
        for (int i = 0; i < registers.length && field.remaining() >= Integer.BYTES; i++) {
            registers[i] = field.getInt() & bits;
        }
    }

    static void restore(DeviceState state, String name, boolean[] registers) {
        ByteBuffer field = field(state, name);
        for (int i = 0; i < registers.length && field.hasRemaining(); i++) {
            registers[i] = field.get() != 0;
        }
    }
}
