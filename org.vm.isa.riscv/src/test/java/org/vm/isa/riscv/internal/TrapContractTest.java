package org.vm.isa.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.vm.isa.riscv.internal.Encode.*;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vm.api.cpu.ExitReason;

/** Traps, delegation, returns, and what the status bits forbid (Volume II, 3.1.6 to 3.1.16, 3.3). */
class TrapContractTest {
    private static final long M_HANDLER = HartFixture.RAM + 0x1000;
    private static final long S_HANDLER = HartFixture.RAM + 0x2000;
    private static final long CODE = HartFixture.RAM + 0x3000;
    private static final int A0 = 10;
    private static final int A1 = 11;

    private final HartFixture board = HartFixture.bare();
    private final Hart hart = board.hart;

    {
        csr("mtvec", M_HANDLER);
        csr("stvec", S_HANDLER);
        hart.pmp.open();
    }

    @AfterEach
    void close() {
        board.close();
    }

    private void csr(String name, long value) {
        Csrs.swap(hart, Csrs.numbers().get(name), value);
    }

    /** Reads with M-mode's eyes. */
    private long csr(String name) {
        return hart.controlRegisters().get(name);
    }

    /** Goes to a lower level, to {@link #CODE}. */
    private void enter(int privilege) {
        csr("mstatus", csr("mstatus") & ~Status.MPP | (long) privilege << 11);
        csr("mepc", CODE);
        board.run(MRET);
        assertEquals(privilege, hart.status.privilege());
        assertEquals(CODE, hart.pc);
    }

    @Test
    void anEnvironmentCallSaysWhereItCameFrom() {
        for (int privilege : new int[] {Privilege.USER, Privilege.SUPERVISOR, Privilege.MACHINE}) {
            enter(privilege);
            board.run(ECALL);
            assertEquals(M_HANDLER, hart.pc);
            assertEquals(8 + privilege, csr("mcause"));
            assertEquals(CODE, csr("mepc"));
            assertEquals(0, csr("mtval"));
            assertEquals(privilege, csr("mstatus") >> 11 & 3);
            assertEquals(Privilege.MACHINE, hart.status.privilege());
        }
    }

    @Test
    void anIllegalInstructionGivesItsBits() {
        board.run(ILLEGAL);
        assertEquals(2, csr("mcause"));
        assertEquals(0xFFFF_FFFFL, csr("mtval"));
        hart.pc = CODE;
        board.run(0x1234_0000);
        assertEquals(2, csr("mcause"));
        assertEquals(0, csr("mtval"));
    }

    @Test
    void aBreakpointGivesItsAddress() {
        hart.pc = CODE;
        board.run(EBREAK);
        assertEquals(3, csr("mcause"));
        assertEquals(CODE, csr("mtval"));
    }

    @Test
    void delegatedExceptionsGoToSupervisorModeUnlessTheyHappenInMachineMode() {
        csr("medeleg", 1 << 2);
        enter(Privilege.USER);
        board.run(ILLEGAL);
        assertEquals(S_HANDLER, hart.pc);
        assertEquals(Privilege.SUPERVISOR, hart.status.privilege());
        assertEquals(2, csr("scause"));
        assertEquals(CODE, csr("sepc"));
        assertEquals(0, csr("mcause"));
        assertEquals(0, csr("sstatus") & Status.SPP);

        board.run(ECALL);
        assertEquals(9, csr("mcause"), "not delegated");
        board.run(ILLEGAL);
        assertEquals(M_HANDLER, hart.pc);
        assertEquals(2, csr("mcause"));
    }

    @Test
    void ecallFromMachineModeCannotBeDelegated() {
        csr("medeleg", -1);
        assertEquals(0xB3FF, csr("medeleg"));
    }

    @Test
    void interruptEnablesAreStackedByTrapAndReturn() {
        csr("mstatus", Status.MIE | Status.SIE);
        board.run(ECALL);
        assertEquals(Status.MPIE | Status.MPP | Status.SIE, csr("mstatus") & 0x1FFF);
        board.run(MRET);
        assertEquals(Status.MIE | Status.MPIE | Status.SIE, csr("mstatus") & 0x1FFF);

        csr("medeleg", 1 << 2);
        enter(Privilege.SUPERVISOR);
        board.run(ILLEGAL);
        assertEquals(Status.SPIE | Status.SPP, csr("sstatus") & 0x1FF);
        board.run(SRET);
        assertEquals(Status.SPIE | Status.SIE, csr("sstatus") & 0x1FF);
        assertEquals(Privilege.SUPERVISOR, hart.status.privilege());
    }

    @Test
    void returningFromMachineModeLeavesMppAtUserAndClearsMprv() {
        csr("mstatus", Status.MPRV | Status.MPP);
        csr("mepc", CODE);
        board.run(MRET);
        assertEquals(Status.MPRV, csr("mstatus") & (Status.MPRV | Status.MPP), "from M to M keeps MPRV");
        csr("mstatus", Status.MPRV);
        board.run(MRET);
        assertEquals(0, csr("mstatus") & (Status.MPRV | Status.MPP));
    }

    @Test
    void privilegedReturnsAreIllegalBelowTheirLevel() {
        illegalIn(Privilege.SUPERVISOR, MRET);
        illegalIn(Privilege.USER, MRET);
        illegalIn(Privilege.USER, SRET);
        csr("mstatus", Status.TSR);
        illegalIn(Privilege.SUPERVISOR, SRET);
    }

    @Test
    void tvmForbidsSupervisorModeItsPageTables() {
        int satp = 0x180;
        legalIn(Privilege.SUPERVISOR, csrr(A0, satp));
        legalIn(Privilege.SUPERVISOR, SFENCE_VMA);
        illegalIn(Privilege.USER, csrr(A0, satp));
        illegalIn(Privilege.USER, SFENCE_VMA);
        csr("mstatus", Status.TVM);
        illegalIn(Privilege.SUPERVISOR, csrr(A0, satp));
        illegalIn(Privilege.SUPERVISOR, SFENCE_VMA);
        legalIn(Privilege.MACHINE, csrr(A0, satp));
        legalIn(Privilege.MACHINE, SFENCE_VMA);
    }

    @Test
    void twForbidsSupervisorModeToWaitAndUserModeNeverMay() {
        illegalIn(Privilege.USER, WFI);
        csr("mstatus", Status.TW);
        illegalIn(Privilege.SUPERVISOR, WFI);
    }

    private void illegalIn(int privilege, int instruction) {
        enter(privilege);
        csrClearCause();
        board.run(instruction);
        assertEquals(2, csr("mcause"), () -> "0x" + Integer.toHexString(instruction) + " in mode " + privilege);
        assertEquals(M_HANDLER, hart.pc);
    }

    private void legalIn(int privilege, int instruction) {
        enter(privilege);
        board.run(instruction);
        assertEquals(CODE + 4, hart.pc);
        hart.pc = CODE;
        board.run(ECALL);
    }

    private void csrClearCause() {
        hart.traps.machine.cause = 0;
    }

    @Test
    void floatingPointIsIllegalWhileItIsOffAndMakesItselfDirty() {
        csr("mstatus", 0);
        board.run(FLOAT);
        assertEquals(2, csr("mcause"));
        hart.pc = CODE;
        board.run(csrr(A0, 0x003));
        assertEquals(M_HANDLER, hart.pc, "fcsr as well");

        csr("mstatus", 1 << 13);
        hart.pc = CODE;
        board.run(csrr(A0, 0x003));
        assertEquals(1, csr("mstatus") >> 13 & 3, "reading leaves it as it is");
        board.run(FLOAT);
        assertEquals(CODE + 8, hart.pc);
        assertEquals(3, csr("mstatus") >> 13 & 3);
        assertNotEquals(0, csr("sstatus") >>> 63, "SD");

        csr("mstatus", 2 << 13);
        board.run(csrw(0x001, 0));
        assertEquals(3, csr("mstatus") >> 13 & 3, "writing fflags");
    }

    @Test
    void fieldsOfStatusKeepWhatIsLegal() {
        csr("mstatus", -1);
        assertEquals(Status.MPP, csr("mstatus") & Status.MPP);
        csr("mstatus", csr("mstatus") & ~Status.MPP | 2 << 11);
        assertEquals(Status.MPP, csr("mstatus") & Status.MPP, "2 is no level: unchanged");
        assertEquals(0xA, csr("mstatus") >> 32 & 0xF, "UXL and SXL are 64 bits");
        assertEquals(2, csr("sstatus") >> 32 & 0xF, "sstatus shows UXL only");
        csr("sstatus", 0);
        assertEquals(Status.MPP | Status.MPRV | Status.TSR | Status.TVM | Status.TW | Status.MIE | Status.MPIE,
                csr("mstatus") & 0xFFFF_FFFFL, "what belongs to M-mode stays");
    }

    @Test
    void aVectoredHandlerIsForInterruptsOnly() {
        csr("mtvec", M_HANDLER | 1);
        board.run(ECALL);
        assertEquals(M_HANDLER, hart.pc);
        csr("mie", 1 << 7);
        csr("mstatus", Status.MIE);
        board.hart.line(7).raise();
        assertEquals(ExitReason.CONTINUE, hart.attend());
        assertEquals(M_HANDLER + 28, hart.pc);
        csr("mtvec", M_HANDLER | 2);
        assertEquals(M_HANDLER, csr("mtvec"), "mode 2 is reserved");
    }

    @Test
    void exceptionAddressesAreEven() {
        csr("mepc", CODE | 1);
        csr("sepc", CODE | 1);
        assertEquals(CODE, csr("mepc"));
        assertEquals(CODE, csr("sepc"));
    }

    @Test
    void registersOfHigherLevelsAndReadOnlyOnesAreProtected() {
        illegalIn(Privilege.SUPERVISOR, csrr(A0, 0x300));
        illegalIn(Privilege.USER, csrr(A0, 0x100));
        illegalIn(Privilege.MACHINE, csrw(0xF14, 0));
        illegalIn(Privilege.MACHINE, csrr(A0, 0x123));
        legalIn(Privilege.MACHINE, csrs(0xF14, 0));
        hart.registers[A1] = 0;
        illegalIn(Privilege.MACHINE, csrs(0xF14, A1));
    }

    @Test
    void memoryFaultsNameAccessAndAddress() {
        hart.registers[A1] = 0x10;
        board.run(LOAD);
        assertEquals(5, csr("mcause"));
        assertEquals(0x10, csr("mtval"));
        board.run(STORE);
        assertEquals(7, csr("mcause"));
        hart.pc = 0x20;
        HartFixture.step(hart);
        assertEquals(1, csr("mcause"));
        assertEquals(0x20, csr("mtval"));
        assertEquals(0x20, csr("mepc"));

        hart.pc = CODE;
        hart.registers[A1] = HartFixture.RAM + 1;
        board.run(0x1005_B52F); // lr.d a0, (a1)
        assertEquals(4, csr("mcause"), "misaligned load-reserved");
        board.run(0x00A5_B52F); // amoadd.d a0, a0, (a1)
        assertEquals(6, csr("mcause"), "misaligned AMO");
    }

    @Test
    void loadsOfMachineModeUseTheTranslationOfMppUnderMprv() {
        long table = HartFixture.RAM + 0x8000;
        long page = HartFixture.RAM + 0x9000;
        // Sv39: the third gigabyte (0x80000000) is a gigapage for user mode; the first is one for supervisor mode.
        board.poke(table + 2 * 8, HartFixture.RAM >> 2 | 0xDF);
        board.poke(table, HartFixture.RAM >> 2 | 0xCF);
        board.poke(page, 42);
        csr("satp", 8L << 60 | table >> 12);
        hart.registers[A1] = 0x9000;
        board.run(LOAD);
        assertEquals(5, csr("mcause"), "M-mode does not translate");

        hart.pc = CODE;
        csr("mstatus", Status.MPRV | 1L << 11);
        board.run(LOAD);
        assertEquals(42, hart.registers[A0]);
        hart.registers[A1] = page;
        board.run(LOAD);
        assertEquals(13, csr("mcause"), "a user page without SUM");
        assertEquals(page, csr("mtval"));

        hart.pc = CODE;
        hart.registers[A0] = 0;
        csr("mstatus", Status.MPRV | 1L << 11 | Status.SUM);
        board.run(LOAD);
        assertEquals(42, hart.registers[A0]);
    }

    @Test
    void satpIgnoresModesThatDoNotExist() {
        csr("satp", 10L << 60 | 0xABCDL << 44 | 5);
        assertEquals(10L << 60 | 0xABCDL << 44 | 5, csr("satp"));
        csr("satp", 11L << 60);
        assertEquals(10L << 60 | 0xABCDL << 44 | 5, csr("satp"));
    }

    @Test
    void cacheBlockInstructionsNeedTheEnvironmentsLeave() {
        hart.registers[A1] = HartFixture.RAM + 0x8010;
        board.poke(HartFixture.RAM + 0x8000, -1);
        board.poke(HartFixture.RAM + 0x8038, -1);
        board.poke(HartFixture.RAM + 0x8040, -1);
        illegalIn(Privilege.SUPERVISOR, CBO_ZERO);
        csr("menvcfg", Environment.CBZE);
        illegalIn(Privilege.USER, CBO_ZERO);
        legalIn(Privilege.SUPERVISOR, CBO_ZERO);
        assertEquals(0, board.peek(HartFixture.RAM + 0x8000));
        assertEquals(0, board.peek(HartFixture.RAM + 0x8038));
        assertEquals(-1, board.peek(HartFixture.RAM + 0x8040));
        csr("senvcfg", Environment.CBZE);
        legalIn(Privilege.USER, CBO_ZERO);
        illegalIn(Privilege.SUPERVISOR, 0x0015_A00F);
        illegalIn(Privilege.SUPERVISOR, 0x0005_A00F);
        csr("menvcfg", -1);
        legalIn(Privilege.SUPERVISOR, 0x0015_A00F);
        legalIn(Privilege.SUPERVISOR, 0x0005_A00F);
    }
}
