package org.vm.device.pci.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import org.vm.api.DeviceException;
import org.vm.api.pci.PciRegisters;
import org.vm.api.state.DeviceState;

/**
 * The 4 KiB of a function's configuration space: bytes with masks that say which bits software writes and which it
 * clears by writing 1. All is defined before the function can be seen; after that any thread. What follows from a write
 * is done by listeners, outside of the lock.
 */
final class ConfigSpace {
    static final int SIZE = 4096;
    private static final String KIND = "org.vm.device.pci.config";
    /** Where the list of capabilities starts, and where the part that is a bus's own ends. */
    private static final int FIRST_CAPABILITY = 0x40;
    private static final int CAPABILITIES_END = 0x100;

    private record Listener(Field field, LongConsumer action) {}

    private record Delegate(int offset, PciRegisters registers) {
        boolean covers(int from, int width) {
            return from >= offset && from + width <= offset + registers.size();
        }
    }

    private final byte[] initial = new byte[SIZE];
    private final byte[] values = new byte[SIZE];
    private final byte[] writable = new byte[SIZE];
    private final byte[] clearable = new byte[SIZE];
    private final List<Listener> listeners = new ArrayList<>();
    private final List<Delegate> delegates = new ArrayList<>();
    private int pointer = Header.CAPABILITIES_POINTER.offset();
    private int free = FIRST_CAPABILITY;

    /** A field that software only reads. */
    ConfigSpace define(Field field, long value) {
        return define(field, value, 0, 0);
    }

    /**
     * @param value     after reset
     * @param writes    bits that software writes
     * @param clears    bits that software clears by writing 1
     */
    ConfigSpace define(Field field, long value, long writes, long clears) {
        put(initial, field, value);
        put(values, field, value);
        put(writable, field, writes);
        put(clearable, field, clears);
        return this;
    }

    /** Adds a capability to the list. @return where it begins */
    int capability(int id, int length) {
        int at = free;
        if (at + length > CAPABILITIES_END) {
            throw new DeviceException("capability 0x%x does not fit: %d bytes at 0x%x of configuration space"
                    .formatted(id, length, at));
        }
        define(new Field(pointer, 1), at);
        define(new Field(at, 1), id);
        pointer = at + 1;
        free = at + length + 3 & ~3;
        return at;
    }

    /** Leaves a range to registers of the function's own. */
    void delegate(int offset, PciRegisters registers) {
        delegates.add(new Delegate(offset, registers));
    }

    /** Calls {@code action} after each write by software that touches the field, with the bits that were written there. */
    void onWrite(Field field, LongConsumer action) {
        listeners.add(new Listener(field, action));
    }

    synchronized long get(Field field) {
        return get(values, field.offset(), field.width());
    }

    /** Sets the masked bits, from the function's side. */
    synchronized void set(Field field, long mask, long value) {
        put(values, field, get(field) & ~mask | value & mask);
    }

    /** Sets or clears bits, from the function's side. */
    void set(Field field, long bits, boolean on) {
        set(field, bits, on ? bits : 0);
    }

    synchronized DeviceState capture() {
        return DeviceState.of(KIND, 1).bytes("initial", initial).bytes("values", values).build();
    }

    /** @throws DeviceException if registers are not where software has found them */
    synchronized void restore(DeviceState state) {
        int differs = Arrays.mismatch(initial, state.bytes("initial", initial));
        if (differs >= 0) {
            throw new DeviceException("configuration space differs at 0x%x from the one that software has seen".formatted(differs));
        }
        byte[] saved = state.bytes("values", initial);
        System.arraycopy(saved, 0, values, 0, Math.min(saved.length, SIZE));
    }

    synchronized void reset() {
        System.arraycopy(initial, 0, values, 0, SIZE);
    }

    /** An access by software, 1, 2 or 4 bytes and aligned. */
    long read(int offset, int width) {
        for (Delegate each : delegates) {
            if (each.covers(offset, width)) {
                return each.registers.read(offset - each.offset, width);
            }
        }
        if (width > 1 && touchesDelegate(offset, width)) {
            return read(offset, width / 2) | read(offset + width / 2, width / 2) << 4 * width;
        }
        synchronized (this) {
            return get(values, offset, width);
        }
    }

    void write(int offset, int width, long value) {
        for (Delegate each : delegates) {
            if (each.covers(offset, width)) {
                each.registers.write(offset - each.offset, width, value);
                return;
            }
        }
        if (width > 1 && touchesDelegate(offset, width)) {
            write(offset, width / 2, value & (1L << 4 * width) - 1);
            write(offset + width / 2, width / 2, value >>> 4 * width);
            return;
        }
        synchronized (this) {
            for (int i = 0; i < width; i++) {
                int at = offset + i;
                int written = (int) (value >>> 8 * i);
                values[at] = (byte) ((values[at] & ~writable[at] | written & writable[at]) & ~(written & clearable[at]));
            }
        }
        for (Listener each : listeners) {
            Field field = each.field;
            if (offset < field.end() && field.offset() < offset + width) {
                int shift = 8 * (offset - field.offset());
                each.action.accept((shift >= 0 ? value << shift : value >>> -shift) & field.mask());
            }
        }
    }

    private boolean touchesDelegate(int offset, int width) {
        for (Delegate each : delegates) {
            if (offset < each.offset + each.registers.size() && each.offset < offset + width) {
                return true;
            }
        }
        return false;
    }

    private static long get(byte[] bytes, int offset, int width) {
        long value = 0;
        for (int i = width - 1; i >= 0; i--) {
            value = value << 8 | bytes[offset + i] & 0xff;
        }
        return value;
    }

    private static void put(byte[] bytes, Field field, long value) {
        for (int i = 0; i < field.width(); i++) {
            bytes[field.offset() + i] = (byte) (value >>> 8 * i);
        }
    }
}
