package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.vm.testing.BareHart.RAM;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.ExitReason;
import org.vm.isa.Program;

/** What every engine promises, shown with RISC-V programs. An engine is done when it passes. */
abstract class EngineContract {
    private static final int RA = 1;
    private static final int T0 = 5;
    private static final int T1 = 6;
    private static final int A0 = 10;
    private static final int A1 = 11;
    private static final int A2 = 12;
    private static final int A3 = 13;

    /** Enters S-mode at {@code supervisor}; RAM is mapped where it is, and the page of {@code leaf} at 0x1000000. */
    private static final String ENTER_SUPERVISOR = """
                    la      t0, trap
                    csrw    mtvec, t0
                    li      t0, -1
                    csrw    pmpaddr0, t0
                    li      t0, 0x1f
                    csrw    pmpcfg0, t0
                    la      t0, root
                    la      t1, middle
                    srli    t1, t1, 2
                    ori     t1, t1, 1
                    sd      t1, 0(t0)
                    li      t1, 0x200000cf          # 0x80000000: a gigabyte, all rights, accessed, dirty
                    sd      t1, 16(t0)
                    la      t0, middle
                    la      t1, leaf
                    srli    t1, t1, 2
                    ori     t1, t1, 1
                    sd      t1, 64(t0)              # 0x1000000 = 8 * 2 MiB
                    la      t0, root
                    srli    t0, t0, 12
                    li      t1, 1
                    slli    t1, t1, 63
                    or      t0, t0, t1
                    csrw    satp, t0
                    sfence.vma
                    li      t0, 0x1800
                    csrc    mstatus, t0
                    li      t0, 0x800
                    csrs    mstatus, t0
                    la      t0, supervisor
                    csrw    mepc, t0
                    mret
            trap:   wfi
                    j       trap
            """;

    private static final String PAGE_TABLES = """
                    .align 12
            root:   .zero 4096
            middle: .zero 4096
            leaf:   .zero 4096
            """;

    private BareHart hart;

    /** A new engine; one that fuses or translates does so early. */
    protected abstract ExecutionEngine engine();

    @BeforeEach
    void makeHart() {
        hart = new BareHart(engine());
    }

    @AfterEach
    void closeHart() {
        hart.close();
    }

    private long csr(String name) {
        return hart.cpu().controlRegisters().get(name);
    }

    @Test
    void branchesCallsAndIndirectJumpsGoWhereTheyShould() {
        hart.load("""
                        la      sp, stack
                        li      a0, 15
                        call    fib
                        wfi
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
                        la      t1, fib
                        jalr    t1
                        ld      t0, 16(sp)
                        add     a0, a0, t0
                        ld      ra, 0(sp)
                        addi    sp, sp, 24
                small:  ret
                        .zero   4096
                stack:
                """);
        hart.runToEnd(1_000_000);
        assertEquals(610, hart.x(A0));
    }

    @Test
    void aLinkRegisterThatIsAlsoTheTargetIsReadBeforeItIsWritten() {
        Program program = hart.load("""
                        li      a1, 100
                again:  la      ra, there
                        jalr    ra, 0(ra)
                back:   wfi
                there:  addi    a1, a1, -1
                        bnez    a1, again
                        ret
                """);
        hart.runToEnd(10_000);
        assertEquals(program.symbol("back"), hart.x(RA));
    }

    @Test
    void theZeroRegisterStaysZero() {
        hart.load("""
                        li      a1, 1000
                1:      addi    zero, a1, 5
                        add     a0, zero, zero
                        ld      zero, 0(sp)
                        jalr    zero, 8(t0)
                """.replace("ld      zero, 0(sp)", "la t0, 2f") + """
                        .word 0
                2:      .word 0, 0
                        addi    a1, a1, -1
                        bnez    a1, 1b
                        wfi
                """);
        hart.runToEnd(100_000);
        assertEquals(0, hart.x(0));
        assertEquals(0, hart.x(A0));
    }

    @Test
    void everyInstructionIsCounted() {
        hart.load("""
                        li      a0, 1000
                1:      addi    a1, a1, 1
                        c.addi  a2, 2
                        addi    a0, a0, -1
                        bnez    a0, 1b
                        csrr    a3, minstret
                        wfi
                """);
        hart.runToEnd(100_000);
        assertEquals(1 + 4 * 1000, hart.x(A3));
        assertEquals(1 + 4 * 1000 + 2, hart.cpu().retired);
    }

    /** Volume II, 3.3.1. */
    @Test
    void whatCallsOrBreaksIsNotCounted() {
        hart.load("""
                        la      t0, trap
                        csrw    mtvec, t0
                        li      a0, 1000
                1:      csrr    a1, minstret
                        ecall
                        csrr    a2, minstret
                        ebreak
                        csrr    a3, minstret
                        add     a4, a4, a2
                        sub     a4, a4, a1
                        add     a5, a5, a3
                        sub     a5, a5, a2
                        addi    a0, a0, -1
                        bnez    a0, 1b
                        wfi
                        .align  3
                trap:   csrr    t1, mepc
                        addi    t1, t1, 4
                        csrw    mepc, t1
                        mret
                """);
        hart.runToEnd(100_000);
        assertEquals(1000 * (1 + 4), hart.x(A0 + 4), "csrr and the handler");
        assertEquals(1000 * (1 + 4), hart.x(A0 + 5));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
    void aTrapInHotCodeIsExact(int position) {
        StringBuilder source = new StringBuilder("""
                        la      t0, trap
                        csrw    mtvec, t0
                        li      a0, 3000
                        la      t1, cell
                loop:
                """);
        for (int i = 0; i < 10; i++) {
            source.append(i == position ? "fault: ld a1, 0(t1)\n" : "addi a" + (2 + i % 4) + ", a" + (2 + (i + 1) % 4) + ", 1\n");
        }
        source.append("""
                        addi    a0, a0, -1
                        bnez    a0, loop
                        li      t1, 0x40000000      # nothing is there
                        j       loop
                        .align  3
                trap:   wfi
                cell:   .dword  77
                """);
        Program program = hart.load(source.toString());
        long[] expected = new long[6];
        for (int i = 0; i < 3001 * 10; i++) {
            if (i == 3000 * 10 + position) {
                break;
            }
            if (i % 10 != position) {
                expected[2 + i % 10 % 4] = expected[2 + (i % 10 + 1) % 4] + 1;
            }
        }
        hart.runToEnd(1_000_000);
        assertEquals(program.symbol("fault"), csr("mepc"));
        assertEquals(5, csr("mcause"));
        assertEquals(0x40000000L, csr("mtval"));
        for (int i = 2; i < 6; i++) {
            assertEquals(expected[i], hart.x(A0 + i), "a" + i);
        }
        assertEquals(77, hart.x(A1));
        long before = (program.symbol("loop") - RAM) / 4;
        assertEquals(before + 3000 * 12 + 2 + position + 1, hart.cpu().retired, "with the wfi of the handler");
    }

    @Test
    void anIllegalInstructionTrapsWhereItIs() {
        Program program = hart.load("""
                        la      t0, trap
                        csrw    mtvec, t0
                        li      a0, 5
                        addi    a0, a0, 1
                bad:    .word   0xffffffff
                        li      a0, 0
                        .align  2
                trap:   wfi
                """);
        hart.runToEnd(100);
        assertEquals(program.symbol("bad"), csr("mepc"));
        assertEquals(2, csr("mcause"));
        assertEquals(6, hart.x(A0));
    }

    @Test
    void aJumpToWhereNothingCanBeFetchedTrapsAtItsTarget() {
        hart.load("""
                        la      t0, trap
                        csrw    mtvec, t0
                        li      t1, 0x40000000
                        jalr    t1
                        .align  2
                trap:   wfi
                """);
        hart.runToEnd(100);
        assertEquals(0x40000000L, csr("mepc"));
        assertEquals(1, csr("mcause"));
    }

    @Test
    void theBudgetIsKeptGiveOrTakeABlock() {
        hart.load("""
                1:      addi    a0, a0, 1
                        addi    a1, a1, 2
                        j       1b
                """);
        long total = 0;
        for (int i = 0; i < 200; i++) {
            assertEquals(ExitReason.BUDGET, hart.runner().run(1000));
            total = hart.cpu().retired;
            assertTrue(total <= (i + 1) * 1064L, total + " instructions after " + (i + 1) + " runs");
            long turns = total / 3;
            assertTrue(hart.x(A0) == turns || hart.x(A0) == turns + 1, "state is not that of " + total + " instructions");
            assertEquals(0, (hart.cpu().pc - RAM) % 4);
        }
        assertTrue(total >= 190_000);
    }

    @Test
    void aGuestThatOnlyTrapsUsesUpItsBudget() {
        hart.load("ecall");
        assertEquals(ExitReason.BUDGET, hart.runner().run(1000));
    }

    @Test
    void anExitRequestedByAnotherThreadComesSoon() throws Exception {
        hart.load("1: addi a0, a0, 1\n j 1b");
        for (int i = 0; i < 20; i++) {
            CompletableFuture<ExitReason> exit = CompletableFuture.supplyAsync(() -> hart.runner().run(Long.MAX_VALUE / 2));
            hart.cpu().requestExit();
            assertEquals(ExitReason.REQUESTED, exit.get(20, TimeUnit.SECONDS));
        }
    }

    @Test
    void whatIsPostedRunsBetweenTwoInstructions() throws Exception {
        hart.load("1: addi a0, a0, 1\n addi a1, a1, 1\n j 1b");
        CompletableFuture<ExitReason> exit = CompletableFuture.supplyAsync(() -> hart.runner().run(Long.MAX_VALUE / 2));
        CompletableFuture<Long> difference = new CompletableFuture<>();
        hart.cpu().post(() -> difference.complete(hart.x(A0) - hart.x(A1)));
        assertTrue(Math.abs(difference.get(20, TimeUnit.SECONDS)) <= 1);
        hart.cpu().requestExit();
        assertEquals(ExitReason.REQUESTED, exit.get(20, TimeUnit.SECONDS));
    }

    @Test
    void storesToCodeAreSeenAfterFenceI() {
        hart.load("""
                        li      a0, 2000
                        la      t0, code
                        li      t1, 0x00158593      # addi a1, a1, 1
                        li      t2, 0x00258593      # addi a1, a1, 2
                1:      xor     t3, t1, t2          # change from one to the other
                        lw      t4, 0(t0)
                        xor     t4, t4, t3
                        sw      t4, 0(t0)
                        fence.i
                        jal     code
                        addi    a0, a0, -1
                        bnez    a0, 1b
                        wfi
                code:   addi    a1, a1, 1
                        ret
                """);
        hart.runToEnd(1_000_000);
        assertEquals(2000 + 1000, hart.x(A1));
    }

    @Test
    void floatingPointCodeThatWasReplacedDoesNotMakeItsUnitDirty() {
        hart.load("""
                        li      t0, 0x2000          # on, clean
                        csrs    mstatus, t0
                        la      t1, code
                        lw      t2, 4(t1)
                        jal     code
                        csrr    a0, mstatus
                        sw      t2, 0(t1)
                        fence.i
                        li      t0, 0x4000
                        csrc    mstatus, t0
                        jal     code
                        csrr    a1, mstatus
                        wfi
                code:   fadd.d  fa0, fa1, fa2
                        ret
                """);
        hart.runToEnd(100);
        assertEquals(3, hart.x(A0) >> 13 & 3, "dirty");
        assertEquals(1, hart.x(A1) >> 13 & 3, "clean");
    }

    @Test
    void codeThatDidNotChangeSurvivesFenceI() {
        hart.load("""
                        li      a0, 500
                1:      addi    a1, a1, 1
                        fence.i
                        addi    a0, a0, -1
                        bnez    a0, 1b
                        wfi
                """);
        hart.runToEnd(100_000);
        assertEquals(500, hart.x(A1));
        assertTrue(hart.runner().blocks().misses() < 20, hart.runner().blocks().toString());
    }

    @Test
    void storesByOthersAreSeenInANewEpoch() {
        Program program = hart.load("""
                1:      addi    a0, a0, 1
                        j       1b
                """);
        hart.runner().run(1000);
        // c.nop and wfi instead of the jump.
        hart.write64(program.origin(), 0x10500073_00000013L);
        hart.cpu().codeEpoch++;
        hart.runToEnd(100);
    }

    @Test
    void aPageThatIsMappedElsewhereRunsOtherCode() {
        hart.load(ENTER_SUPERVISOR + """
                supervisor:
                        li      a0, 3000
                        la      a2, leaf
                        la      t5, first
                        la      t6, second
                        srli    t5, t5, 2
                        srli    t6, t6, 2
                        ori     t5, t5, 0xcf
                        ori     t6, t6, 0xcf
                        li      a3, 0x1000000
                1:      sd      t5, 0(a2)
                        sfence.vma
                        jalr    a3
                        xor     t5, t5, t6          # swap
                        xor     t6, t5, t6
                        xor     t5, t5, t6
                        addi    a0, a0, -1
                        bnez    a0, 1b
                        ecall
                        .align  12
                first:  addi    a1, a1, 1
                        ret
                        .align  12
                second: slli    a1, a1, 1
                        andi    a1, a1, 0xff
                        ret
                """ + PAGE_TABLES);
        hart.runToEnd(1_000_000);
        assertEquals(9, csr("mcause"), "the ecall at the end");
        long expected = 0;
        for (int i = 0; i < 3000; i++) {
            expected = i % 2 == 0 ? expected + 1 : expected << 1 & 0xff;
        }
        assertEquals(expected, hart.x(A1));
    }

    @Test
    void hotCodeInAPageThatIsUnmappedFaults() {
        hart.load(ENTER_SUPERVISOR + """
                supervisor:
                        li      a0, 3000
                        la      a2, leaf
                        la      t5, first
                        srli    t5, t5, 2
                        ori     t5, t5, 0xcf
                        li      a3, 0x1000000
                        sd      t5, 0(a2)
                        sfence.vma
                1:      jalr    a3
                        addi    a0, a0, -1
                        bnez    a0, 1b
                        sd      zero, 0(a2)
                        sfence.vma
                        j       1b
                        .align  12
                first:  addi    a1, a1, 1
                        ret
                """ + PAGE_TABLES);
        hart.runToEnd(1_000_000);
        assertEquals(12, csr("mcause"));
        assertEquals(0x1000000L, csr("mepc"));
        assertEquals(3000, hart.x(A1));
    }

    private static final String STRADDLING = """
                        .align  12
                low:    .zero   4090
                in_low: addi    a1, a1, 1           # at the end of the first page
                        .half   0x8593              # addi a1, a1, …
                        .align  12
                high:   .half   0x0645              # … 100
                        ret
                        .align  12
                other:  .half   0x0c85              # … 200
                        ret
                """;

    @Test
    void anInstructionOnTwoPagesFollowsTheMappingOfBoth() {
        hart.load(ENTER_SUPERVISOR + """
                supervisor:
                        li      a0, 3000
                        la      a2, leaf
                        la      t4, low
                        la      t5, high
                        la      t6, other
                        srli    t4, t4, 2
                        srli    t5, t5, 2
                        srli    t6, t6, 2
                        ori     t4, t4, 0xcf
                        ori     t5, t5, 0xcf
                        ori     t6, t6, 0xcf
                        sd      t4, 0(a2)
                        li      a3, 0x1000ffa
                1:      sd      t5, 8(a2)
                        sfence.vma
                        jalr    a3
                        xor     t5, t5, t6
                        xor     t6, t5, t6
                        xor     t5, t5, t6
                        addi    a0, a0, -1
                        bnez    a0, 1b
                        ecall
                """ + STRADDLING + PAGE_TABLES);
        hart.runToEnd(1_000_000);
        assertEquals(9, csr("mcause"), "the ecall at the end");
        assertEquals(3000 + 1500 * 100 + 1500 * 200, hart.x(A1));
    }

    @Test
    void theSecondHalfOfAnInstructionFaultsWithItsOwnAddress() {
        hart.load(ENTER_SUPERVISOR + """
                supervisor:
                        la      a2, leaf
                        la      t4, low
                        srli    t4, t4, 2
                        ori     t4, t4, 0xcf
                        sd      t4, 0(a2)
                        sfence.vma
                        li      a3, 0x1000ffa
                        jr      a3
                """ + STRADDLING + PAGE_TABLES);
        hart.runToEnd(1_000);
        assertEquals(12, csr("mcause"));
        assertEquals(0x1000ffeL, csr("mepc"));
        assertEquals(0x1001000L, csr("mtval"));
        assertEquals(1, hart.x(A1));
    }

    @Test
    void codeMeansWhatTheContextMakesOfIt() {
        Program program = hart.load("""
                        la      t0, trap
                        csrw    mtvec, t0
                        li      t1, 0x6000          # FS
                        li      a0, 2000
                        j       2f
                1:      li      t3, 1
                        fcvt.d.l fa0, t3
                        fadd.d  fa0, fa0, fa0
                        fcvt.l.d t3, fa0
                        add     a1, a1, t3
                2:      csrs    mstatus, t1
                        addi    a0, a0, -1
                        bnez    a0, 1b
                        csrc    mstatus, t1
                        j       1b
                        .align  2
                trap:   wfi
                """);
        hart.runToEnd(1_000_000);
        assertEquals(1999 * 2, hart.x(A1));
        assertEquals(2, csr("mcause"));
        assertTrue(csr("mepc") > program.origin());
        assertEquals(1, hart.x(28), "the instruction before it");
    }

    @Test
    void anotherEngineTakesOverBetweenTwoInstructions() {
        hart.load("""
                        li      a0, 100000
                1:      addi    a1, a1, 3
                        addi    a0, a0, -1
                        bnez    a0, 1b
                        wfi
                """);
        for (int i = 0; i < 5; i++) {
            assertSame(ExitReason.BUDGET, hart.runner().run(30_000));
            hart.engine(engine());
        }
        hart.runToEnd(1_000_000);
        assertEquals(300_000, hart.x(A1));
    }

    @Test
    void forgettingAllCodeChangesNothing() {
        hart.load("""
                        li      a0, 100000
                1:      addi    a1, a1, 3
                        addi    a0, a0, -1
                        bnez    a0, 1b
                        wfi
                """);
        while (hart.runner().run(10_000) == ExitReason.BUDGET) {
            hart.runner().flush();
            assertEquals(0, hart.runner().blocks().size());
        }
        assertEquals(300_000, hart.x(A1));
    }

    @Test
    void hotCodeMayStoreToItsOwnDataPage() {
        hart.load("""
                        la      t0, cell
                        li      a0, 5000
                1:      ld      t1, 0(t0)
                        addi    t1, t1, 1
                        sd      t1, 0(t0)
                        ld      t2, 0(t0)
                        add     a2, a2, t2
                        addi    a0, a0, -1
                        bnez    a0, 1b
                        wfi
                        .align  3
                cell:   .dword  0
                """);
        hart.runToEnd(1_000_000);
        assertEquals(5000, hart.x(T1));
        assertEquals(5000L * 5001 / 2, hart.x(A2));
        assertEquals(RAM, hart.x(T0) & -4096);
    }

    private void addAccumulating() {
        hart.close();
        hart = new BareHart(engine(), List.of(Accumulating.EXTENSION));
    }

    @Test
    void instructionsOfABundleWorkOnControlRegistersOfItsOwn() {
        addAccumulating();
        hart.load("""
                        csrr    a2, macc                # 7, from the reset
                        li      a0, 5000
                1:      mac     a0, a0
                        addi    a0, a0, -1
                        bnez    a0, 1b
                        csrr    a1, macc
                        csrrw   a3, macc, zero
                        csrr    a4, macc
                        wfi
                """);
        hart.runToEnd(1_000_000);
        long sum = 7 + 5000L * 5001 * 10001 / 6;
        assertEquals(7, hart.x(A2));
        assertEquals(sum, hart.x(A1));
        assertEquals(sum, hart.x(A3));
        assertEquals(0, hart.x(14));
        assertEquals(0, hart.cpu().controlRegisters().get("macc"));
    }

    @Test
    void controlRegistersThatAProgramChangesInALoopAreSeenByTheInstructionsThere() {
        addAccumulating();
        hart.load("""
                        li      a0, 5000
                        la      t0, cell
                1:      csrw    macc, a0
                        mac     a0, a0
                        csrrs   a1, macc, zero
                        add     a2, a2, a1
                        gather  8(t0)
                        csrrc   t1, macc, a0
                        weigh   t2, a0
                        add     a3, a3, t2
                        csrwi   limit, 31
                        clip    t3, a0
                        clipped a0
                        addi    a0, a0, -1
                        bnez    a0, 1b
                        csrr    a4, clips
                        wfi
                        .align 3
                cell:   .dword 1, 0x123456789
                """);
        hart.runToEnd(1_000_000);
        long sum = 0;
        long weighed = 0;
        for (long a0 = 5000; a0 > 0; a0--) {
            long macc = a0 + a0 * a0;
            sum += macc;
            macc = (macc ^ 0x1_2345_6789L) & ~a0;
            weighed += Long.bitCount(a0) ^ macc;
        }
        assertEquals(sum, hart.x(A2));
        assertEquals(weighed, hart.x(A3));
        assertEquals(5000 - 31, hart.x(14));
    }

    @Test
    void aControlRegisterOfABundleHasTheRightsOfItsNumber() {
        addAccumulating();
        Program program = hart.load(ENTER_SUPERVISOR.replace("trap:   wfi", """
                trap:   csrr    t1, mcause
                        csrr    t2, mepc
                        addi    t2, t2, 4
                        csrw    mepc, t2
                        slli    a0, a0, 4
                        or      a0, a0, t1
                        la      t2, end
                        csrr    t1, mepc
                        blt     t1, t2, 3f
                        wfi
                3:      mret
                """) + """
                supervisor:
                        li      a0, 0
                        csrr    a1, macc                # everybody's
                        csrw    sacc, a1                # S-mode's
                        csrr    a2, sacc
                        csrr    a3, clips               # read-only
                        csrr    a3, machineacc          # illegal: M-mode's
                        csrw    clips, a3               # illegal
                        csrsi   clips, 1                # illegal
                        csrr    a3, 0x801               # illegal: nobody's
                        li      a3, -1
                        csrw    limit, a3
                        csrr    a3, limit
                end:    ecall
                        .align 2
                """ + PAGE_TABLES);
        hart.runToEnd(100_000);
        assertEquals(0x22229, hart.x(A0));
        assertEquals(7, hart.x(A1));
        assertEquals(7, hart.x(A2));
        assertEquals(0xFFFF, hart.x(A3));
    }

    @Test
    void instructionsThatGoAreIllegalAndWhatTheyHadKeptIsThereWhenTheyComeBack() {
        addAccumulating();
        hart.load("""
                        la      t0, trap
                        csrw    mtvec, t0
                        li      a0, 1
                1:      mac     a0, a0
                        addi    a3, a3, 1
                        j       1b
                        .align 2
                trap:   addi    a1, a1, 1
                        csrr    a2, mtval
                        csrr    t0, mepc
                        addi    t0, t0, 4
                        csrw    mepc, t0
                        mret
                """);
        assertSame(ExitReason.BUDGET, hart.runner().run(10_000));
        assertEquals(7 + hart.x(A3), hart.cpu().controlRegisters().get("macc"));
        assertEquals(0, hart.x(A1));
        long before = hart.x(A3);
        hart.extensions(engine(), List.of());
        assertSame(ExitReason.BUDGET, hart.runner().run(10_000));
        assertTrue(hart.x(A3) > before && hart.x(A1) >= hart.x(A3) - before, hart.x(A1) + " traps");
        assertEquals(0xA5000B, hart.x(A2), "the instruction itself");
        assertEquals(null, hart.cpu().controlRegisters().get("macc"));
        long traps = hart.x(A1);
        hart.extensions(engine(), List.of(Accumulating.EXTENSION));
        assertSame(ExitReason.BUDGET, hart.runner().run(10_000));
        assertEquals(traps, hart.x(A1), 1);
        assertEquals(7 + hart.x(A3) - hart.x(A1), hart.cpu().controlRegisters().get("macc"), 1);
        hart.cpu().reset();
        assertEquals(7, hart.cpu().controlRegisters().get("macc"));
    }
}
