package org.vm.engine.interp.internal;

import java.util.Arrays;
import org.vm.api.cpu.Translation;

/**
 * Straight-line code up to a branch, an instruction that ends blocks, the end of the page, or a maximum. An instruction
 * that straddles two pages is a block of its own.
 */
final class Block {
    private static final int MAX_TARGETS = 64;

    /** Key: where the block is, and what its bytes mean. */
    final long pc;
    final long physical;
    final int context;
    /** Physical address of the second page of a straddling instruction, or -1. */
    final long secondPage;
    /** The last row may have changed anything: look up the next block anew. {@link org.vm.api.cpu.Cpu#pc} is valid in it. */
    final boolean stops;
    /** Instructions that it retires. */
    final int count;
    /** The code, for comparison after a {@code fence.i}. */
    final short[] code;
    /** For each row, the offset of its instruction in units of 2 bytes; then the offset of the end. */
    final byte[] offsets;

    Op[] ops;
    /** For each operation its first row, or {@code null}: one row each. */
    byte[] firstRow;
    /** Instructions in fused operations. */
    int fusedCount;

    /** Number of times that it was entered; that when something is to be done about it; and that when it was fused. */
    long entries;
    long nextLook;
    long fusedAt;
    /** Of the MMU when it was last found by its address. */
    long stamp;
    /** What runs instead of it, if anything. */
    Translation translation;
    /** Where it went on, if it ends in a calculated jump and somebody wants to know; some of them, the first ones. */
    long[] targets;
    /** The code was the memory's contents in this epoch. */
    int epoch;
    /** Blocks that followed it lately. */
    Block link0;
    Block link1;
    /** Next block in the same bucket of the cache. */
    Block chained;

    Block(long pc, long physical, int context, long secondPage, boolean stops, int epoch, short[] code, byte[] offsets,
            Op[] ops) {
        this.pc = pc;
        this.physical = physical;
        this.context = context;
        this.secondPage = secondPage;
        this.stops = stops;
        this.epoch = epoch;
        this.code = code;
        this.offsets = offsets;
        this.ops = ops;
        this.count = retiredBefore(offsets.length - 1);
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

    /** Row that raised a trap in operation {@code op}. */
    int trappedRow(int op) {
        return (firstRow == null ? op : firstRow[op]) + ops[op].position();
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

    long pcOf(int row) {
        return pc + 2 * offsets[row];
    }

    long fusedInstructions() {
        return fusedCount == 0 ? 0 : fusedCount * (entries - fusedAt);
    }
}
