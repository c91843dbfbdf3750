package org.vm.engine.jit.internal;

import java.util.HashMap;
import java.util.Map;
import org.vm.api.CacheStats;
import org.vm.api.ExecMode;
import org.vm.api.VmConfig;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.ExitReason;
import org.vm.api.cpu.InterpreterEngine;

/** An interpreter whose hot code is translated to bytecode, which HotSpot compiles. */
public final class JitEngine implements ExecutionEngine, AutoCloseable {
    /** Entries of a block after which it is translated, if nobody says otherwise. */
    public static final int THRESHOLD = 1000;

    private final InterpreterEngine interpreter;
    private final ExecMode mode;
    private final int threshold;
    private final Rows rows = new Rows();
    private final Compiler compiler = new Compiler(rows);
    private final Map<Long, SharedCode> machines = new HashMap<>();

    public JitEngine(InterpreterEngine interpreter, ExecMode mode, int threshold) {
        this.interpreter = interpreter;
        this.mode = mode;
        this.threshold = threshold;
        HotSpot.configure();
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
        return runner(cpu, mode == ExecMode.HYBRID && machine.jitThreshold() > 0 ? machine.jitThreshold() : threshold);
    }

    private Runner runner(Cpu cpu, int threshold) {
        SharedCode shared = join(cpu);
        Runner inner = interpreter.runner(cpu,
                new CpuTranslator(cpu, shared, compiler, rows, threshold, mode == ExecMode.HYBRID));
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
            public void flush() {
                inner.flush();
            }

            @Override
            public void close() {
                inner.close();
                leave(shared);
            }
        };
    }

    private synchronized SharedCode join(Cpu cpu) {
        SharedCode shared = machines.computeIfAbsent(cpu.mmu.memory().address(), _ -> new SharedCode(cpu.mmu.memory()));
        shared.users++;
        return shared;
    }

    private synchronized void leave(SharedCode shared) {
        if (--shared.users == 0) {
            machines.remove(shared.memory.address());
        }
    }

    @Override
    public void close() {
        compiler.close();
    }
}
