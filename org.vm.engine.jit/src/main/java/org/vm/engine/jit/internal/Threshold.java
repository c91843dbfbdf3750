package org.vm.engine.jit.internal;

import java.util.function.IntSupplier;

/**
 * Entries of a block after which it is translated. A fixed one stays as it is. An adaptive one rises with the compiler's
 * queue: what gets there late had better be what runs most, and the interpreter finds out while the compiler is busy.
 *
 * @param base    as configured
 * @param waiting tasks of the compiler that wait
 */
record Threshold(int base, boolean adaptive, IntSupplier waiting) {
    /** So many waiting tasks double the threshold. */
    static final int DOUBLING = 32;
    private static final int MAX_DOUBLINGS = 4;

    static Threshold fixed(int base) {
        return new Threshold(base, false, () -> 0);
    }

    int entries() {
        return adaptive ? base << Math.min(waiting.getAsInt() / DOUBLING, MAX_DOUBLINGS) : base;
    }
}
