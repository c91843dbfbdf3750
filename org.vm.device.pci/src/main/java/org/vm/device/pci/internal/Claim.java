package org.vm.device.pci.internal;

import org.vm.api.pci.PciRegisters;

/**
 * PCI addresses {@code base} to {@code base + size - 1} that a BAR answers to.
 *
 * @param gone its function was pulled; nothing reaches it any more
 */
record Claim(Bar bar, boolean io, long base, long size, boolean gone) {
    /** The same, of a function that was pulled. */
    Claim pulled() {
        return new Claim(bar, io, base, size, true);
    }

    boolean overlaps(Claim other) {
        return base - other.base < other.size && other.base - base < size;
    }

    long read(long offset, int width) {
        PciRegisters registers = bar.registers();
        return gone ? registers.gone(width) : offset <= registers.size() - width ? registers.read(offset, width) : 0;
    }

    void write(long offset, int width, long value) {
        PciRegisters registers = bar.registers();
        if (!gone && offset <= registers.size() - width) {
            registers.write(offset, width, value);
        }
    }
}
