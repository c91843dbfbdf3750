package org.vm.api.irq;

/**
 * What an interrupt controller has for one CPU alone, which the CPU reaches by instructions of its own and not by
 * addresses (RISC-V: an interrupt file of an IMSIC). Register numbers are those of the architecture. Any thread; never
 * blocks.
 */
public interface InterruptFile {
    /** A register; zero if there is none of that number. */
    long read(int register);

    /** Sets and clears bits of a register, in one step; those that cannot be written stay. @return the value before */
    long modify(int register, long set, long clear);

    /** The interrupt that comes first of those that are pending and enabled, or 0. */
    int top();

    /** As {@link #top()}; it is not pending any more. */
    int claim();
}
