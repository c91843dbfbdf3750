package org.vm.testing;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.machine.Machine;
import org.vm.isa.Assembler;
import org.vm.isa.riscv.internal.RiscvArchitecture;

/**
 * A program in M-mode that computes the same on each hart, round after round, until it is told to stop: integers, memory,
 * floating point, and a counter that all share. It ends with 0, or with the number of what was wrong.
 */
public final class Computation {
    private static final Assembler ASSEMBLER = RiscvArchitecture.assembler();
    private static final long BASE = 0x8000_0000L;
    /** Where the harts meet: rounds of all, whether to stop, how many have; then the rounds of each. */
    public static final long SHARED = BASE + 0x10000;
    private static final int STOP = 8;
    private static final int STEPS = 256;
    private static final long SEED = 88172645463325252L;

    private final int harts;

    public Computation(int harts) {
        this.harts = harts;
    }

    /** What is loaded as firmware, at the beginning of RAM. */
    public byte[] image() {
        return ASSEMBLER.assemble(program(), BASE).bytes();
    }

    public GuestMachine on(ExecutionEngine engine) {
        return GuestMachine.virt().memory(16 << 20).vcpus(harts).firmware(image()).engine(engine).start();
    }

    /** Rounds of all harts so far. */
    public static long rounds(Machine machine) {
        return (long) ValueLayout.JAVA_LONG.varHandle().getVolatile(shared(machine), 0L);
    }

    /** Tells the harts to stop, and to compare what they have done. */
    public static void stop(Machine machine) {
        ValueLayout.JAVA_LONG.varHandle().setVolatile(shared(machine), (long) STOP, 1L);
    }

    private static MemorySegment shared(Machine machine) {
        return machine.memory().segment().asSlice(machine.memory().offset(SHARED, 4096), 4096);
    }

    /** What each round must come to. */
    private record Sums(long integers, double doubles) {
        static Sums right() {
            long x = SEED;
            long sum = 0;
            double doubles = 0;
            for (int i = 0; i < STEPS; i++) {
                x ^= x << 13;
                x ^= x >>> 7;
                x ^= x << 17;
                long odd = x >>> 8 & 0xFF | 1;
                sum = (sum + (int) (x >>> 32)) * odd + x;
                doubles = doubles / odd + odd;
            }
            return new Sums(sum, doubles);
        }
    }

    private String program() {
        Sums right = Sums.right();
        return """
                        csrr    tp, mhartid
                        la      t0, trap
                        csrw    mtvec, t0
                        li      t0, 0x2000              # mstatus.FS: initial
                        csrs    mstatus, t0
                        li      s0, %#x
                        slli    s1, tp, 12              # a page of its own
                        add     s1, s1, s0
                        li      t0, 4096
                        add     s1, s1, t0
                        li      s2, %d
                        li      s3, %d
                        li      s4, %d
                        li      s11, 0
                round:  li      a0, %d
                        li      a1, 0
                        fmv.d.x fa0, zero
                        li      a2, 0
                inner:  slli    t0, a0, 13
                        xor     a0, a0, t0
                        srli    t0, a0, 7
                        xor     a0, a0, t0
                        slli    t0, a0, 17
                        xor     a0, a0, t0
                        andi    t1, a2, 63
                        slli    t1, t1, 3
                        add     t1, t1, s1
                        sd      a0, 0(t1)
                        lw      t2, 4(t1)
                        jal     ra, step
                        addi    a2, a2, 1
                        bne     a2, s4, inner
                        li      a0, 1
                        bne     a1, s2, fail
                        fmv.x.d t0, fa0
                        li      a0, 2
                        bne     t0, s3, fail
                        addi    s11, s11, 1
                        li      t0, 1
                        amoadd.d t0, t0, (s0)
                        ld      t0, 8(s0)
                        beqz    t0, round
                        slli    t1, tp, 3
                        add     t1, t1, s0
                        sd      s11, 64(t1)
                        fence
                        li      t0, 1
                        addi    t1, s0, 16
                        amoadd.d t0, t0, (t1)
                        bnez    tp, halt
                        li      t2, %d
                others: ld      t0, 16(s0)
                        bne     t0, t2, others
                        fence
                        ld      t0, 0(s0)
                        mv      t1, s0
                sum:    ld      t3, 64(t1)
                        sub     t0, t0, t3
                        addi    t1, t1, 8
                        addi    t2, t2, -1
                        bnez    t2, sum
                        li      a0, 3
                        bnez    t0, fail
                        li      t0, 0x100000
                        li      t1, 0x5555
                        sw      t1, 0(t0)
                halt:   j       halt
                step:   lbu     t3, 1(t1)
                        ori     t3, t3, 1
                        add     a1, a1, t2
                        mul     a1, a1, t3
                        add     a1, a1, a0
                        fcvt.d.l ft0, t3
                        fdiv.d  fa0, fa0, ft0
                        fadd.d  fa0, fa0, ft0
                        ret
                        .align  2
                trap:   li      a0, 99
                fail:   slli    a0, a0, 16
                        li      t1, 0x3333
                        or      t1, t1, a0
                        li      t0, 0x100000
                        sw      t1, 0(t0)
                1:      j       1b
                """.formatted(SHARED, right.integers, Double.doubleToRawLongBits(right.doubles), STEPS, SEED, harts);
    }
}
