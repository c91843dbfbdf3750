package org.vm.device.pci.internal;

import org.vm.api.pci.PciBar;
import org.vm.api.pci.PciRegisters;

/** A base address register and what is behind it (PCI Express Base Specification 5.0, section 7.5.1.2.1). */
final class Bar {
    private static final int IO = 1;
    private static final int TYPE_64 = 2 << 1;
    private static final int PREFETCHABLE = 1 << 3;
    private static final long SMALLEST = 4096;

    private final ConfigSpace config;
    private final PciBar declared;
    private final long size;
    private final long addressMask;
    private final Field field;

    Bar(ConfigSpace config, PciBar declared) {
        this.config = config;
        this.declared = declared;
        boolean io = declared.kind() == PciBar.Kind.IO;
        size = Math.max(io ? 4 : SMALLEST, Long.highestOneBit(declared.registers().size() * 2 - 1));
        field = new Field(Header.BAR_0.offset() + 4 * declared.number(), declared.wide() ? 8 : 4);
        // Software finds the size by writing all ones: the bits below it are not there.
        addressMask = -size & field.mask();
        config.define(field, switch (declared.kind()) {
            case IO -> IO;
            case MEMORY -> 0;
            case MEMORY_64 -> TYPE_64;
            case PREFETCHABLE -> TYPE_64 | PREFETCHABLE;
        }, addressMask, 0);
    }

    int number() {
        return declared.number();
    }

    Field field() {
        return field;
    }

    PciRegisters registers() {
        return declared.registers();
    }

    /** What it answers to as long as its space is enabled. */
    Claim claim() {
        return new Claim(this, declared.kind() == PciBar.Kind.IO, config.get(field) & addressMask, size, false);
    }
}
