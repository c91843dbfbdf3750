package org.vm.api.cpu;

/** How often code ran, as an interpreter counted it; of the present address space and context. */
public interface CodeProfile {
    /** How often the block that begins at {@code pc} was entered; 0 if there is none. */
    long entries(long pc);

    /** Where the block that begins at {@code pc} was seen to go on, if it ends in a jump whose target is calculated. */
    long[] targets(long pc);
}
