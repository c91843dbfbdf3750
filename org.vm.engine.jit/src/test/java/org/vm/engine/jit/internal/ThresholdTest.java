package org.vm.engine.jit.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ThresholdTest {
    @Test
    void anAdaptiveThresholdRisesWithTheQueueUpToAMaximum() {
        AtomicInteger waiting = new AtomicInteger();
        Threshold threshold = Threshold.instructions(1000, true, waiting::get);
        assertEquals(1000, threshold.now());
        waiting.set(Threshold.DOUBLING);
        assertEquals(2000, threshold.now());
        waiting.set(3 * Threshold.DOUBLING - 1);
        assertEquals(4000, threshold.now());
        waiting.set(1_000_000);
        assertEquals(16_000, threshold.now());
        assertEquals(1600, threshold.entries(10));
        waiting.set(0);
        assertEquals(1000, threshold.now());
    }

    @Test
    void aFixedThresholdStays() {
        assertEquals(7, Threshold.fixed(7).now());
        assertEquals(7, Threshold.instructions(7, false, () -> 1_000_000).now());
    }

    @Test
    void longBlocksAreHotAfterFewerEntries() {
        Threshold threshold = Threshold.instructions(1000, false, () -> 0);
        assertEquals(1000, threshold.entries(1));
        assertEquals(20, threshold.entries(50));
        assertEquals(1, threshold.entries(5000));
        assertEquals(7, Threshold.fixed(7).entries(50));
    }

    @Test
    void theLargestThresholdStaysPositive() {
        assertEquals(Integer.MAX_VALUE, Threshold.instructions(Integer.MAX_VALUE, true, () -> 1_000_000).now());
    }
}
