package org.vm.engine.interp.internal;

import java.util.Arrays;

/** What a block was made of, and what is known of it beside what running it takes. */
final class BlockCode {
    static final long NONE = -1;
    private static final int MAX_TARGETS = 64;
    static final long[] NOWHERE = {};

    /** The code, for comparison after a {@code fence.i}. */
    final short[] parcels;
    /** For each row, the offset of its instruction in units of 2 bytes; then the offset of the end. */
    final byte[] offsets;
    /** Physical address of the second page of a straddling instruction, or {@link #NONE}. */
    final long secondPage;

    /** For each operation its first row, or {@code null}: one row each. */
    byte[] firstRow;
    /** Instructions in fused operations. */
    int fusedCount;
    /** Number of entries when it was fused. */
    long fusedAt;
    /** Number of entries when something is to be done about it next. */
    long due;
    /** Where it went on, if that is watched; some of them, the first ones. */
    long[] targets = NOWHERE;

    BlockCode(short[] parcels, byte[] offsets, long secondPage) {
        this.parcels = parcels;
        this.offsets = offsets;
        this.secondPage = secondPage;
    }

    /** Instructions that are retired when row {@code row} begins; rows of length 0 retire none. */
    int retiredBefore(int row) {
        int retired = 0;
        for (int i = 0; i < row; i++) {
            if (offsets[i] != offsets[i + 1]) {
                retired++;
            }
        }
        return retired;
    }

    /** Remembers where a calculated jump went. */
    void went(long target) {
        int count = targets.length;
        for (long known : targets) {
            if (known == target) {
                return;
            }
        }
        if (count < MAX_TARGETS) {
            targets = Arrays.copyOf(targets, count + 1);
            targets[count] = target;
        }
    }
}
