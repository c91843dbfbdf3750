package org.vm.isa.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.vm.isa.riscv.internal.Encode.*;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vm.api.irq.InterruptFile;

/** What the Advanced Interrupt Architecture adds to a hart (AIA 1.0, chapters 2, 3.7 to 3.9 and 5). */
class AdvancedInterruptContractTest {
    private static final long HANDLER = HartFixture.RAM + 0x1000;
    private static final long S_HANDLER = HartFixture.RAM + 0x2000;
    private static final long CODE = HartFixture.RAM + 0x3000;
    private static final long INTERRUPT = 1L << 63;
    private static final int A1 = 11;
    private static final int A2 = 12;
    private static final int SIREG = 0x151;
    private static final int STOPEI = 0x15C;
    private static final int MIREG = 0x351;
    private static final int MTOPEI = 0x35C;
    private static final long SEI = 1 << 9;
    private static final long SSI = 1 << 1;

    private final HartFixture board = HartFixture.bare();
    private final Hart hart = board.hart;
    private final File machine = new File();
    private final File supervisor = new File();

    {
        hart.interruptFile(11, machine);
        hart.interruptFile(9, supervisor);
        csr("mtvec", HANDLER);
        csr("stvec", S_HANDLER);
        hart.pmp.open();
        hart.pc = CODE;
    }

    @AfterEach
    void close() {
        board.close();
    }

    /** Registers that keep what is written, and a set of interrupts. */
    private static final class File implements InterruptFile {
        final Map<Integer, Long> registers = new HashMap<>();
        final TreeSet<Integer> ready = new TreeSet<>();

        @Override
        public long read(int register) {
            return registers.getOrDefault(register, 0L);
        }

        @Override
        public long modify(int register, long set, long clear) {
            long before = read(register);
            registers.put(register, before & ~clear | set);
            return before;
        }

        @Override
        public int top() {
            return ready.isEmpty() ? 0 : ready.first();
        }

        @Override
        public int claim() {
            return ready.isEmpty() ? 0 : ready.pollFirst();
        }
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

    /** Whether an instruction at the present level is an illegal one. */
    private boolean illegal(int instruction) {
        long pc = hart.pc;
        board.run(instruction);
        return hart.pc == HANDLER && csr("mcause") == 2 && csr("mepc") == pc;
    }

    @Test
    void aHartWithoutFilesHasNoneOfTheRegisters() {
        hart.interruptFile(11, null);
        hart.interruptFile(9, null);
        for (String name : List.of("mvien", "mvip", "miselect", "mireg", "mtopei", "mtopi", "siselect", "sireg", "stopei", "stopi")) {
            hart.pc = CODE;
            assertTrue(illegal(csrr(A1, Csrs.numbers().get(name))), name);
            assertFalse(hart.controlRegisters().containsKey(name), name);
        }
        assertFalse(hart.interrupts.advanced());
        assertThrows(IllegalArgumentException.class, () -> hart.interruptFile(7, machine));
    }

    @Test
    void eachLevelSeesItsOwnFileThroughItsWindow() {
        csr("miselect", 0x70);
        csr("siselect", 0xC2);
        hart.registers[A1] = 0x55;
        board.run(csrw(MIREG, A1), csrw(SIREG, A1), csrs(SIREG, A1), csrr(A2, SIREG));
        assertEquals(0x55, hart.registers[A2]);
        hart.registers[A1] = 5;
        board.run(csrc(SIREG, A1), csrr(A2, SIREG));
        assertEquals(0x50, hart.registers[A2]);
        assertEquals(Map.of(0x70, 0x55L), machine.registers);
        assertEquals(Map.of(0xC2, 0x50L), supervisor.registers);
    }

    @Test
    void aSelectorHoldsNineBits() {
        csr("miselect", -1);
        csr("siselect", 0x1234);
        assertEquals(0x1FF, csr("miselect"));
        assertEquals(0x34, csr("siselect"));
    }

    @Test
    void prioritiesAreReadOnlyZeroAndOddRegistersDoNotExist() {
        for (int select = 0; select < 0x200; select++) {
            csr("miselect", select);
            boolean priority = select >= 0x30 && select < 0x40;
            boolean array = select >= 0x80 && select < 0x100;
            boolean other = select >= 0x70 && select < 0x80;
            hart.pc = CODE;
            hart.registers[A1] = -1;
            assertEquals(!((priority || array) && select % 2 == 0 || other), illegal(csrs(MIREG, A1)), Integer.toHexString(select));
            if (priority && select % 2 == 0) {
                hart.pc = CODE;
                board.run(csrr(A2, MIREG));
                assertEquals(0, hart.registers[A2]);
            }
        }
        // Reserved registers do not reach the file (3.7).
        assertTrue(machine.registers.keySet().stream().allMatch(r -> r == 0x70 || r == 0x72 || r >= 0x80 && r % 2 == 0));
        assertEquals(2 + 64, machine.registers.size());
    }

    @Test
    void theTopInterruptIsClaimedByTheInstructionThatReadsIt() {
        supervisor.ready.addAll(List.of(200, 17, 3));
        machine.ready.add(1);
        board.run(csrr(A1, STOPEI));
        assertEquals(3 << 16 | 3, hart.registers[A1]);
        board.run(csrw(STOPEI, 0));
        assertEquals(List.of(17, 200), List.copyOf(supervisor.ready));
        // csrrw a1, stopei, x0 and csrrs a2, mtopei, a1
        board.run(STOPEI << 20 | 1 << 12 | A1 << 7 | 0x73, MTOPEI << 20 | A1 << 15 | 2 << 12 | A2 << 7 | 0x73);
        assertEquals(17 << 16 | 17, hart.registers[A1]);
        assertEquals(1 << 16 | 1, hart.registers[A2]);
        assertEquals(List.of(200), List.copyOf(supervisor.ready));
        assertTrue(machine.ready.isEmpty());
        board.run(MTOPEI << 20 | 1 << 12 | A1 << 7 | 0x73);
        assertEquals(0, hart.registers[A1]);
    }

    @Test
    void theTopMajorInterruptOfALevelIsWhatWouldBeTakenThere() {
        csr("mideleg", SEI | SSI);
        csr("mie", -1);
        for (int line : new int[] {1, 5, 7, 9}) {
            hart.line(line).raise();
        }
        assertEquals(7 << 16 | 1, csr("mtopi"));
        assertEquals(9 << 16 | 1, csr("stopi"));
        hart.line(9).lower();
        hart.line(7).lower();
        assertEquals(5 << 16 | 1, csr("mtopi"), "not delegated");
        assertEquals(1 << 16 | 1, csr("stopi"));
        csr("sie", 0);
        assertEquals(0, csr("stopi"));
        assertTrue(illegal(csrw(0xFB0, A1)), "read-only");
    }

    @Test
    void whatFiltersAndWhatIsVirtualHasItsBits() {
        long local = 1L << 13 | 1L << 35 | 1L << 43;
        csr("mvien", -1);
        assertEquals(local | SEI | SSI, csr("mvien"));
        csr("mvip", -1);
        assertEquals(local | SEI | SSI | 1 << 5, csr("mvip"));
        csr("menvcfg", Environment.STCE);
        assertEquals(local | SEI | SSI, csr("mvip"), "STIP belongs to the comparator");
        csr("mvien", 0);
        csr("mvip", 0);
        assertEquals(0, csr("mvip"));
    }

    @Test
    void virtualPendingBitsAreAliasesOfRealOnesThatAreNotFiltered() {
        csr("mip", SEI | SSI | 1 << 5);
        assertEquals(SEI | SSI | 1 << 5, csr("mvip"));
        csr("mvip", 0);
        assertEquals(0, csr("mip"));
        csr("mvip", SEI | SSI);
        assertEquals(SEI | SSI, csr("mip"));
        csr("mvien", SEI | SSI);
        assertEquals(SSI, csr("mip"), "the software-writable SEIP is no part of mip any more");
        csr("mip", -1);
        assertEquals(SSI | 1 << 5, csr("mip"), "SEIP is read-only now");
        csr("mip", 0);
        csr("mvip", SSI);
        assertEquals(0, csr("mip"), "SSIP is a bit of its own");
        hart.line(9).raise();
        assertEquals(SEI, csr("mip"));
        assertEquals(SSI, csr("mvip"), "the wire is no virtual interrupt");
    }

    @Test
    void filteredInterruptsTrapToMachineModeAndVirtualOnesToSupervisorMode() {
        csr("mvien", SEI);
        csr("mie", SEI);
        csr("sie", SEI);
        enter(Privilege.USER);
        hart.line(9).raise();
        hart.attend();
        assertEquals(INTERRUPT | 9, csr("mcause"));
        assertEquals(HANDLER, hart.pc);
        csr("mie", 0);
        csr("mvip", SEI);
        assertEquals(SEI, csr("sip"));
        assertEquals(9 << 16 | 1, csr("stopi"));
        enter(Privilege.USER);
        hart.attend();
        assertEquals(INTERRUPT | 9, csr("scause"));
        assertEquals(S_HANDLER, hart.pc);
        assertEquals(Privilege.SUPERVISOR, hart.status.privilege());
    }

    @Test
    void aVirtualInterruptHasItsOwnEnableBit() {
        csr("mvien", SEI | 1L << 13);
        csr("sie", -1);
        assertEquals(SEI | 1L << 13, csr("sie"));
        assertEquals(0, csr("mie"));
        csr("mideleg", SEI);
        assertEquals(1L << 13, csr("sie"), "the delegated one's is that of mie");
        csr("sie", SEI);
        assertEquals(SEI, csr("mie"));
    }

    @Test
    void localInterruptsThatMachineModeRaisesAreTakenAndClearedByTheSupervisor() {
        csr("mvien", 1L << 43 | 1L << 35 | 1L << 13);
        csr("mideleg", SEI);
        csr("sie", -1);
        csr("mvip", 1L << 43 | 1L << 35 | 1L << 13);
        hart.line(9).raise();
        for (int expected : new int[] {43, 9, 13, 35}) {
            enter(Privilege.USER);
            hart.attend();
            assertEquals(INTERRUPT | expected, csr("scause"));
            if (expected == 9) {
                hart.line(9).lower();
            }
            csr("sip", csr("sip") & ~(1L << expected));
            hart.status.enterMachine();
        }
        assertEquals(0, csr("mvip"));
    }

    @Test
    void waitingEndsWithAVirtualInterrupt() {
        csr("mvien", SEI);
        csr("sie", SEI);
        csr("mvip", SEI);
        board.run(WFI, NOP);
        assertEquals(CODE + 8, hart.pc);
    }

    @Test
    void theSupervisorsFileIsClosedToItWhileItsInterruptsAreFiltered() {
        csr("siselect", 0x70);
        csr("mvien", SEI);
        board.run(csrr(A1, STOPEI), csrr(A1, SIREG));
        assertEquals(CODE + 8, hart.pc, "not for M-mode");
        enter(Privilege.SUPERVISOR);
        assertTrue(illegal(csrr(A1, STOPEI)));
        enter(Privilege.SUPERVISOR);
        assertTrue(illegal(csrr(A1, SIREG)));
        csr("siselect", 0x30);
        enter(Privilege.SUPERVISOR);
        assertFalse(illegal(csrr(A1, SIREG)), "priorities are not of the file");
        hart.status.enterMachine();
        csr("mvien", 0);
        csr("siselect", 0x70);
        enter(Privilege.SUPERVISOR);
        board.run(csrr(A1, STOPEI), csrr(A1, SIREG));
        assertEquals(CODE + 8, hart.pc);
    }

    @Test
    void machineLevelRegistersAreNotForTheSupervisor() {
        enter(Privilege.SUPERVISOR);
        assertTrue(illegal(csrr(A1, MTOPEI)));
        enter(Privilege.USER);
        assertTrue(illegal(csrr(A1, STOPEI)));
    }

    @Test
    void aResetForgetsAllButWires() {
        csr("mvien", -1);
        csr("mvip", -1);
        csr("sie", -1);
        csr("miselect", 0x70);
        hart.line(9).raise();
        hart.reset();
        assertEquals(0, csr("mvien") | csr("mvip") | csr("sie") | csr("miselect"));
        assertEquals(SEI, csr("mip"));
        assertTrue(hart.interrupts.advanced());
    }

    @Test
    void theExtensionsAreNamedWhereTheyAre() {
        List<String> with = new RiscvInstructionSet(List.of()).extensions(true);
        assertTrue(with.indexOf("smaia") == with.indexOf("sstc") - 2 && with.indexOf("ssaia") == with.indexOf("sstc") - 1);
        assertTrue(RiscvInstructionSet.name(with).contains("_smaia_ssaia_sstc_"));
        assertFalse(new RiscvInstructionSet(List.of()).name().contains("aia"));
    }
}
