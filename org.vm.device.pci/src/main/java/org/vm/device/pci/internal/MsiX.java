package org.vm.device.pci.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.vm.api.DeviceException;
import org.vm.api.pci.PciRegisters;
import org.vm.api.state.DeviceState;

/**
 * MSI-X capability with its table and pending bits in one BAR (PCI Express Base Specification 5.0, section 7.7.2).
 *
 * <pre>
 * table entry  { le64 message address; le32 message data; le32 vector control: bit 0 mask }   16 bytes a vector
 * pending bits { le64, a bit a vector }
 * </pre>
 */
final class MsiX implements PciRegisters {
    private static final String KIND = "org.vm.device.pci.msix";
    private static final int ID = 0x11;
    private static final int LENGTH = 12;
    private static final Field MESSAGE_CONTROL = new Field(0x02, 2); // RW
    private static final Field TABLE = new Field(0x04, 4); // R
    private static final Field PENDING = new Field(0x08, 4); // R
    private static final int ENABLE = 1 << 15;
    private static final int FUNCTION_MASK = 1 << 14;
    private static final int ENTRY = 16;
    private static final int DATA = 8;
    private static final int VECTOR_CONTROL = 12;
    private static final int MASK = 1;

    private final ConfigSpace config;
    private final Field control;
    private final long[] address;
    private final int[] data;
    private final int[] vectorControl;
    private final long[] pending;
    private final int pendingAt;
    private final Runnable unmasked;

    /**
     * @param bar      number of the BAR that this is behind
     * @param unmasked called after a table entry was written, outside of the lock: a pending message may go
     */
    MsiX(ConfigSpace config, int vectors, int bar, Runnable unmasked) {
        this.config = config;
        this.unmasked = unmasked;
        address = new long[vectors];
        data = new int[vectors];
        vectorControl = new int[vectors];
        pending = new long[(vectors + 63) / 64];
        // Half a page, so that small tables and their bits share one.
        pendingAt = Math.max(0x800, Integer.highestOneBit(vectors * ENTRY * 2 - 1));
        int at = config.capability(ID, LENGTH);
        control = MESSAGE_CONTROL.at(at);
        config.define(control, vectors - 1, ENABLE | FUNCTION_MASK, 0).define(TABLE.at(at), bar)
                .define(PENDING.at(at), pendingAt | bar);
        reset();
    }

    Field control() {
        return control;
    }

    boolean enabled() {
        return (config.get(control) & ENABLE) != 0;
    }

    synchronized void reset() {
        Arrays.fill(address, 0);
        Arrays.fill(data, 0);
        Arrays.fill(vectorControl, MASK);
        Arrays.fill(pending, 0);
    }

    synchronized DeviceState capture() {
        ByteBuffer bytes = ByteBuffer.allocate(ENTRY * address.length + Long.BYTES * pending.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int vector = 0; vector < address.length; vector++) {
            bytes.putLong(address[vector]).putInt(data[vector]).putInt(vectorControl[vector]);
        }
        for (long bits : pending) {
            bytes.putLong(bits);
        }
        return DeviceState.of(KIND, 1).number("vectors", address.length).bytes("table", bytes.array()).build();
    }

    synchronized void restore(DeviceState state) {
        ByteBuffer bytes = ByteBuffer.wrap(state.bytes("table", new byte[0])).order(ByteOrder.LITTLE_ENDIAN);
        if (state.number("vectors", 0) != address.length || bytes.remaining() != ENTRY * address.length + Long.BYTES * pending.length) {
            throw new DeviceException("there are %d MSI-X vectors, and software has seen %d"
                    .formatted(address.length, state.number("vectors", 0)));
        }
        for (int vector = 0; vector < address.length; vector++) {
            address[vector] = bytes.getLong() & ~3;
            data[vector] = bytes.getInt();
            vectorControl[vector] = bytes.getInt() & MASK;
        }
        for (int word = 0; word < pending.length; word++) {
            pending[word] = bytes.getLong();
        }
    }

    synchronized void send(int vector, Messages messages) {
        if (vector < 0 || vector >= address.length) {
            return;
        }
        if ((config.get(control) & FUNCTION_MASK) != 0 || (vectorControl[vector] & MASK) != 0) {
            pending[vector / 64] |= 1L << vector;
        } else {
            messages.send(address[vector], data[vector]);
        }
    }

    /** Sends what has waited to be unmasked. */
    synchronized void flush(Messages messages) {
        for (int word = 0; word < pending.length; word++) {
            long waiting = pending[word];
            pending[word] = 0;
            for (; waiting != 0; waiting &= waiting - 1) {
                send(word * 64 + Long.numberOfTrailingZeros(waiting), messages);
            }
        }
    }

    @Override
    public long size() {
        return pendingAt + Math.max(0x800, 8L * pending.length);
    }

    @Override
    public synchronized long read(long offset, int width) {
        if (width < 4 || (offset & width - 1) != 0) {
            return 0;
        }
        long low = Integer.toUnsignedLong(register((int) offset));
        return width == 4 ? low : low | (long) register((int) offset + 4) << 32;
    }

    private int register(int offset) {
        int vector = offset / ENTRY;
        if (vector < address.length) {
            return switch (offset % ENTRY) {
                case 0 -> (int) address[vector];
                case 4 -> (int) (address[vector] >>> 32);
                case DATA -> data[vector];
                default -> vectorControl[vector];
            };
        }
        int word = (offset - pendingAt) / 8;
        return offset >= pendingAt && word < pending.length ? (int) (pending[word] >>> 8 * (offset & 4)) : 0;
    }

    @Override
    public void write(long offset, int width, long value) {
        if (width < 4 || (offset & width - 1) != 0) {
            return;
        }
        synchronized (this) {
            register((int) offset, (int) value);
            if (width == 8) {
                register((int) offset + 4, (int) (value >>> 32));
            }
        }
        unmasked.run();
    }

    private void register(int offset, int value) {
        int vector = offset / ENTRY;
        if (vector >= address.length) {
            return;
        }
        switch (offset % ENTRY) {
            case 0 -> address[vector] = address[vector] & ~0xffff_ffffL | Integer.toUnsignedLong(value & ~3);
            case 4 -> address[vector] = address[vector] & 0xffff_ffffL | (long) value << 32;
            case DATA -> data[vector] = value;
            case VECTOR_CONTROL -> vectorControl[vector] = value & MASK;
            default -> { }
        }
    }
}
