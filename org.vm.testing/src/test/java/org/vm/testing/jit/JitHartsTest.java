package org.vm.testing.jit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vm.api.ExecMode;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.isa.Assembler;
import org.vm.isa.riscv.internal.RiscvArchitecture;
import org.vm.testing.GuestMachine;

/**
 * Two harts on two threads, whose loops are translated: what one does the other sees as the memory model promises
 * (Volume I, chapter 17), and interrupts come soon. A program in M-mode ends with 0, or with the number of what was wrong.
 */
class JitHartsTest {
    private static final Assembler ASSEMBLER = RiscvArchitecture.assembler();
    private static final Duration TIMEOUT = Duration.ofMinutes(2);

    /** s0: shared memory, which a program divides in lines of 64 bytes; s1: another name of it; tp: the hart. */
    private static final String BEGIN = """
                    csrr    tp, mhartid
                    la      s0, shared
                    la      s1, shared
                    la      t0, trap
                    csrw    mtvec, t0
                    bnez    tp, second
            """;
    private static final String END = """
            pass:   li      t0, 0x100000
                    li      t1, 0x5555
                    sw      t1, 0(t0)
            1:      j       1b
            fail:   slli    a0, a0, 16              # a0: number of what was wrong
                    li      t1, 0x3333
                    or      t1, t1, a0
                    li      t0, 0x100000
                    sw      t1, 0(t0)
            1:      j       1b
                    .align  12
            shared: .zero   4096
            """;
    private static final String NO_TRAPS = """
                    .align  2
            trap:   li      a0, 99
                    j       fail
            """;

    private static void run(ExecMode mode, String program, long translated) {
        byte[] image = ASSEMBLER.assemble(BEGIN + program + END, 0x8000_0000L).bytes();
        try (TranslatingEngine engine = new TranslatingEngine(mode, mode == ExecMode.JIT ? 1 : 20);
                GuestMachine guest = GuestMachine.virt().memory(16 << 20).vcpus(2).firmware(image).engine(engine).start()) {
            assertEquals(0, guest.awaitEnd(TIMEOUT));
            // In the background, HotSpot may need longer than the program takes: then what was profiled has been translated.
            engine.assertTranslated(mode == ExecMode.JIT ? translated : 1);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JIT", "HYBRID"})
    void storesAreSeenInTheOrderOfFences(ExecMode mode) {
        run(mode, """
                        li      a1, 1000000
                        li      a2, 1
                1:      sd      a2, 0(s0)               # message
                        fence   w, w
                        sd      a2, 64(s0)              # there is one
                        sd      a2, 128(s0)             # something else
                        addi    a2, a2, 1
                        bgeu    a1, a2, 1b
                2:      ld      t0, 192(s0)             # until the other one has seen the last
                        beqz    t0, 2b
                        j       pass
                second: li      a1, 1000000
                1:      ld      t0, 64(s0)
                        fence   r, r
                        ld      t1, 0(s0)
                        li      a0, 2
                        bltu    t1, t0, fail            # a flag without its message
                        ld      t2, 128(s0)
                        ld      t3, 128(s1)
                        li      a0, 3
                        bltu    t3, t2, fail            # the same place, and an older value later
                        bne     t0, a1, 1b
                        sd      a1, 192(s0)
                3:      j       3b
                """ + NO_TRAPS, 100_000);
    }

    @ParameterizedTest
    @EnumSource(names = {"JIT", "HYBRID"})
    void aFenceBetweenStoreAndLoadHoldsForBothHarts(ExecMode mode) {
        run(mode, """
                        li      s2, 0x80200000          # one's stores, the other's, what each of them saw
                        li      s3, 0x80300000
                        li      s4, 0x80400000
                        j       both
                second: li      s2, 0x80300000
                        li      s3, 0x80200000
                        li      s4, 0x80500000
                both:   li      t0, 1
                        amoadd.w t1, t0, (s0)
                1:      lw      t1, 0(s0)
                        li      t2, 2
                        bne     t1, t2, 1b
                        li      a1, 50000
                2:      sd      t0, 0(s2)
                        fence   rw, rw
                        ld      t1, 0(s3)
                        sd      t1, 0(s4)
                        addi    s2, s2, 8
                        addi    s3, s3, 8
                        addi    s4, s4, 8
                        addi    a1, a1, -1
                        bnez    a1, 2b
                        amoadd.w t1, t0, (s0)
                3:      lw      t1, 0(s0)
                        li      t2, 4
                        bne     t1, t2, 3b
                4:      bnez    tp, 4b
                        li      s3, 0x80400000
                        li      s4, 0x80500000
                        li      a1, 50000
                5:      ld      t0, 0(s3)
                        ld      t1, 0(s4)
                        or      t0, t0, t1
                        li      a0, 4
                        beqz    t0, fail                # neither saw the other's store
                        addi    s3, s3, 8
                        addi    s4, s4, 8
                        addi    a1, a1, -1
                        bnez    a1, 5b
                        j       pass
                """ + NO_TRAPS, 100_000);
    }

    @ParameterizedTest
    @EnumSource(names = {"JIT", "HYBRID"})
    void locksExclude(ExecMode mode) {
        run(mode, """
                second: li      a1, 30000
                        li      t5, 1
                        addi    a2, s0, 64              # lock by LR and SC, and what it guards
                        addi    a3, s0, 128
                        addi    a4, s0, 192             # lock by AMO
                        addi    a5, s0, 256
                        addi    a6, s0, 320
                1:      lr.w.aq t0, (a2)
                        bnez    t0, 1b
                        sc.w    t0, t5, (a2)
                        bnez    t0, 1b
                        ld      t1, 0(a3)
                        addi    t1, t1, 1
                        sd      t1, 0(a3)
                        fence   rw, w
                        sw      zero, 0(a2)
                2:      amoswap.w.aq t0, t5, (a4)
                        bnez    t0, 2b
                        ld      t1, 0(a5)
                        addi    t1, t1, 3
                        sd      t1, 0(a5)
                        amoswap.w.rl zero, zero, (a4)
                        amoadd.d zero, a1, (a6)
                        addi    a1, a1, -1
                        bnez    a1, 1b
                        amoadd.w t0, t5, (s0)
                3:      lw      t0, 0(s0)               # both are done
                        li      t1, 2
                        bne     t0, t1, 3b
                4:      bnez    tp, 4b
                        li      t1, 60000
                        ld      t0, 0(a3)
                        li      a0, 5
                        bne     t0, t1, fail
                        li      t1, 180000
                        ld      t0, 0(a5)
                        li      a0, 6
                        bne     t0, t1, fail
                        li      t1, 900030000
                        ld      t0, 0(a6)
                        li      a0, 7
                        bne     t0, t1, fail
                        j       pass
                """ + NO_TRAPS, 100_000);
    }

    /** The harts work, each counting its turns, until a key is pressed; engines change a hundred times meanwhile. */
    @Test
    void locksExcludeWhileEnginesTakeTurns() {
        byte[] image = ASSEMBLER.assemble(BEGIN + """
                second: li      t5, 1
                        addi    a2, s0, 64              # lock
                        addi    a3, s0, 128             # what it guards
                        addi    a4, s0, 192             # turns of those who are done
                        li      a5, 0x10000005          # the UART's line status
                1:      lr.w.aq t0, (a2)
                        bnez    t0, 1b
                        sc.w    t0, t5, (a2)
                        bnez    t0, 1b
                        ld      t1, 0(a3)
                        addi    t1, t1, 1
                        sd      t1, 0(a3)
                        amoswap.w.rl zero, zero, (a2)
                        addi    a6, a6, 1
                        andi    t0, a6, 63
                        bnez    t0, 1b
                        lbu     t0, 0(a5)
                        andi    t0, t0, 1
                        beqz    t0, 1b
                        amoadd.d zero, a6, (a4)
                        amoadd.w t0, t5, (s0)
                2:      lw      t0, 0(s0)               # both are done
                        li      t1, 2
                        bne     t0, t1, 2b
                3:      bnez    tp, 3b
                        ld      t0, 0(a3)
                        ld      t1, 0(a4)
                        li      a0, 10
                        bne     t0, t1, fail
                        j       pass
                """ + NO_TRAPS + END, 0x8000_0000L).bytes();
        try (TranslatingEngine jit = new TranslatingEngine(ExecMode.JIT, 1);
                TranslatingEngine hybrid = new TranslatingEngine(ExecMode.HYBRID, 5);
                GuestMachine guest = GuestMachine.virt().memory(16 << 20).vcpus(2).firmware(image).engine(jit).start()) {
            List<ExecutionEngine> engines = List.of(new Interpreter(), jit, hybrid);
            for (int i = 0; i < 100; i++) {
                guest.machine().engine(engines.get(i % 3));
            }
            guest.type("x");
            assertEquals(0, guest.awaitEnd(TIMEOUT));
            jit.assertTranslated(100);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"JIT", "HYBRID"})
    void aLoopThatOnlyLoadsEndsWhenAnotherHartStores(ExecMode mode) {
        run(mode, """
                        li      a1, 20
                1:      li      t0, 1000000
                2:      addi    t0, t0, -1
                        bnez    t0, 2b
                        sd      a1, 0(s0)
                3:      ld      t1, 64(s0)              # the answer
                        bne     t1, a1, 3b
                        addi    a1, a1, -1
                        bnez    a1, 1b
                        j       pass
                second: li      a1, 20
                1:      ld      t0, 0(s0)
                        bne     t0, a1, 1b
                        sd      a1, 64(s0)
                        addi    a1, a1, -1
                        bnez    a1, 1b
                2:      j       2b
                """ + NO_TRAPS, 1_000_000);
    }

    @ParameterizedTest
    @EnumSource(names = {"JIT", "HYBRID"})
    void anInterruptComesWithinSomeTurnsOfALoop(ExecMode mode) {
        run(mode, """
                        csrwi   mie, 8
                        csrsi   mstatus, 8
                1:      addi    s4, s4, 1
                        sd      s4, 0(s0)
                        addi    s5, s5, 3
                        xor     s6, s6, s5
                        j       1b
                second: li      a1, 300
                        li      a4, 0x2000000
                        li      t5, 1
                1:      li      t0, 2000
                2:      addi    t0, t0, -1
                        bnez    t0, 2b
                        ld      a2, 64(s0)              # interrupts so far
                        sw      t5, 0(a4)
                        fence
                        ld      t2, 0(s0)               # its turns, when the interrupt is on its way
                3:      ld      t3, 64(s0)
                        beq     t3, a2, 3b
                        fence   r, r
                        ld      t3, 128(s0)             # its turns, when it came
                        sub     t3, t3, t2
                        li      t4, 2500
                        li      a0, 8
                        bgt     t3, t4, fail
                        addi    a1, a1, -1
                        bnez    a1, 1b
                        j       pass
                        .align  2
                trap:   sd      s4, 128(s0)
                        fence   w, w
                        addi    s7, s7, 1
                        li      t5, 0x2000000
                        sw      zero, 0(t5)
                        sd      s7, 64(s0)
                        mret
                """, 10_000);
    }

    @ParameterizedTest
    @EnumSource(names = {"JIT", "HYBRID"})
    void theTimerInterruptsLoopsAndWaits(ExecMode mode) {
        run(mode, """
                        li      t0, 0x80
                        csrw    mie, t0
                        jal     arm
                        csrsi   mstatus, 8
                1:      addi    s4, s4, 1
                        li      t0, 40
                        bltu    s7, t0, 1b
                2:      wfi
                        addi    s5, s5, 1
                        li      t0, 80
                        bltu    s7, t0, 2b
                        j       pass
                arm:    li      t5, 0x200bff8
                        ld      t6, 0(t5)
                        addi    t6, t6, 2000            # 0.2 ms
                        li      t5, 0x2004000
                        sd      t6, 0(t5)
                        ret
                        .align  2
                trap:   addi    s7, s7, 1
                        mv      s8, ra
                        jal     arm
                        mv      ra, s8
                        mret
                second: wfi
                        j       second
                """, 1_000);
    }

    /** One hart changes a function that the other one calls all the time, and asks it for a {@code fence.i}. */
    @ParameterizedTest
    @EnumSource(names = {"JIT", "HYBRID"})
    void codeThatAnotherHartStoresRunsAfterItsFence(ExecMode mode) {
        run(mode, """
                        li      a1, 1
                        la      a2, f
                        li      a4, 0x2000000
                1:      slli    t0, a1, 20              # li a0, version
                        li      t1, 0x513
                        or      t0, t0, t1
                        sw      t0, 0(a2)
                        fence   rw, rw
                        li      t0, 1
                        sw      t0, 4(a4)               # interrupts the other hart
                2:      ld      t0, 0(s0)
                        bne     t0, a1, 2b              # it had its fence
                        fence   rw, rw
                        sd      a1, 64(s0)              # from now on this version, or a later one
                        li      t0, 20000
                3:      addi    t0, t0, -1
                        bnez    t0, 3b
                        addi    a1, a1, 1
                        li      t0, 150
                        bne     a1, t0, 1b
                        j       pass
                second: csrwi   mie, 8
                        csrsi   mstatus, 8
                1:      ld      a5, 64(s0)
                        fence   r, rw
                        jal     f
                        mv      a6, a0
                        li      a0, 9
                        bltu    a6, a5, fail
                        j       1b
                        .align  2
                trap:   li      t5, 0x2000000
                        sw      zero, 4(t5)
                        fence   rw, rw
                        fence.i
                        addi    s7, s7, 1
                        sd      s7, 0(s0)
                        mret
                        .align  12
                f:      li      a0, 0
                        addi    a7, a7, 1
                        ret
                """, 10_000);
    }
}
