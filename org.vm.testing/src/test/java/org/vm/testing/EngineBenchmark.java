package org.vm.testing;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.vm.api.ExecMode;
import org.vm.api.PerformanceStats;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.engine.jit.internal.JitEngine;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;
import org.vm.guest.internal.DebianGuests;

/**
 * Measures an engine: million guest instructions per second of host CPU time of the vCPU's thread, in full-system
 * mode with the real MMU (docs/PERFORMANCE.md says how to run it).
 *
 * <p>Arguments: seconds for each loop, then {@code boot} or names of loops; system properties {@code interpreter} =
 * {@code blocks,fuseThreshold,fusedLength,fusedClasses}, {@code mode} = {@code interpreter}, {@code jit} or {@code hybrid},
 * {@code threshold} (instructions).
 */
final class EngineBenchmark {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private EngineBenchmark() {}

    /** S-mode with a gigabyte page, so that every access goes through translation. */
    private static final String SETUP = """
                    li      t0, -1
                    csrw    pmpaddr0, t0
                    li      t0, 0x1f
                    csrw    pmpcfg0, t0
                    la      t0, root
                    li      t1, 0x200000cf
                    sd      t1, 16(t0)
                    srli    t0, t0, 12
                    li      t1, 1
                    slli    t1, t1, 63
                    or      t0, t0, t1
                    csrw    satp, t0
                    sfence.vma
                    li      t0, 0x7000              # FS on, MPP = S below
                    csrs    mstatus, t0
                    li      t0, 0x1000
                    csrc    mstatus, t0
                    li      t0, 0x800
                    csrs    mstatus, t0
                    la      t0, main
                    csrw    mepc, t0
                    la      s0, data
                    la      sp, stack
                    mret
                    .align  12
            root:   .zero   4096
                    .zero   65536
            stack:  .zero   16
                    .align  12
            data:   .zero   262144
            """;

    private static final Map<String, String> LOOPS = new LinkedHashMap<>();

    static {
        LOOPS.put("integer", """
                main:   add     a0, a0, a1
                        slli    a2, a0, 3
                        xor     a1, a1, a2
                        sltu    a3, a1, a0
                        sub     a4, a4, a3
                        srli    a5, a1, 7
                        or      a0, a0, a5
                        addi    a1, a1, 13
                        mul     a6, a0, a1
                        andi    a7, a6, 255
                        beq     a7, a6, main
                        j       main
                """);
        LOOPS.put("copy", """
                main:   mv      t0, s0
                        li      t1, 0x10000
                        add     t1, t1, s0
                        li      t2, 2048
                1:      ld      t3, 0(t0)
                        ld      t4, 8(t0)
                        sd      t3, 0(t1)
                        sd      t4, 8(t1)
                        addi    t0, t0, 16
                        addi    t1, t1, 16
                        addi    t2, t2, -1
                        bnez    t2, 1b
                        j       main
                """);
        LOOPS.put("sum", """
                main:   mv      t0, s0
                        li      t2, 8192
                1:      lw      t3, 0(t0)
                        addi    t0, t0, 4
                        add     a0, a0, t3
                        addi    t2, t2, -1
                        bnez    t2, 1b
                        j       main
                """);
        LOOPS.put("calls", """
                main:   li      a0, 18
                        call    fib
                        j       main
                fib:    li      t0, 2
                        bltu    a0, t0, small
                        addi    sp, sp, -24
                        sd      ra, 0(sp)
                        sd      a0, 8(sp)
                        addi    a0, a0, -1
                        jal     fib
                        sd      a0, 16(sp)
                        ld      a0, 8(sp)
                        addi    a0, a0, -2
                        jal     fib
                        ld      t0, 16(sp)
                        add     a0, a0, t0
                        ld      ra, 0(sp)
                        addi    sp, sp, 24
                small:  ret
                """);
        LOOPS.put("sort", """
                main:   li      t0, 0                   # fill with pseudo-random numbers
                        li      t1, 2048
                        li      a7, 1103515245
                        mv      a1, s0
                1:      mul     a0, a0, a7
                        addi    a0, a0, 1013
                        srli    t2, a0, 16
                        sw      t2, 0(a1)
                        addi    a1, a1, 4
                        addi    t0, t0, 1
                        blt     t0, t1, 1b
                        li      a2, 1024                # shell sort: gap
                2:      mv      a3, a2                  # i
                3:      slli    t2, a3, 2
                        add     t2, t2, s0
                        lw      a4, 0(t2)               # x
                        mv      a5, a3                  # j
                4:      blt     a5, a2, 5f
                        sub     t3, a5, a2
                        slli    t4, t3, 2
                        add     t4, t4, s0
                        lw      t5, 0(t4)
                        ble     t5, a4, 5f
                        slli    t6, a5, 2
                        add     t6, t6, s0
                        sw      t5, 0(t6)
                        mv      a5, t3
                        j       4b
                5:      slli    t6, a5, 2
                        add     t6, t6, s0
                        sw      a4, 0(t6)
                        addi    a3, a3, 1
                        blt     a3, t1, 3b
                        srli    a2, a2, 1
                        bnez    a2, 2b
                        j       main
                """);
        LOOPS.put("float", """
                main:   li      t0, 1
                        fcvt.d.l ft0, t0
                        li      t0, 3
                        fcvt.d.l ft1, t0
                        fdiv.d  ft2, ft0, ft1
                1:      fmul.d  ft3, ft2, ft2
                        fadd.d  ft4, ft3, ft2
                        fmadd.d ft5, ft4, ft3, ft0
                        fsub.d  ft2, ft5, ft4
                        addi    t0, t0, 1
                        j       1b
                """);
        // As a kernel that patches itself: short blocks, whose code is compared with memory after each fence.i.
        LOOPS.put("patching", "main: fence.i\n" + "addi a0, a0, 1\n beqz a0, 1f\n 1:\n".repeat(200) + "j main\n");
        // What instructions of a bundle are good for, beside the same without them.
        String difference = """
                xor     t3, t3, t4
                """;
        pairs("products", "mac t3, t4\n");
        pairs("products-plain", "mul t3, t3, t4\n add a0, a0, t3\n");
        pairs("ones", difference + "weigh t3, t3\n add a0, a0, t3\n");
        pairs("ones-plain", difference + """
                srli    t4, t3, 1
                and     t4, t4, a1
                sub     t3, t3, t4
                and     t4, t3, a2
                srli    t3, t3, 2
                and     t3, t3, a2
                add     t3, t3, t4
                srli    t4, t3, 4
                add     t3, t3, t4
                and     t3, t3, a3
                mul     t3, t3, a4
                srli    t3, t3, 56
                add     a0, a0, t3
                """);
    }

    /** A loop over pairs of numbers. */
    private static void pairs(String name, String body) {
        LOOPS.put(name, """
                main:   csrwi   macc, 0
                        li      a1, 0x5555555555555555
                        li      a2, 0x3333333333333333
                        li      a3, 0x0f0f0f0f0f0f0f0f
                        li      a4, 0x0101010101010101
                2:      mv      t0, s0
                        li      t1, 32768
                        add     t1, t1, s0
                        mv      t2, t1
                1:      ld      t3, 0(t0)
                        ld      t4, 0(t1)
                        addi    t0, t0, 8
                        addi    t1, t1, 8
                        %s
                        bne     t0, t2, 1b
                        j       2b
                """.formatted(body));
    }

    public static void main(String[] arguments) {
        double seconds = arguments.length > 0 ? Double.parseDouble(arguments[0]) : 5;
        var wanted = arguments.length > 1 ? Arrays.asList(arguments).subList(1, arguments.length) : LOOPS.keySet();
        for (String name : wanted) {
            if (name.equals("boot")) {
                boot();
            } else {
                loop(name, seconds);
            }
        }
    }

    private static ExecutionEngine engine() {
        ExecMode mode = ExecMode.valueOf(System.getProperty("mode", "INTERPRETER").toUpperCase(Locale.ROOT));
        Integer threshold = Integer.getInteger("threshold");
        return mode == ExecMode.INTERPRETER ? interpreter() : threshold == null ? new JitEngine(interpreter(), mode)
                : new JitEngine(interpreter(), mode, threshold, true, JitEngine.CODE_LIMIT);
    }

    private static Interpreter interpreter() {
        String settings = System.getProperty("interpreter", "");
        if (settings.isEmpty()) {
            return new Interpreter();
        }
        int[] values = Arrays.stream(settings.split(",")).mapToInt(Integer::parseInt).toArray();
        return new Interpreter(values[0], values[1], values[2], values[3]);
    }

    private static void loop(String name, double seconds) {
        try (BareHart hart = new BareHart(engine(), List.of(Accumulating.EXTENSION))) {
            hart.load(SETUP + LOOPS.get(name));
            double first = mips(hart, 0.5);
            double best = first;
            for (double done = 0.5; done < seconds; done += 0.5) {
                best = Math.max(best, mips(hart, 0.5));
            }
            System.out.printf("%-14s %6.0f MIPS (first half second %.0f), traps %d%n", name, best, first, hart.cpu().traps());
        }
    }

    private static double mips(BareHart hart, double seconds) {
        long until = THREADS.getCurrentThreadCpuTime() + (long) (seconds * 1e9);
        long began = THREADS.getCurrentThreadCpuTime();
        long before = hart.cpu().retired;
        long now;
        do {
            hart.runner().run(1_000_000);
            now = THREADS.getCurrentThreadCpuTime();
        } while (now < until);
        return (hart.cpu().retired - before) * 1e3 / (now - began);
    }

    private static void boot() {
        GuestImage image = DebianGuests.local().prepare("linux", FetchOptions.DEFAULT, Progress.SILENT);
        GuestMachine.Builder builder = GuestMachine.virt().memory(512L << 20).append(image.append()).engine(engine());
        image.kernel().ifPresent(builder::kernel);
        image.initrd().ifPresent(builder::initrd);
        var process = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long began = System.nanoTime();
        long cpuBegan = process.getProcessCpuTime();
        try (GuestMachine guest = builder.start()) {
            guest.expect("root@linux:~# ", Duration.ofMinutes(10));
            PerformanceStats stats = guest.machine().stats(0);
            double wall = (System.nanoTime() - began) / 1e9;
            double cpu = (process.getProcessCpuTime() - cpuBegan) / 1e9;
            double vcpu = Arrays.stream(THREADS.getAllThreadIds()).filter(id -> name(id).contains("cpu"))
                    .map(THREADS::getThreadCpuTime).sum() / 1e9;
            System.out.printf("boot     %.1f s; CPU %.1f s, of it vCPU %.1f s; %.0f M instructions, %.0f M fused%n  %s%n  %s%n",
                    wall, cpu, vcpu, stats.instructions() / 1e6, stats.fused() / 1e6, stats.blocks(), stats.tlb());
        }
    }

    private static String name(long thread) {
        var info = THREADS.getThreadInfo(thread);
        return info == null ? "" : info.getThreadName();
    }
}
