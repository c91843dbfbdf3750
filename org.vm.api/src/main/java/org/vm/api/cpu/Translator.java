package org.vm.api.cpu;

/** Translates what an interpreter finds to be hot. One for each runner; on its vCPU's thread. */
public interface Translator extends AutoCloseable {
    /**
     * Entries of the block at {@code pc}, in the CPU's present address space and context, after which {@link #translate} is
     * asked; at least 1. It is asked again until it has an answer.
     *
     * @param instructions that the block has
     */
    int threshold(long pc, int instructions);

    /**
     * Code to run instead of the block at the CPU's present address space and context.
     *
     * @param pc       virtual address of the block
     * @param physical its physical address
     * @param profile  what the interpreter has seen; valid during the call
     * @return {@code null} if there is none, or none yet
     */
    Translation translate(long pc, long physical, CodeProfile profile);

    /** Forgets all translations; the interpreter does, too. */
    void flush();

    /** The runner ends. */
    @Override
    void close();
}
