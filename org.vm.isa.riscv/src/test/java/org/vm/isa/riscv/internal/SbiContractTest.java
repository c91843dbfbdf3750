package org.vm.isa.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.vm.isa.riscv.internal.Encode.*;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vm.api.cpu.ExitReason;

/** The built-in firmware as a kernel sees it (RISC-V Supervisor Binary Interface 2.0). */
class SbiContractTest {
    private static final int BASE = 0x10;
    private static final int TIME = 0x54494D45;
    private static final int IPI = 0x735049;
    private static final int RFENCE = 0x52464E43;
    private static final int HSM = 0x48534D;
    private static final int SRST = 0x53525354;
    private static final int DBCN = 0x4442434E;
    private static final int NOT_SUPPORTED = -2;
    private static final int INVALID_PARAM = -3;
    private static final int ALREADY_AVAILABLE = -6;
    private static final long ELSEWHERE = HartFixture.RAM + 0x4000;

    private final HartFixture board = HartFixture.withFirmware(2);
    private final Hart hart = board.hart;
    private final Hart other = board.harts.get(1);

    @AfterEach
    void close() {
        board.close();
    }

    /** Calls from the first hart. */
    private long call(int extension, int function, long... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            hart.registers[10 + i] = arguments[i];
        }
        hart.registers[16] = function;
        hart.registers[17] = extension;
        board.run(ECALL);
        return hart.registers[10];
    }

    private long value() {
        return hart.registers[11];
    }

    private void startOther() {
        assertEquals(0, call(HSM, 0, 1, ELSEWHERE, 77));
        assertEquals(ExitReason.CONTINUE, other.attend());
    }

    private long csr(Hart of, String name) {
        return of.controlRegisters().get(name);
    }

    @Test
    void theBootHartEntersInSupervisorModeWithItsArguments() {
        assertEquals(Privilege.SUPERVISOR, hart.status.privilege());
        assertEquals(HartFixture.RAM, hart.pc);
        assertEquals(0, hart.registers[10]);
        assertEquals(0x1234, hart.registers[11]);
        assertEquals(0, csr(hart, "satp"));
        assertEquals(0x222, csr(hart, "mideleg"));
        assertEquals(7, csr(hart, "mcounteren") & 7);
        assertEquals(Environment.EVERYTHING, csr(hart, "menvcfg"));
        assertEquals(ExitReason.WAIT, other.attend());
    }

    @Test
    void baseTellsWhatThereIs() {
        assertEquals(0, call(BASE, 0));
        assertEquals(2 << 24, value());
        for (int extension : List.of(BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN)) {
            call(BASE, 3, extension);
            assertEquals(1, value());
        }
        call(BASE, 3, 0x504D55);
        assertEquals(0, value());
        assertEquals(NOT_SUPPORTED, call(BASE, 99));
        assertEquals(NOT_SUPPORTED, call(0, 0));
        assertEquals(NOT_SUPPORTED, call(RFENCE, 3, 1, 0, 0, 0));
    }

    @Test
    void aCallReturnsBehindItselfAndTouchesNothingElse() {
        for (int i = 1; i < 32; i++) {
            hart.registers[i] = 1000 + i;
        }
        long pc = hart.pc;
        call(BASE, 0);
        assertEquals(pc + 4, hart.pc);
        for (int i = 1; i < 32; i++) {
            if (i != 10 && i != 11 && i != 16 && i != 17) {
                assertEquals(1000 + i, hart.registers[i]);
            }
        }
    }

    @Test
    void timeSetsTheNextTimerInterrupt() {
        call(TIME, 0, 10);
        assertEquals(0, csr(hart, "sip"));
        board.clock.advance(1000);
        assertEquals(1 << 5, csr(hart, "sip"));
        call(TIME, 0, -1);
        assertEquals(0, csr(hart, "sip"));
    }

    @Test
    void ipiRaisesTheSoftwareInterruptOfTheHartsNamed() {
        startOther();
        assertEquals(0, call(IPI, 0, 2, 0));
        assertEquals(0, csr(hart, "sip"));
        assertEquals(1 << 1, csr(other, "sip"));
        assertEquals(0, call(IPI, 0, 1, -1 + 1));
        assertEquals(1 << 1, csr(hart, "sip"));
        assertEquals(INVALID_PARAM, call(IPI, 0, 4, 0));
        assertEquals(INVALID_PARAM, call(IPI, 0, 1, 2));
        assertEquals(INVALID_PARAM, call(IPI, 0, 1, Long.MAX_VALUE));
        assertEquals(0, call(IPI, 0, 0, 1));
    }

    @Test
    void aHartIsStartedOnceAtTheGivenPlace() {
        assertEquals(0, call(HSM, 2, 1));
        assertEquals(1, value(), "stopped");
        assertEquals(0, call(HSM, 0, 1, ELSEWHERE, 77));
        call(HSM, 2, 1);
        assertEquals(2, value(), "start pending");
        assertEquals(ALREADY_AVAILABLE, call(HSM, 0, 1, ELSEWHERE, 77));
        assertEquals(ExitReason.CONTINUE, other.attend());
        call(HSM, 2, 1);
        assertEquals(0, value(), "started");
        assertEquals(ELSEWHERE, other.pc);
        assertEquals(1, other.registers[10]);
        assertEquals(77, other.registers[11]);
        assertEquals(Privilege.SUPERVISOR, other.status.privilege());
        assertEquals(INVALID_PARAM, call(HSM, 0, 2, ELSEWHERE, 77));
        assertEquals(INVALID_PARAM, call(HSM, 2, -1));
    }

    @Test
    void aHartStopsItselfAndCanBeStartedAgain() {
        startOther();
        other.registers[16] = 1;
        other.registers[17] = HSM;
        board.code(ELSEWHERE, ECALL);
        HartFixture.step(other);
        assertEquals(ExitReason.WAIT, HartFixture.step(other));
        call(HSM, 2, 1);
        assertEquals(1, value());
        startOther();
        assertEquals(ELSEWHERE, other.pc);
    }

    @Test
    void aRemoteFenceIsDoneByTheOtherHartBeforeTheCallerGoesOn() {
        startOther();
        int epoch = other.codeEpoch;
        assertEquals(0, call(RFENCE, 0, 2, 0));
        assertEquals(epoch, other.codeEpoch);
        assertEquals(ExitReason.WAIT, HartFixture.step(hart));
        assertFalse(hart.attention());
        other.attend();
        assertEquals(epoch + 1, other.codeEpoch);
        assertTrue(hart.attention());
        assertEquals(ExitReason.CONTINUE, hart.attend());
    }

    @Test
    void twoHartsThatFenceEachOtherDoNotWaitForEver() {
        startOther();
        call(RFENCE, 1, 2, 0, 0, -1);
        other.registers[10] = 1;
        other.registers[11] = 0;
        other.registers[13] = -1;
        other.registers[16] = 1;
        other.registers[17] = RFENCE;
        board.code(ELSEWHERE, ECALL);
        // The fence was posted before the other hart's own call: it does the one and then asks for the other.
        HartFixture.step(other);
        assertEquals(ExitReason.CONTINUE, hart.attend());
        assertEquals(ExitReason.CONTINUE, other.attend());
    }

    @Test
    void aHartThatWaitsForAFenceLeavesWhenItIsAskedTo() {
        startOther();
        call(RFENCE, 0, 2, 0);
        hart.requestExit();
        assertEquals(ExitReason.REQUESTED, HartFixture.step(hart));
        assertEquals(ExitReason.WAIT, HartFixture.step(hart));
    }

    @Test
    void fencesOfTranslationReachTheOtherTlb() {
        startOther();
        long table = HartFixture.RAM + 0x8000;
        long satp = 8L << 60 | table >> 12;
        board.poke(table + 2 * 8, HartFixture.RAM >> 2 | 0xCF);
        board.poke(table, HartFixture.RAM >> 2 | 0xCF);
        board.poke(HartFixture.RAM + 0x9000, 42);
        Csrs.swap(other, 0x180, satp);
        assertEquals(42, other.mmu.load64(0x9000));
        board.poke(table, 0);
        assertEquals(42, other.mmu.load64(0x9000), "still cached");
        call(RFENCE, 1, 2, 0, 0x9000, 4096);
        board.code(ELSEWHERE, LOAD);
        other.registers[11] = 0x9000;
        HartFixture.step(other);
        assertEquals(13, csr(other, "scause"));
        assertEquals(0x9000, csr(other, "stval"));
    }

    @Test
    void aStoppedHartIsNotWaitedFor() {
        assertEquals(0, call(RFENCE, 1, 3, 0, 0, 0));
        assertFalse(hart.attention() && hart.attend() != ExitReason.CONTINUE);
    }

    @Test
    void shutdownEndsTheMachineAndNothingRunsAfterIt() {
        assertEquals(INVALID_PARAM, call(SRST, 0, 7, 0));
        assertEquals(INVALID_PARAM, call(SRST, 0, 0, 99));
        call(SRST, 0, 0, 0);
        assertEquals(List.of(0), board.powerOffs);
        assertEquals(ExitReason.WAIT, HartFixture.step(hart));
    }

    @Test
    void rebootResetsTheMachine() {
        call(SRST, 0, 1, 0);
        assertEquals(1, board.resets);
    }

    @Test
    void theDebugConsoleWritesAndReadsGuestMemory() {
        long text = HartFixture.RAM + 0x9000;
        board.poke(text, 0x6F6C6C6568L);
        assertEquals(0, call(DBCN, 0, 5, text, 0));
        assertEquals(5, value());
        assertEquals(0, call(DBCN, 2, '!'));
        assertEquals("hello!", board.console.toString(StandardCharsets.US_ASCII));
        board.typed.addAll(List.of((byte) 'o', (byte) 'k'));
        assertEquals(0, call(DBCN, 1, 100, text, 0));
        assertEquals(2, value());
        assertEquals(0x6F6C6C6B6FL, board.peek(text));
        assertEquals(INVALID_PARAM, call(DBCN, 0, 5, 0x10, 0));
        assertEquals(INVALID_PARAM, call(DBCN, 1, 5, 0x10, 0));
        assertEquals(INVALID_PARAM, call(DBCN, 0, 5, text, 1));
    }

    @Test
    void theDebugConsoleMovesABoundedNumberOfBytesAtATime() {
        assertEquals(0, call(DBCN, 0, -1, HartFixture.RAM, 0));
        assertEquals(4096, value());
        assertEquals(4096, board.console.size());
    }

    @Test
    void aSuspendedHartResumesWhenAnInterruptIsPending() {
        Csrs.swap(hart, 0x104, 1 << 1);
        assertEquals(0, call(HSM, 3, 0x8000_0000, ELSEWHERE, 99));
        assertEquals(ExitReason.WAIT, HartFixture.step(hart));
        assertEquals(Hart.RunState.SUSPENDED, hart.runState());
        hart.line(1).raise();
        assertEquals(ExitReason.CONTINUE, hart.attend());
        assertEquals(ELSEWHERE, hart.pc);
        assertEquals(0, hart.registers[10]);
        assertEquals(99, hart.registers[11]);
        assertEquals(Hart.RunState.STARTED, hart.runState());
    }

    @Test
    void userModeDoesNotReachTheFirmware() {
        Csrs.swap(hart, 0x141, ELSEWHERE);
        Csrs.swap(hart, 0x105, HartFixture.RAM + 0x5000);
        board.run(SRET);
        board.run(ECALL);
        assertEquals(8, csr(hart, "scause"));
        assertEquals(HartFixture.RAM + 0x5000, hart.pc);
    }
}
