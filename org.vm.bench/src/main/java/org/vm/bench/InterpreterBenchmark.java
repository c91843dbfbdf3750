package org.vm.bench;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.testing.BareHart;

/** Guest loops in the interpreter; the result is millions of instructions a second. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class InterpreterBenchmark {
    private static final int INSTRUCTIONS = 10_000_000;

    /** Endless loops; the budget ends them. */
    public enum Loop {
        /** Integer arithmetic and a branch. */
        COMPUTE("""
                1:  addi a0, a0, 3
                    slli a1, a0, 7
                    xor  a0, a0, a1
                    srli a1, a0, 9
                    xor  a0, a0, a1
                    addi a2, a2, 1
                    bne  a2, zero, 1b
                """),
        /** Half of the instructions load or store. */
        MEMORY("""
                    auipc s0, 0x100
                1:  andi a1, a0, 0x7f8
                    add  a1, a1, s0
                    ld   a2, 0(a1)
                    ld   a3, 8(a1)
                    add  a2, a2, a3
                    sd   a2, 0(a1)
                    sw   a3, 16(a1)
                    addi a0, a0, 8
                    bne  a0, zero, 1b
                """),
        /** A call and a return in each turn. */
        CALLS("""
                1:  addi a0, a0, 1
                    jal  ra, 2f
                    bne  a0, zero, 1b
                2:  addi a1, a1, 1
                    jalr zero, 0(ra)
                """),
        /** A trap and a return from it in each turn: seven instructions. */
        TRAPS("""
                    la   t0, handler
                    csrw mtvec, t0
                1:  ecall
                    addi a0, a0, 1
                    j    1b
                    .align 2
                handler:
                    csrr t1, mepc
                    addi t1, t1, 4
                    csrw mepc, t1
                    mret
                """);

        private final String source;

        Loop(String source) {
            this.source = source;
        }
    }

    @Param
    public Loop loop;

    private BareHart hart;

    @Setup
    public void load() {
        hart = new BareHart(new Interpreter());
        hart.load(loop.source);
    }

    @TearDown
    public void close() {
        hart.close();
    }

    @Benchmark
    @OperationsPerInvocation(INSTRUCTIONS)
    public long run() {
        long until = hart.cpu().retired + INSTRUCTIONS;
        while (hart.cpu().retired < until) {
            hart.runner().run(until - hart.cpu().retired);
        }
        return hart.cpu().retired;
    }
}
