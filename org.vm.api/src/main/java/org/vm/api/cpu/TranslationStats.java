package org.vm.api.cpu;

/**
 * What an engine that translates has done for a machine since it took it over.
 *
 * @param regions          translations that there are
 * @param bytes            their bytecode
 * @param limit            bytes of bytecode from which on some are dropped
 * @param instructions     guest instructions in them, counted as often as they are translated
 * @param waiting          tasks of the compiler that wait, of all machines
 * @param threshold        when a block is translated, at present: instructions that it has run, or entries if its machine
 *                         has a threshold of its own
 * @param found            regions that were found
 * @param translated       those that bytecode was made of
 * @param failed           those that were left to the interpreter, since they are too large or could not be compiled
 * @param invalidated      those dropped because memory does not hold their code any more, or not there
 * @param evicted          those dropped to make room
 * @param translationNanos time it took to make classes
 * @param compilationNanos time until the JVM had compiled them
 * @param runs             what happened when translated code was entered
 */
public record TranslationStats(int regions, long bytes, long limit, long instructions, int waiting, int threshold,
        long found, long translated, long failed, long invalidated, long evicted, long translationNanos,
        long compilationNanos, Runs runs) {
    /**
     * Entries into translated code, and how they ended.
     *
     * @param entries      all of them
     * @param executed     instructions that ran there
     * @param missed       ended at an instruction for the interpreter: a TLB miss, MMIO, a misaligned access, a system
     *                     instruction
     * @param interrupted  ended since the CPU's attention was asked for, or its budget used up
     * @param trapped      ended by an exception
     * @param stale        not entered, since the code had changed or was dropped; not among {@code entries}
     */
    public record Runs(long entries, long executed, long missed, long interrupted, long trapped, long stale) {
        public static final Runs NONE = new Runs(0, 0, 0, 0, 0, 0);

        /** Ended because the guest went where the region does not reach. */
        public long left() {
            return entries - missed - interrupted - trapped;
        }

        public Runs plus(Runs other) {
            return new Runs(entries + other.entries, executed + other.executed, missed + other.missed,
                    interrupted + other.interrupted, trapped + other.trapped, stale + other.stale);
        }
    }
}
