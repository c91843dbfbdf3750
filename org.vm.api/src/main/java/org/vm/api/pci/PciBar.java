package org.vm.api.pci;

import java.util.Objects;

/**
 * A range of registers that the guest places where it wants by a base address register. What is mapped is their size
 * rounded up to a power of two, 4 KiB at least ({@link Kind#IO}: 4 bytes); beyond the registers it reads zero.
 *
 * @param number 0 to 5; a 64-bit one takes the next number, too
 */
public record PciBar(int number, Kind kind, PciRegisters registers) {
    /** Where a BAR may be placed; {@code PREFETCHABLE} is 64-bit memory whose reads have no effect. */
    public enum Kind { IO, MEMORY, MEMORY_64, PREFETCHABLE }

    public PciBar {
        Objects.requireNonNull(registers, "registers");
        if (number < 0 || number > (kind == Kind.MEMORY_64 || kind == Kind.PREFETCHABLE ? 4 : 5)) {
            throw new IllegalArgumentException("a function has no " + kind + " BAR " + number);
        }
        if (registers.size() <= 0 || registers.size() > (kind == Kind.IO ? 256 : 1L << 36)) {
            throw new IllegalArgumentException("BAR " + number + " cannot hold " + registers.size() + " bytes of " + kind);
        }
    }

    /** Whether it takes two numbers. */
    public boolean wide() {
        return kind == Kind.MEMORY_64 || kind == Kind.PREFETCHABLE;
    }
}
