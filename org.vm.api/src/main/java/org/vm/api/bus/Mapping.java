package org.vm.api.bus;

import org.vm.api.device.MmioDevice;

/** A device at its place: physical addresses {@code base} to {@code base + size - 1}. */
public record Mapping(long base, long size, MmioDevice device) {
    public long end() {
        return base + size;
    }

    public boolean contains(long address) {
        return address - base >= 0 && address - base < size;
    }
}
