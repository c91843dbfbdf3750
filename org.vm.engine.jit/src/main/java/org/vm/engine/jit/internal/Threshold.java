package org.vm.engine.jit.internal;

import java.util.function.IntSupplier;

/**
 * When a block is translated. A fixed threshold is a number of entries. Otherwise it is a number of instructions that the
 * block has run, for those are what the interpreter spent time on: the blocks of a compression loop are long, those of a
 * booting kernel short. An adaptive one rises with the compiler's queue: what gets there late had better be what runs most,
 * and the interpreter finds out while the compiler is busy.
 *
 * @param base    as configured: entries if {@code fixed}, else instructions
 * @param waiting tasks of the compiler that wait
 */
record Threshold(int base, boolean fixed, boolean adaptive, IntSupplier waiting) {
    /** So many waiting tasks double the threshold. */
    static final int DOUBLING = 32;
    private static final int MAX_DOUBLINGS = 4;

    /** Exactly so many entries. */
    static Threshold fixed(int entries) {
        return new Threshold(entries, true, false, () -> 0);
    }

    /** So many instructions, or more while tasks wait. */
    static Threshold instructions(int instructions, boolean adaptive, IntSupplier waiting) {
        return new Threshold(instructions, false, adaptive, waiting);
    }

    /** As it is at present, in the unit in which it is configured. */
    int now() {
        return adaptive ? (int) Math.min((long) base << Math.min(waiting.getAsInt() / DOUBLING, MAX_DOUBLINGS),
                Integer.MAX_VALUE) : base;
    }

    /** Entries of a block of so many instructions. */
    int entries(int instructions) {
        return fixed ? base : Math.max(now() / instructions, 1);
    }
}
