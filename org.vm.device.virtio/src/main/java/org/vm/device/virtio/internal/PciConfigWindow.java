package org.vm.device.virtio.internal;

import org.vm.api.pci.PciRegisters;
import org.vm.api.state.DeviceState;

/**
 * Access to a BAR through configuration space, for software that cannot map it (VirtIO 1.2, section 4.1.4.9): the driver
 * writes which bytes it wants, and then reads or writes {@code pci_cfg_data}.
 *
 * <pre>
 * struct virtio_pci_cfg_cap { u8 cap_vndr, cap_next, cap_len, cfg_type, bar, id, padding[2]; le32 offset, length;
 *                             u8 pci_cfg_data[4]; }
 * </pre>
 */
final class PciConfigWindow implements PciRegisters {
    private static final int PCI_CFG = 5;
    private static final int LENGTH_OF_ALL = 20;
    // Offsets after cap_next
    private static final int CAP_LEN = 0;
    private static final int CFG_TYPE = 1;
    private static final int WHICH_BAR = 2;
    private static final int OFFSET = 6;
    private static final int LENGTH = 10;
    private static final int DATA = 14;

    private final int number;
    private final PciRegisters registers;
    private volatile int bar;
    private volatile int offset;
    private volatile int length;

    /** @param number of the BAR that {@code registers} are behind */
    PciConfigWindow(int number, PciRegisters registers) {
        this.number = number;
        this.registers = registers;
    }

    void capture(DeviceState.Builder into) {
        into.number("windowBar", bar).number("windowOffset", offset).number("windowLength", length);
    }

    void restore(DeviceState state) {
        bar = (int) state.number("windowBar", 0) & 0xFF;
        offset = (int) state.number("windowOffset", 0);
        length = (int) state.number("windowLength", 0);
    }

    @Override
    public long size() {
        return LENGTH_OF_ALL - 2;
    }

    @Override
    public long read(long at, int width) {
        if (at == DATA) {
            return open(width) ? registers.read(Integer.toUnsignedLong(offset), width) : 0;
        }
        long value = 0;
        for (int i = width - 1; i >= 0; i--) {
            value = value << 8 | register((int) at + i) & 0xFF;
        }
        return value;
    }

    private int register(int at) {
        return switch (at) {
            case CAP_LEN -> LENGTH_OF_ALL;
            case CFG_TYPE -> PCI_CFG;
            case WHICH_BAR -> bar;
            case OFFSET, OFFSET + 1, OFFSET + 2, OFFSET + 3 -> offset >>> 8 * (at - OFFSET);
            case LENGTH, LENGTH + 1, LENGTH + 2, LENGTH + 3 -> length >>> 8 * (at - LENGTH);
            default -> 0;
        };
    }

    @Override
    public void write(long at, int width, long value) {
        switch ((int) at) {
            case WHICH_BAR -> bar = (int) value & 0xFF;
            case OFFSET -> offset = width == 4 ? (int) value : offset;
            case LENGTH -> length = width == 4 ? (int) value : length;
            case DATA -> {
                if (open(width)) {
                    registers.write(Integer.toUnsignedLong(offset), width, value);
                }
            }
            default -> { }
        }
    }

    /** Whether the window shows registers of that width: it has its length, and they are aligned (4.1.4.9.1). */
    private boolean open(int width) {
        long from = Integer.toUnsignedLong(offset);
        return bar == number && length == width && from % width == 0 && from <= registers.size() - width;
    }
}
