package org.vm.api.cpu;

import java.util.List;

/** What an engine has translated for a machine, for people who look. Any thread; values may be a little old. */
public interface TranslatedCode {
    /** What becomes of a region. */
    enum State {
        /** It waits for the compiler, or is there with it. */
        WAITING,
        /** It runs a little, so that the compiler learns which way it goes. */
        PROFILING,
        /** It is compiled. */
        READY,
        /** It is left to the interpreter. */
        FAILED
    }

    /**
     * Code that is translated as one.
     *
     * @param number       by which {@link #listing} and {@link #classFile} know it
     * @param pc           virtual address that it was found from
     * @param instructions guest instructions in it, counted as often as they are translated
     * @param bytes        bytecode
     * @param entries      how often it was entered
     * @param executed     instructions that ran in it
     */
    record Region(int number, long pc, State state, int instructions, int bytes, long entries, long executed) {}

    /**
     * What a region is made of and what was made of it, a line each.
     *
     * @param guest    disassembly with addresses
     * @param bytecode instructions of the method
     */
    record Listing(List<String> guest, List<String> bytecode) {}

    TranslationStats stats();

    /** Those that ran most instructions first. */
    List<Region> regions();

    /** @throws org.vm.api.VmException if there is no such region any more */
    Listing listing(int number);

    /** The generated class, as of a file. @throws org.vm.api.VmException if there is no such region any more */
    byte[] classFile(int number);

    /** Forgets everything; what is hot is translated again. */
    void flush();
}
