package org.vm.device.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.vm.api.ConfigurationException;

class PlicTest {
    private static final int S0 = 1;
    private static final int M1 = 2;
    private final FakeMachine machine = new FakeMachine(2);
    private final Plic plic = new Plic("plic", 1023);

    @BeforeEach
    void attach() {
        plic.attach(machine);
    }

    private void priority(int source, int value) {
        plic.write(4L * source, 4, value);
    }

    private void enable(int context, int source) {
        long word = 0x2000 + 0x80L * context + source / 32 * 4;
        plic.write(word, 4, plic.read(word, 4) | 1L << source % 32);
    }

    private void threshold(int context, int value) {
        plic.write(0x200000 + 0x1000L * context, 4, value);
    }

    private int claim(int context) {
        return (int) plic.read(0x200004 + 0x1000L * context, 4);
    }

    private void complete(int context, int source) {
        plic.write(0x200004 + 0x1000L * context, 4, source);
    }

    private boolean pending(int source) {
        return (plic.read(0x1000 + source / 32 * 4, 4) >>> source % 32 & 1) != 0;
    }

    @Test
    void aRaisedSourceInterruptsTheContextsThatEnableIt() {
        priority(10, 1);
        enable(S0, 10);
        plic.line(10).raise();
        assertTrue(machine.cpuLevel(0, 9));
        assertFalse(machine.cpuLevel(0, 11));
        assertFalse(machine.cpuLevel(1, 9));
        assertTrue(pending(10));
    }

    @Test
    void aClaimTakesThePendingBitAndTheWire() {
        priority(10, 1);
        enable(S0, 10);
        plic.line(10).raise();
        assertEquals(10, claim(S0));
        assertFalse(pending(10));
        assertFalse(machine.cpuLevel(0, 9));
        assertEquals(0, claim(S0));
    }

    @Test
    void aWireThatIsStillUpAtCompletionInterruptsAgain() {
        priority(10, 1);
        enable(S0, 10);
        plic.line(10).raise();
        claim(S0);
        complete(S0, 10);
        assertTrue(machine.cpuLevel(0, 9));
        claim(S0);
        plic.line(10).lower();
        complete(S0, 10);
        assertFalse(machine.cpuLevel(0, 9));
    }

    @Test
    void aRequestStaysWhenTheWireGoesDownBeforeTheClaim() {
        priority(3, 1);
        enable(S0, 3);
        plic.line(3).raise();
        plic.line(3).lower();
        assertTrue(machine.cpuLevel(0, 9));
        assertEquals(3, claim(S0));
    }

    @Test
    void theHighestPriorityIsClaimedFirstAndTheLowestNumberAmongEquals() {
        for (int source : new int[] {5, 6, 7, 1023}) {
            priority(source, source == 1023 ? 7 : source == 5 ? 1 : 2);
            enable(M1, source);
            plic.line(source).raise();
        }
        assertEquals(1023, claim(M1));
        assertEquals(6, claim(M1));
        assertEquals(7, claim(M1));
        assertEquals(5, claim(M1));
    }

    @Test
    void theThresholdMasksTheWireButNotTheClaim() {
        priority(5, 3);
        enable(S0, 5);
        threshold(S0, 3);
        plic.line(5).raise();
        assertFalse(machine.cpuLevel(0, 9));
        threshold(S0, 2);
        assertTrue(machine.cpuLevel(0, 9));
        threshold(S0, 3);
        assertEquals(5, claim(S0));
    }

    @Test
    void priorityZeroNeverInterrupts() {
        enable(S0, 5);
        plic.line(5).raise();
        assertFalse(machine.cpuLevel(0, 9));
        assertEquals(0, claim(S0));
        priority(5, 1);
        assertTrue(machine.cpuLevel(0, 9));
    }

    @Test
    void sourceZeroDoesNotExist() {
        priority(0, 7);
        plic.write(0x2000 + 0x80, 4, 0xFFFF_FFFFL);
        assertEquals(0, plic.read(0, 4));
        assertEquals(0xFFFF_FFFEL, plic.read(0x2000 + 0x80, 4));
        assertThrows(IllegalArgumentException.class, () -> plic.line(0));
    }

    @Test
    void prioritiesAndThresholdsHaveThreeBits() {
        priority(1, -1);
        threshold(S0, -1);
        assertEquals(7, plic.read(4, 4));
        assertEquals(7, plic.read(0x201000, 4));
    }

    @Test
    void completionOfWhatWasNotClaimedOrIsNotEnabledIsIgnored() {
        priority(10, 1);
        enable(S0, 10);
        plic.line(10).raise();
        complete(S0, 11);
        complete(S0, 5000);
        complete(S0, -1);
        assertEquals(10, claim(S0));
        complete(M1, 10);
        assertFalse(machine.cpuLevel(0, 9));
        assertTrue(plic.source(10).serving());
        complete(S0, 10);
        assertTrue(machine.cpuLevel(0, 9));
    }

    @Test
    void pendingBitsCannotBeWritten() {
        plic.write(0x1000, 4, -1);
        assertEquals(0, plic.read(0x1000, 4));
    }

    @Test
    void contextsThatAreNotThereReadZero() {
        plic.write(0x2000 + 0x80 * 4, 4, -1);
        assertEquals(0, plic.read(0x2000 + 0x80 * 4, 4));
        assertEquals(0, claim(4));
        complete(4, 1);
    }

    @Test
    void aWireThatIsUpInterruptsAgainAfterAReset() {
        priority(4, 1);
        enable(S0, 4);
        plic.line(4).raise();
        claim(S0);
        plic.reset();
        assertFalse(machine.cpuLevel(0, 9));
        priority(4, 1);
        enable(S0, 4);
        assertEquals(4, claim(S0));
    }

    @Test
    void aSourceCountsItsClaims() {
        priority(4, 5);
        enable(S0, 4);
        for (int i = 0; i < 3; i++) {
            plic.line(4).raise();
            claim(S0);
            plic.line(4).lower();
            complete(S0, 4);
        }
        assertEquals(3, plic.source(4).count());
        assertEquals(5, plic.source(4).priority());
        assertTrue(plic.source(4).enabled());
    }

    @Test
    void moreThan1023SourcesAreRefused() {
        assertThrows(ConfigurationException.class, () -> new Plic("plic", 1024));
    }
}
