package org.vm.device.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ClintTest {
    private static final long MTIME = 0xbff8;
    private final FakeMachine machine = new FakeMachine(4);
    private final Clint clint = new Clint("clint");

    @BeforeEach
    void attach() {
        clint.attach(machine);
    }

    private static long mtimecmp(int hart) {
        return 0x4000 + 8 * hart;
    }

    @Test
    void msipSetsTheSoftwareInterruptOfItsHartOnly() {
        clint.write(8, 4, 0xFFFF_FFFFL);
        assertTrue(machine.cpuLevel(2, 3));
        assertFalse(machine.cpuLevel(1, 3));
        assertEquals(1, clint.read(8, 4));
        clint.write(8, 4, 0xFFFF_FFFEL);
        assertFalse(machine.cpuLevel(2, 3));
        assertEquals(0, clint.read(8, 4));
    }

    @Test
    void mtimeCountsTicksOfTheTimebase() {
        machine.advance(1_000_000_000L + 250);
        assertEquals(10_000_002, clint.read(MTIME, 8));
        assertEquals(10_000_002, clint.read(MTIME, 4));
        assertEquals(0, clint.read(MTIME + 4, 4));
    }

    @Test
    void theTimerInterruptIsUpWhileMtimeIsNotBelowMtimecmp() {
        clint.write(mtimecmp(1), 8, 50);
        machine.advance(4_999);
        assertFalse(machine.cpuLevel(1, 7));
        machine.advance(1);
        assertTrue(machine.cpuLevel(1, 7));
        assertFalse(machine.cpuLevel(0, 7));
        clint.write(mtimecmp(1), 8, 100);
        assertFalse(machine.cpuLevel(1, 7));
        machine.advance(5_000);
        assertTrue(machine.cpuLevel(1, 7));
    }

    @Test
    void mtimecmpCanBeWrittenInHalves() {
        clint.write(mtimecmp(3) + 4, 4, 0xFFFF_FFFFL);
        clint.write(mtimecmp(3), 4, 0x1234_5678L);
        assertEquals(0xFFFF_FFFF_1234_5678L, clint.read(mtimecmp(3), 8));
        clint.write(mtimecmp(3) + 4, 4, 0);
        assertEquals(0x1234_5678L, clint.read(mtimecmp(3), 8));
    }

    @Test
    void aComparisonWithTheLargestNumberNeverFires() {
        clint.write(mtimecmp(0), 8, -1);
        machine.advance(Long.MAX_VALUE / 4);
        assertFalse(machine.cpuLevel(0, 7));
        clint.write(mtimecmp(0), 8, Long.MIN_VALUE);
        machine.advance(Long.MAX_VALUE / 4);
        assertFalse(machine.cpuLevel(0, 7));
    }

    @Test
    void aComparisonInThePastFiresAtOnce() {
        machine.advance(1000);
        clint.write(mtimecmp(0), 8, 0);
        assertTrue(machine.cpuLevel(0, 7));
    }

    @Test
    void writingMtimeMovesTheTimers() {
        clint.write(mtimecmp(0), 8, 1000);
        clint.write(MTIME, 8, 999);
        assertFalse(machine.cpuLevel(0, 7));
        machine.advance(100);
        assertTrue(machine.cpuLevel(0, 7));
        clint.write(MTIME, 8, 0);
        assertFalse(machine.cpuLevel(0, 7));
        assertEquals(0, clint.read(MTIME, 8));
    }

    @Test
    void resetTakesEveryInterruptBack() {
        clint.write(0, 4, 1);
        clint.write(mtimecmp(0), 8, 0);
        clint.reset();
        assertFalse(machine.cpuLevel(0, 3));
        assertFalse(machine.cpuLevel(0, 7));
        assertEquals(-1, clint.read(mtimecmp(0), 8));
    }

    @Test
    void registersOfHartsThatAreNotThereReadZero() {
        clint.write(16, 4, 1);
        assertEquals(0, clint.read(16, 4));
        clint.write(mtimecmp(4), 8, 1);
        assertEquals(0, clint.read(mtimecmp(4), 8));
        clint.write(0, 1, 1);
        clint.write(2, 4, 1);
        assertFalse(machine.cpuLevel(0, 3));
    }

    @Test
    void theSupervisorViewSetsTheInterruptAndLeavesClearingItToTheHart() {
        AclintSwi sswi = new AclintSwi("sswi", AclintSwi.SUPERVISOR);
        sswi.attach(machine);
        sswi.write(4, 4, 1);
        assertTrue(machine.cpuLevel(1, 1));
        assertEquals(0, sswi.read(4, 4));
        sswi.write(4, 4, 0);
        assertTrue(machine.cpuLevel(1, 1));
        machine.cpuLine(1, 1).lower();
        sswi.write(4, 4, 0);
        assertFalse(machine.cpuLevel(1, 1));
    }
}
