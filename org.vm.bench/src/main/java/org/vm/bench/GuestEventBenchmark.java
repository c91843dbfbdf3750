package org.vm.bench;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
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
import org.vm.api.ExecMode;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.engine.jit.internal.JitEngine;
import org.vm.testing.BareHart;

/** What an event costs a guest that runs in an engine, in S-mode under Sv39: nanoseconds for each, its loop included. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = {"-XX:+UseParallelGC", "-Xmn32m", "-XX:PerMethodTrapLimit=0", "-XX:-ClipInlining",
        "-XX:InlineSmallCode=10000", "-XX:-DontCompileHugeMethods", "-XX:-UseFPUForSpilling", "-XX:CompileCommand=quiet",
        "-XX:CompileCommand=CompileThresholdScaling,org.vm.engine.jit.generated.*::run,0.2"})
public class GuestEventBenchmark {
    private static final int EVENTS = 1_000_000;
    private static final int EVENTS_IN_A_TURN = 8;

    private static final long DEVICE = 0x1000_0000L;
    /** Behind the program, page tables; behind them, the pages that {@link #WINDOW} maps. */
    private static final long ROOT = BareHart.RAM + (1 << 20);
    private static final long PAGES = BareHart.RAM + (4 << 20);
    /** Virtual: more pages than the TLB has entries. */
    private static final long WINDOW = 0x4000_0000L;
    private static final int WINDOW_PAGES = 2048;
    /** Page table entry (privileged architecture, 4.3.1): valid, readable, writable, executable, accessed, dirty. */
    private static final long LEAF = 0xCF;

    private static final String START = """
                li   t0, -1
                csrw pmpaddr0, t0
                li   t0, 0x1f
                csrw pmpcfg0, t0
                li   t0, 0x200          # calls from S-mode are S-mode's own
                csrw medeleg, t0
                la   t0, handler
                csrw stvec, t0
                li   t0, 0x%x
                csrw satp, t0
                li   t0, 0x800
                csrw mstatus, t0
                la   t0, main
                csrw mepc, t0
                mret
                .align 2
            handler:
                csrr t1, sepc
                addi t1, t1, 4
                csrw sepc, t1
                sret
            main:
                la   s1, table
                li   s2, 0x%x           # the window
                li   s3, 0x%x           # and its mask
                li   s4, 0x%x           # the device
                li   s5, 4096
                li   a1, 0
            """.formatted(8L << 60 | ROOT >>> 12, WINDOW, WINDOW_PAGES * 4096L - 1, DEVICE);

    private static final String DATA = """
                .align 3
            table:
                .dword b0, b1, b2, b3, b4, b5, b6, b7
            b0: j back
            b1: j back
            b2: j back
            b3: j back
            b4: j back
            b5: j back
            b6: j back
            b7: j back
            """;

    /** Endless loops with eight events in a turn, and how many instructions a turn has. */
    public enum Event {
        LOAD_TLB_HIT("ld a0, 0(s2)\nld a2, 8(s2)\n".repeat(4), 8),
        STORE_TLB_HIT("sd a0, 0(s2)\nsd a2, 8(s2)\n".repeat(4), 8),
        LOAD_TLB_MISS("add a2, s2, a1\nld a0, 0(a2)\nadd a1, a1, s5\nand a1, a1, s3\n".repeat(8), 32),
        MMIO_READ("lw a0, 0(s4)\n".repeat(8), 8),
        MMIO_WRITE("sw a0, 0(s4)\n".repeat(8), 8),
        TRAP_AND_RETURN("ecall\n".repeat(8), 8 * 5),
        /** Misaligned loads: translated code leaves each to the interpreter, which enters the code behind it. */
        REGION_EXIT_AND_ENTRY("ld a0, 1(s2)\nadd a1, a1, a0\n".repeat(8), 16),
        /** Blocks that end with a direct jump to another. */
        DISPATCH_DIRECT("""
                j 3f
            1:  j 5f
            2:  j 6f
            3:  j 1b
            4:  j 7f
            5:  j 2b
            6:  j 4b
            7:  j 8f
            8:
            """, 8),
        /** One indirect jump with eight targets: how an interpreter in the guest dispatches. */
        DISPATCH_INDIRECT("""
                    mv   s6, s1
                    addi s7, s1, 64
                1:  ld   t1, 0(s6)
                    addi s6, s6, 8
                    jr   t1
                back:
                    bne  s6, s7, 1b
                """, 2 + 8 * 5);

        private final String body;
        private final int instructions;

        Event(String body, int instructions) {
            this.body = body;
            this.instructions = instructions;
        }

        String source() {
            String label = body.contains("back:") ? "" : "back:\n";
            return START + "turn:\n" + body + "j turn\n" + label + DATA;
        }
    }

    /** What runs it. */
    public enum Engine {
        INTERPRETER(Interpreter::new),
        HYBRID(() -> new JitEngine(new Interpreter(), ExecMode.HYBRID, 1000));

        private final Supplier<ExecutionEngine> maker;

        Engine(Supplier<ExecutionEngine> maker) {
            this.maker = maker;
        }
    }

    @Param
    public Engine engine;

    @Param
    public Event event;

    private ExecutionEngine executing;
    private BareHart hart;

    @Setup
    public void load() {
        executing = engine.maker.get();
        hart = new BareHart(executing, List.of(), OneDevice.at(DEVICE));
        hart.load(event.source());
        hart.write64(ROOT, LEAF);
        hart.write64(ROOT + 8, ROOT + 0x1000 >>> 2 | 1);
        hart.write64(ROOT + 16, BareHart.RAM >>> 2 | LEAF);
        for (int table = 0; table < WINDOW_PAGES / 512; table++) {
            hart.write64(ROOT + 0x1000 + table * 8L, ROOT + 0x2000 + table * 0x1000L >>> 2 | 1);
        }
        for (int page = 0; page < WINDOW_PAGES; page++) {
            hart.write64(ROOT + 0x2000 + page * 8L, PAGES + page * 4096L >>> 2 | LEAF);
        }
    }

    @TearDown
    public void close() throws Exception {
        long trap = hart.cpu().controlRegisters().get("mcause");
        hart.close();
        if (executing instanceof AutoCloseable engineWithThreads) {
            engineWithThreads.close();
        }
        if (trap != 0) {
            throw new IllegalStateException("the program for " + event + " ended in a trap to M-mode with mcause " + trap);
        }
    }

    @Benchmark
    @OperationsPerInvocation(EVENTS)
    public long run() {
        long until = hart.cpu().retired + (long) EVENTS / EVENTS_IN_A_TURN * (event.instructions + 1);
        while (hart.cpu().retired < until) {
            hart.runner().run(until - hart.cpu().retired);
        }
        return hart.cpu().retired;
    }
}
