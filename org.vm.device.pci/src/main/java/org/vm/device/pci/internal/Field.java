package org.vm.device.pci.internal;

/** A register of configuration space: where it is, from the start of what it belongs to, and how many bytes it has. */
record Field(int offset, int width) {
    /** The field in a capability that begins at {@code base}. */
    Field at(int base) {
        return new Field(base + offset, width);
    }

    int end() {
        return offset + width;
    }

    long mask() {
        return width == 8 ? -1 : (1L << 8 * width) - 1;
    }
}
