package org.vm.testing.jit;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicLong;
import org.vm.api.ExecMode;
import org.vm.api.cpu.CodeProfile;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.InterpreterEngine;
import org.vm.api.cpu.Translation;
import org.vm.api.cpu.Translator;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.engine.jit.internal.JitEngine;

/** The JIT over an interpreter that counts what translated code does, so that a test knows that there was some. */
final class TranslatingEngine implements ExecutionEngine, AutoCloseable {
    private final AtomicLong retired = new AtomicLong();
    private final JitEngine jit;

    /** @param threshold entries after which a block is translated */
    TranslatingEngine(ExecMode mode, int threshold) {
        jit = new JitEngine(new Counting(new Interpreter()), mode, threshold);
    }

    @Override
    public String name() {
        return jit.name();
    }

    @Override
    public ExecMode mode() {
        return jit.mode();
    }

    @Override
    public Runner runner(Cpu cpu) {
        return jit.runner(cpu);
    }

    boolean hasTranslated(long instructions) {
        return retired.get() >= instructions;
    }

    /** Fails if translated code retired fewer instructions than this so far. */
    void assertTranslated(long instructions) {
        assertTrue(hasTranslated(instructions), "translated code retired " + retired + " instructions only");
    }

    @Override
    public void close() {
        jit.close();
    }

    private final class Counting implements InterpreterEngine {
        private final InterpreterEngine interpreter;

        Counting(InterpreterEngine interpreter) {
            this.interpreter = interpreter;
        }

        @Override
        public String name() {
            return interpreter.name();
        }

        @Override
        public ExecMode mode() {
            return interpreter.mode();
        }

        @Override
        public Runner runner(Cpu cpu) {
            return interpreter.runner(cpu);
        }

        @Override
        public Runner runner(Cpu cpu, Translator translator) {
            return interpreter.runner(cpu, new Translator() {
                @Override
                public int threshold(long pc, int instructions) {
                    return translator.threshold(pc, instructions);
                }

                @Override
                public Translation translate(long pc, long physical, CodeProfile profile) {
                    Translation translation = translator.translate(pc, physical, profile);
                    return translation == null ? null : limit -> {
                        long before = cpu.retired;
                        Translation.Outcome outcome = translation.run(limit);
                        retired.addAndGet(cpu.retired - before);
                        return outcome;
                    };
                }

                @Override
                public void flush() {
                    translator.flush();
                }

                @Override
                public void close() {
                    translator.close();
                }
            });
        }
    }
}
