package org.vm.isa.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.vm.isa.riscv.internal.Encode.*;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vm.api.cpu.ExitReason;

/** Interrupts: pending, enabled, delegated, in order, and waiting for them (Volume II, 3.1.9, 3.3.3, 12.1.3; Sstc). */
class InterruptContractTest {
    private static final long HANDLER = HartFixture.RAM + 0x1000;
    private static final long S_HANDLER = HartFixture.RAM + 0x2000;
    private static final long CODE = HartFixture.RAM + 0x3000;
    private static final long INTERRUPT = 1L << 63;
    private static final int A1 = 11;

    private final HartFixture board = HartFixture.bare();
    private final Hart hart = board.hart;

    {
        csr("mtvec", HANDLER);
        csr("stvec", S_HANDLER);
        hart.pmp.open();
        hart.pc = CODE;
    }

    @AfterEach
    void close() {
        board.close();
    }

    private void csr(String name, long value) {
        Csrs.swap(hart, Csrs.numbers().get(name), value);
    }

    private long csr(String name) {
        return hart.controlRegisters().get(name);
    }

    private void enter(int privilege) {
        csr("mstatus", csr("mstatus") & ~Status.MPP | (long) privilege << 11);
        csr("mepc", CODE);
        board.run(MRET);
    }

    @Test
    void interruptsComeInTheOrderOfTheManual() {
        for (int line : new int[] {1, 3, 5, 7, 9, 11}) {
            hart.line(line).raise();
        }
        csr("mie", -1);
        for (int expected : new int[] {11, 3, 7, 9, 1, 5}) {
            csr("mstatus", Status.MIE);
            hart.attend();
            assertEquals(INTERRUPT | expected, csr("mcause"));
            assertEquals(HANDLER, hart.pc);
            hart.line(expected).lower();
        }
    }

    @Test
    void machineInterruptsComeBeforeDelegatedOnes() {
        csr("mideleg", -1);
        assertEquals(0x222, csr("mideleg"));
        csr("mie", -1);
        enter(Privilege.USER);
        hart.line(9).raise();
        hart.line(7).raise();
        hart.attend();
        assertEquals(INTERRUPT | 7, csr("mcause"));
        hart.line(7).lower();
        hart.pc = CODE;
        board.run(MRET);
        assertTrue(hart.attention());
        hart.attend();
        assertEquals(INTERRUPT | 9, csr("scause"));
        assertEquals(Privilege.SUPERVISOR, hart.status.privilege());
    }

    @Test
    void aDelegatedInterruptIsNeverTakenInMachineMode() {
        csr("mideleg", -1);
        csr("mie", -1);
        csr("mstatus", Status.MIE | Status.SIE);
        hart.line(9).raise();
        hart.attend();
        assertEquals(CODE, hart.pc);
    }

    @Test
    void theGlobalEnableCountsAtItsOwnLevelOnly() {
        csr("mideleg", 1 << 9);
        csr("mie", -1);
        enter(Privilege.SUPERVISOR);
        hart.line(9).raise();
        hart.attend();
        assertEquals(Privilege.SUPERVISOR, hart.status.privilege());
        assertEquals(CODE, hart.pc, "SIE is off");
        hart.line(11).raise();
        hart.attend();
        assertEquals(HANDLER, hart.pc, "MIE does not count below M-mode");
    }

    @Test
    void enablingAnInterruptThatIsPendingTakesItBeforeTheNextInstruction() {
        hart.line(11).raise();
        csr("mie", 1 << 11);
        hart.attend();
        hart.registers[A1] = Status.MIE;
        board.run(csrs(0x300, A1));
        assertTrue(hart.attention());
        hart.attend();
        assertEquals(CODE + 4, csr("mepc"));
        assertEquals(INTERRUPT | 11, csr("mcause"));
    }

    @Test
    void theExternalInterruptIsTheWireOrTheSoftwareBit() {
        int mip = 0x344;
        hart.line(9).raise();
        hart.registers[A1] = 1 << 1;
        board.run(csrs(mip, A1));
        hart.line(9).lower();
        assertEquals(1 << 1, csr("mip"), "setting SSIP did not store the wire's SEIP");
        hart.registers[A1] = 1 << 9;
        board.run(csrs(mip, A1));
        assertEquals(1 << 9 | 1 << 1, csr("mip"));
        hart.line(9).raise();
        board.run(csrc(mip, A1));
        assertEquals(1 << 9 | 1 << 1, csr("mip"), "the wire is still up");
        hart.line(9).lower();
        assertEquals(1 << 1, csr("mip"));
    }

    @Test
    void machineLevelPendingBitsCannotBeWritten() {
        csr("mip", -1);
        assertEquals(0x222, csr("mip"));
        csr("mip", 0);
        hart.line(3).raise();
        csr("mip", 0);
        assertEquals(1 << 3, csr("mip"));
    }

    @Test
    void supervisorModeSeesAndWritesWhatIsDelegated() {
        csr("mip", 0x222);
        assertEquals(0, csr("sip"));
        csr("mideleg", 0x202);
        assertEquals(0x202, csr("sip"));
        csr("sip", 0);
        assertEquals(0x200, csr("sip"), "only SSIP is writable");
        csr("sie", -1);
        assertEquals(0x202, csr("mie"));
        csr("mie", -1);
        assertEquals(0xAAA, csr("mie"));
        assertEquals(0x202, csr("sie"));
    }

    @Test
    void aWaitingHartWakesForAnEnabledInterruptEvenIfItIsNotTaken() {
        csr("mie", 1 << 7);
        board.run(WFI);
        assertEquals(ExitReason.WAIT, HartFixture.step(hart));
        hart.line(11).raise();
        assertEquals(ExitReason.WAIT, HartFixture.step(hart), "not enabled");
        assertFalse(hart.attention());
        hart.line(7).raise();
        assertTrue(hart.attention());
        board.run(NOP);
        assertEquals(CODE + 8, hart.pc);
    }

    @Test
    void waitingEndsAtOnceIfSomethingIsPending() {
        csr("mie", 1 << 7);
        hart.line(7).raise();
        board.run(WFI, NOP);
        assertEquals(CODE + 8, hart.pc);
    }

    @Test
    void anInterruptThatEndsAWaitReturnsBehindIt() {
        csr("mie", 1 << 7);
        csr("mstatus", Status.MIE);
        board.run(WFI);
        HartFixture.step(hart);
        hart.line(7).raise();
        hart.attend();
        assertEquals(CODE + 4, csr("mepc"));
    }

    @Test
    void theSupervisorTimerComparesWithTimeWhileItIsEnabled() {
        csr("stimecmp", 100);
        board.clock.advance(20_000);
        assertEquals(0, csr("mip"), "menvcfg.STCE is off");
        csr("menvcfg", Environment.STCE);
        assertEquals(1 << 5, csr("mip"));
        csr("stimecmp", 300);
        assertEquals(0, csr("mip"));
        assertEquals(200, csr("time"));
        board.clock.advance(9_999);
        assertEquals(0, csr("mip"));
        board.clock.advance(1);
        assertEquals(1 << 5, csr("mip"));
        csr("mip", 0);
        assertEquals(1 << 5, csr("mip"), "not writable with Sstc");
        csr("stimecmp", -1);
        assertEquals(0, csr("mip"));
        csr("stimecmp", 0);
        csr("menvcfg", 0);
        assertEquals(0, csr("mip"));
    }

    @Test
    void theTimerBitThatSoftwareSetIsGoneWhenTheComparatorTakesOver() {
        csr("stimecmp", -1);
        csr("mip", 1 << 5);
        assertEquals(1 << 5, csr("mip"));
        csr("menvcfg", Environment.STCE);
        assertEquals(0, csr("mip"));
    }

    @Test
    void theTimerRegisterNeedsLeaveBelowMachineMode() {
        enter(Privilege.SUPERVISOR);
        board.run(csrr(A1, 0x14D));
        assertEquals(2, csr("mcause"));
        csr("menvcfg", Environment.STCE);
        enter(Privilege.SUPERVISOR);
        board.run(csrr(A1, 0x14D));
        assertEquals(HANDLER, hart.pc, "mcounteren.TM");
        csr("mcounteren", 2);
        enter(Privilege.SUPERVISOR);
        board.run(csrr(A1, 0x14D));
        assertEquals(CODE + 4, hart.pc);
    }

    @Test
    void countersCountWhatIsRetiredAndCanBeSetAndStopped() {
        board.run(NOP, NOP, csrr(A1, 0xB02));
        assertEquals(2, hart.registers[A1]);
        hart.registers[A1] = 1000;
        board.run(csrw(0xB02, A1), csrr(A1, 0xB02));
        assertEquals(1000, hart.registers[A1]);
        csr("mcountinhibit", -1);
        assertEquals(5, csr("mcountinhibit"));
        long stopped = csr("minstret");
        board.run(NOP, NOP);
        assertEquals(stopped, csr("minstret"));
        csr("mcountinhibit", 0);
        board.run(NOP);
        assertEquals(stopped + 1, csr("minstret"));
    }

    @Test
    void lowerLevelsReadTheCountersThatTheyMay() {
        enter(Privilege.SUPERVISOR);
        board.run(csrr(A1, 0xC02));
        assertEquals(HANDLER, hart.pc);
        csr("mcounteren", 7);
        enter(Privilege.USER);
        board.run(csrr(A1, 0xC02));
        assertEquals(HANDLER, hart.pc, "scounteren");
        csr("scounteren", 4);
        enter(Privilege.USER);
        board.run(csrr(A1, 0xC02));
        assertEquals(CODE + 4, hart.pc);
        board.run(csrr(A1, 0xC01));
        assertEquals(HANDLER, hart.pc, "time");
    }

    @Test
    void anUnknownLineIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> hart.line(2));
        assertThrows(IllegalArgumentException.class, () -> hart.line(64));
    }

    @Test
    void anExitRequestComesBeforeAnythingElseAndLosesNothing() {
        csr("mie", 1 << 7);
        csr("mstatus", Status.MIE);
        hart.line(7).raise();
        hart.requestExit();
        assertEquals(ExitReason.REQUESTED, hart.attend());
        assertTrue(hart.attention());
        assertEquals(ExitReason.CONTINUE, hart.attend());
        assertEquals(HANDLER, hart.pc);
    }
}
