package org.vm.api.cpu;

/** An engine that runs code as it finds it, and lets another make something faster of what runs often. */
public interface InterpreterEngine extends ExecutionEngine {
    /** As {@link #runner(Cpu)}, with translated code taking the place of blocks. */
    Runner runner(Cpu cpu, Translator translator);
}
