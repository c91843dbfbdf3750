package org.vm.api.cpu;

/** Translated code, entered where a block of the interpreter begins. */
public interface Translation {
    /** How {@link #run} came back. */
    enum Outcome {
        /** Guest code ran, or a trap was delivered; go on at {@link Cpu#pc}. */
        RAN,
        /** As {@link #RAN}; the instruction at {@link Cpu#pc} is the interpreter's to run. */
        INTERPRET,
        /** Nothing ran, since the code in memory or its mapping is not what was translated. Ask for another one. */
        STALE
    }

    /**
     * Runs from the block's beginning until it leaves the translated code, the CPU's attention is asked for, or
     * {@link Cpu#retired} reaches {@code limit}, give or take a block. {@link Cpu#pc} and all other state are right
     * before and after.
     */
    Outcome run(long limit);
}
