package org.vm.engine.interp.internal;

import org.vm.api.cpu.Cpu;

/** Ends a block that has no branch at its end. */
final class GotoOp extends Op {
    private final long pc;

    GotoOp(long pc) {
        this.pc = pc;
    }

    @Override
    public long exec(long[] registers, Cpu cpu) {
        return pc;
    }

    @Override
    public Op create(int[] slots, long[] values) {
        return new GotoOp(values[0]);
    }
}
