package org.vm.testing.jit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vm.api.ExecMode;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.testing.BareHart;

/** Programs that found something wrong in translated code, or that are made to. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class JitCornersTest {
    private static final int A0 = 10;
    private static final int A1 = 11;
    private static final int S10 = 26;

    /** The dispatch of a region knows addresses by the low 32 bits of their distance. */
    @Test
    void jumpsToTargetsFourGibibytesApartGoWhereTheyShould() {
        try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, 30); BareHart hart = new BareHart(engine)) {
            hart.load("""
                            la      t0, trap
                            csrw    mtvec, t0
                    """ + GuestFrame.OPEN_MEMORY + """
                            la      t0, root
                            li      t1, 0x200000cf          # the same gigabyte at 0x80000000 and at 0x180000000
                            sd      t1, 16(t0)
                            sd      t1, 48(t0)
                            srli    t0, t0, 12
                            li      t1, 1
                            slli    t1, t1, 63
                            or      t0, t0, t1
                            csrw    satp, t0
                    """ + GuestFrame.TO_MAIN + """
                    main:   li      a0, 1200
                            la      s5, next
                            la      s6, targets
                            li      s7, 0
                    loop:   jal     leaf
                            sh3add  t0, s7, s6
                            ld      t0, 0(t0)
                            jr      t0
                    next:   addi    s7, s7, 1
                            li      t0, 6
                            bltu    s7, t0, 1f
                            li      s7, 0
                    1:      addi    a0, a0, -1
                            bnez    a0, loop
                            ecall
                    leaf:   ret
                    t0:     addi    a1, a1, 1
                            auipc   t2, 0
                            srli    t2, t2, 32              # 1 in the upper place
                            add     a2, a2, t2
                            jr      s5
                    t1:     addi    a1, a1, 2
                            jr      s5
                    t2:     addi    a1, a1, 3
                            jr      s5
                    t3:     addi    a1, a1, 4
                            jr      s5
                    t4:     addi    a1, a1, 5
                            jr      s5
                            .align  2
                    trap:   wfi
                            j       trap
                            .align  3
                    targets: .dword t0, t1, t2, t3, t4, t0 + 0x100000000
                            .align  12
                    root:   .zero   4096
                    """);
            hart.runToEnd(100_000);
            assertEquals(200 * (1 + 2 + 3 + 4 + 5 + 1), hart.x(A1));
            assertEquals(200, hart.x(A0 + 2), "turns through the upper place");
            engine.assertTranslated(2_000);
        }
    }

    /** A handler of three instructions, and a loop that must not notice. */
    private static final String INTERRUPTED = """
                    la      t0, trap
                    csrw    mtvec, t0
                    li      t0, 0x2000
                    csrs    mstatus, t0
                    csrwi   mie, 2
                    csrsi   mstatus, 8
                    li      a0, 60000
                    la      a1, cell
                    fcvt.d.l fa1, a0
            1:      ld      t0, 0(a1)
                    add     t0, t0, a0
                    sd      t0, 0(a1)
                    jal     leaf
                    andi    t1, a0, 7
                    beqz    t1, 2f
                    fadd.d  fa0, fa0, fa1
                    slli    a3, a2, 3
                    j       3f
            2:      fdiv.d  fa0, fa0, fa1
                    amoadd.d a4, a0, (a1)
            3:      addi    a0, a0, -1
                    bnez    a0, 1b
                    ld      a5, 0(a1)
                    fmv.x.d a6, fa0
                    csrr    a7, fflags
                    csrw    mie, zero
                    wfi
            leaf:   xor     a2, a2, t0
                    srli    t2, a2, 7
                    add     a2, a2, t2
                    ret
                    .align  2
            trap:   addi    s10, s10, 1
                    csrci   mip, 2
                    mret
                    .align  3
            cell:   .dword  0
            """;

    @ParameterizedTest
    @EnumSource(names = {"JIT", "HYBRID"})
    void aLoopDoesNotNoticeInterrupts(ExecMode mode) throws Exception {
        try (TranslatingEngine engine = new TranslatingEngine(mode, mode == ExecMode.JIT ? 1 : 10);
                BareHart reference = new BareHart(new Interpreter()); BareHart hart = new BareHart(engine)) {
            reference.load(INTERRUPTED);
            reference.runToEnd(10_000_000);
            hart.load(INTERRUPTED);
            CompletableFuture<Void> run = CompletableFuture.runAsync(() -> hart.runToEnd(100_000_000));
            while (!run.isDone()) {
                hart.cpu().line(1).set(true);
                try {
                    run.get(50, TimeUnit.MICROSECONDS);
                } catch (TimeoutException notYet) {
                    // Another one.
                }
            }
            run.get();
            long interrupts = hart.cpu().interrupts();
            assertTrue(interrupts > 5, interrupts + " interrupts");
            assertEquals(interrupts, hart.x(S10));
            assertEquals(reference.cpu().retired + 3 * interrupts, hart.cpu().retired);
            for (int i = 0; i < S10; i++) {
                assertEquals(reference.x(i), hart.x(i), "x" + i);
            }
            engine.assertTranslated(1_000);
        }
    }

    /** Physical memory protection may take away a word in the middle of a page. */
    @Test
    void aWordInHotCodeThatMayNotBeExecutedAnyMoreFaults() {
        try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, 4); BareHart hart = new BareHart(engine)) {
            long gone = hart.load("""
                            la      t0, trap
                            csrw    mtvec, t0
                            la      t0, gone
                            srli    t0, t0, 2
                            csrw    pmpaddr0, t0
                            li      t0, -1
                            csrw    pmpaddr1, t0
                            li      t0, 0x1f00
                            csrw    pmpcfg0, t0
                            li      t0, 0x1800
                            csrc    mstatus, t0
                            li      t0, 0x800
                            csrs    mstatus, t0
                            la      t0, main
                            csrw    mepc, t0
                            mret
                    main:   li      a0, 100
                    1:      jal     hot
                            addi    a0, a0, -1
                            bnez    a0, 1b
                            ecall
                            jal     hot
                            j       .
                    hot:    addi    a1, a1, 1
                            beqz    a1, 1f
                    gone:   addi    a2, a2, 1
                    1:      ret
                            .align  2
                    trap:   csrr    t0, mcause
                            li      t1, 9
                            bne     t0, t1, 2f
                            li      t0, 0x1f11              # a word that may be read only
                            csrw    pmpcfg0, t0
                            sfence.vma
                            fence.i
                            csrr    t0, mepc
                            addi    t0, t0, 4
                            csrw    mepc, t0
                            mret
                    2:      wfi
                            j       2b
                    """).symbol("gone");
            hart.runToEnd(100_000);
            assertEquals(1, hart.cpu().controlRegisters().get("mcause"), "instruction access fault");
            assertEquals(gone, hart.cpu().controlRegisters().get("mepc"));
            assertEquals(101, hart.x(A1));
            assertEquals(100, hart.x(A0 + 2));
        }
    }

    /** Each block's translation begins with what translated code leaves to the interpreter. */
    @Test
    void loadsFromWhereThereIsNoMemoryTrapOnceEach() {
        try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, 1); BareHart hart = new BareHart(engine)) {
            hart.load("""
                            la      t0, trap
                            csrw    mtvec, t0
                            li      a0, 500
                            li      t1, 0x40000000
                    1:      ld      t2, 0(t1)
                            j       2f
                    2:      sd      t2, 0(t1)
                            addi    a0, a0, -1
                            bnez    a0, 1b
                            wfi
                            .align  2
                    trap:   csrr    t3, mepc
                            addi    t3, t3, 4
                            csrw    mepc, t3
                            addi    a1, a1, 1
                            mret
                    """);
            hart.runToEnd(100_000);
            assertEquals(1000, hart.x(A1));
            engine.assertTranslated(1_000);
        }
    }
}
