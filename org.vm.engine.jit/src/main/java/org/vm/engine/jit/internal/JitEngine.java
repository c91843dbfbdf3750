package org.vm.engine.jit.internal;

import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.WeakHashMap;
import org.vm.api.CacheStats;
import org.vm.api.ConfigurationException;
import org.vm.api.ExecMode;
import org.vm.api.VmConfig;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.ExitReason;
import org.vm.api.cpu.InterpreterEngine;
import org.vm.api.cpu.TranslatedCode;
import org.vm.api.isa.InstructionSet;

/** An interpreter whose hot code is translated to bytecode, which HotSpot compiles. */
public final class JitEngine implements ExecutionEngine, AutoCloseable {
    /**
     * Instructions that a block runs before it is translated, if nobody says otherwise. HotSpot takes some 50 ms for a region,
     * in which the interpreter runs 8 million: with a lower threshold a boot compiles much that never runs again, with a
     * higher one a program of a thousand hot blocks is interpreted for seconds.
     */
    public static final int THRESHOLD = 100_000;
    /** Bytes of bytecode that are kept for a machine, if nobody says otherwise. */
    public static final long CODE_LIMIT = 16 << 20;

    private final InterpreterEngine interpreter;
    private final ExecMode mode;
    private final Compiler compiler = new Compiler();
    private final Threshold threshold;
    private final long codeLimit;
    private final RememberedRegions remembered;
    private final Map<Long, CodeCache> machines = new HashMap<>();
    /**
     * What is known of instructions outlives a machine's change to another engine and back, but not the instructions: it
     * leads to their classes, so only who uses it holds it.
     */
    private final Map<InstructionSet, WeakReference<Rows>> rows = new WeakHashMap<>();

    /** Translates what is hot by its own measure. */
    public JitEngine(InterpreterEngine interpreter, ExecMode mode) {
        this(interpreter, mode, THRESHOLD, true, CODE_LIMIT);
    }

    /** Translates after exactly so many entries of a block. */
    public JitEngine(InterpreterEngine interpreter, ExecMode mode, int entries) {
        this(interpreter, mode, entries, true, false, CODE_LIMIT, RememberedRegions.NONE);
    }

    /**
     * Begins with nothing, and remembers nothing.
     *
     * @param threshold instructions that a block runs before it is translated
     * @param adaptive  whether the threshold rises while the compiler has much to do
     * @param codeLimit bytes of bytecode that are kept for a machine
     */
    public JitEngine(InterpreterEngine interpreter, ExecMode mode, int threshold, boolean adaptive, long codeLimit) {
        this(interpreter, mode, threshold, false, adaptive, codeLimit, RememberedRegions.NONE);
    }

    /**
     * Begins with what was hot in earlier runs.
     *
     * @param threshold instructions that a block runs before it is translated
     * @param adaptive  whether the threshold rises while the compiler has much to do
     * @param codeLimit bytes of bytecode that are kept for a machine
     * @param profile   the file that keeps what is hot for the next run
     */
    public JitEngine(InterpreterEngine interpreter, ExecMode mode, int threshold, boolean adaptive, long codeLimit,
            Path profile) {
        this(interpreter, mode, threshold, false, adaptive, codeLimit, RememberedRegions.in(profile));
    }

    private JitEngine(InterpreterEngine interpreter, ExecMode mode, int threshold, boolean fixed, boolean adaptive,
            long codeLimit, RememberedRegions remembered) {
        if (threshold < 1 || codeLimit < Compiler.LARGEST) {
            throw new ConfigurationException("the JIT cannot work with a threshold of " + threshold
                    + " (at least 1) and " + codeLimit + " bytes of bytecode (at least " + Compiler.LARGEST + ")");
        }
        this.interpreter = interpreter;
        this.mode = mode;
        this.threshold = fixed ? Threshold.fixed(threshold)
                : Threshold.instructions(threshold, adaptive, compiler::waiting);
        this.codeLimit = codeLimit;
        this.remembered = remembered;
    }

    @Override
    public String name() {
        return mode.text();
    }

    @Override
    public ExecMode mode() {
        return mode;
    }

    @Override
    public Runner runner(Cpu cpu) {
        return runner(cpu, threshold);
    }

    @Override
    public Runner runner(Cpu cpu, VmConfig machine) {
        return mode == ExecMode.HYBRID && machine.jitThreshold() > 0
                ? runner(cpu, Threshold.fixed(machine.jitThreshold())) : runner(cpu);
    }

    private Runner runner(Cpu cpu, Threshold threshold) {
        CodeCache cache = join(cpu);
        Runner inner = interpreter.runner(cpu,
                new CpuTranslator(cpu, cache, compiler, threshold, remembered, mode == ExecMode.HYBRID));
        TranslatedCode code = new CodeView(cache, cpu.instructionSet(), compiler, threshold);
        return new Runner() {
            @Override
            public ExitReason run(long budget) {
                return inner.run(budget);
            }

            @Override
            public CacheStats blocks() {
                return inner.blocks();
            }

            @Override
            public long fused() {
                return inner.fused();
            }

            @Override
            public Optional<TranslatedCode> translated() {
                return Optional.of(code);
            }

            @Override
            public void flush() {
                inner.flush();
            }

            @Override
            public void close() {
                inner.close();
                leave(cache);
            }
        };
    }

    private synchronized CodeCache join(Cpu cpu) {
        CodeCache cache = machines.computeIfAbsent(cpu.mmu.memory().address(),
                _ -> new CodeCache(cpu.mmu.memory(), rows(cpu.instructionSet()), codeLimit));
        cache.users++;
        return cache;
    }

    private Rows rows(InstructionSet instructions) {
        WeakReference<Rows> known = rows.get(instructions);
        Rows found = known == null ? null : known.get();
        if (found == null) {
            found = new Rows();
            rows.put(instructions, new WeakReference<>(found));
        }
        return found;
    }

    private synchronized void leave(CodeCache cache) {
        if (--cache.users == 0) {
            machines.remove(cache.memory.address());
            remembered.remember(cache.profiles());
            cache.flush();
        }
    }

    @Override
    public void close() {
        compiler.close();
    }
}
