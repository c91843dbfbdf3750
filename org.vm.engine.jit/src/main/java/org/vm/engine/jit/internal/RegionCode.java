package org.vm.engine.jit.internal;

import org.vm.api.cpu.Cpu;

/** The translated code of a region. Its classes are generated; one instance each, used by all CPUs of a machine. */
public abstract class RegionCode {
    /** {@link #run} may be called with this in place of an entry: it does nothing, so that HotSpot compiles the method. */
    public static final int NOTHING = -1;
    /** What {@link #run} returns: how it ended. */
    public static final int RAN = 0;
    public static final int INTERPRET = 1;
    public static final int TRAPPED = 2;

    /**
     * Runs from an entry; sets {@link Cpu#pc} and adds to {@link Cpu#retired}.
     *
     * @param tlb      {@link org.vm.api.mmu.Mmu#translations()}
     * @param entry    number of the node to begin with, 0 for the region's first
     * @param budget   instructions to run, give or take a node
     * @param distance how far from where it was translated a movable region is
     */
    public abstract int run(Cpu cpu, long[] registers, long[] tlb, int entry, int budget, long distance);

    /**
     * Whether a region may go on after an instruction that could have changed anything.
     *
     * @param context the region's
     * @param stamp   of fetches, before
     * @param epoch   of code, before
     */
    public static boolean goesOn(Cpu cpu, int context, long stamp, int epoch) {
        return !cpu.attention() && cpu.context() == context && cpu.mmu.fetchStamp() == stamp && cpu.codeEpoch == epoch;
    }
}
