package org.vm.engine.interp.internal;

import org.vm.api.cpu.Translation;

/**
 * Straight-line code up to a branch, an instruction that ends blocks, the end of the page, or a maximum. An instruction
 * that straddles two pages is a block of its own.
 *
 * <p>A guest has some ten thousand of them and runs most of them seldom, so what running one reads is what is here; all else is
 * in its {@link BlockCode}.
 */
final class Block {
    /** Key: where the block is, and what its bytes mean. */
    final long pc;
    final long physical;
    final int context;
    /** Instructions that it retires. */
    final int count;
    /** The last row may have changed anything: look up the next block anew. {@link org.vm.api.cpu.Cpu#pc} is valid in it. */
    final boolean stops;
    /** Its instruction is on two pages. */
    final boolean straddles;
    final BlockCode code;

    Op[] ops;
    /** It ends in a calculated jump, and somebody wants to know where that goes ({@link BlockCode#targets}). */
    boolean watched;
    /** Entries until something is to be done about it. */
    int left;
    /** The code was the memory's contents in this epoch. */
    int epoch;
    /** Of the MMU when it was last found by its address. */
    long stamp;
    /** What runs instead of it, if anything. */
    Translation translation;
    /** Blocks that followed it lately. */
    Block link0;
    Block link1;
    /** Next block in the same bucket of the cache. */
    Block chained;

    Block(long pc, long physical, int context, boolean stops, int epoch, BlockCode code, Op[] ops) {
        this.pc = pc;
        this.physical = physical;
        this.context = context;
        this.stops = stops;
        this.epoch = epoch;
        this.code = code;
        this.ops = ops;
        straddles = code.secondPage != BlockCode.NONE;
        count = code.retiredBefore(code.offsets.length - 1);
    }

    /** Number of times that it was entered. */
    long entries() {
        return code.due - left;
    }

    /** Something is to be done about it after so many more entries. */
    void lookAfter(long more) {
        int next = (int) Math.min(more, Integer.MAX_VALUE);
        code.due = entries() + next;
        left = next;
    }

    /** Row that raised a trap in operation {@code op}. */
    int trappedRow(int op) {
        return (code.firstRow == null ? op : code.firstRow[op]) + ops[op].position();
    }

    long pcOf(int row) {
        return pc + 2 * code.offsets[row];
    }

    long fusedInstructions() {
        return code.fusedCount == 0 ? 0 : code.fusedCount * (entries() - code.fusedAt);
    }
}
