package org.vm.api;

/**
 * What one vCPU did since it was made.
 *
 * @param instructions guest instructions retired
 * @param guestNanos   host time spent running guest code
 * @param traps        synchronous exceptions taken
 * @param interrupts   interrupts taken
 * @param fused        instructions that ran as a part of a fused operation
 */
public record PerformanceStats(long instructions, long guestNanos, long traps, long interrupts, long fused,
        CacheStats blocks, TlbStats tlb) {
    /** Million guest instructions a second of host time. */
    public double mips() {
        return guestNanos == 0 ? 0 : instructions * 1000.0 / guestNanos;
    }
}
