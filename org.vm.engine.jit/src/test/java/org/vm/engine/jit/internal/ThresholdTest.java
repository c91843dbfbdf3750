package org.vm.engine.jit.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ThresholdTest {
    @Test
    void anAdaptiveThresholdRisesWithTheQueueUpToAMaximum() {
        AtomicInteger waiting = new AtomicInteger();
        Threshold threshold = new Threshold(1000, true, waiting::get);
        assertEquals(1000, threshold.entries());
        waiting.set(Threshold.DOUBLING);
        assertEquals(2000, threshold.entries());
        waiting.set(3 * Threshold.DOUBLING - 1);
        assertEquals(4000, threshold.entries());
        waiting.set(1_000_000);
        assertEquals(16_000, threshold.entries());
        waiting.set(0);
        assertEquals(1000, threshold.entries());
    }

    @Test
    void aFixedThresholdStays() {
        assertEquals(7, Threshold.fixed(7).entries());
        assertEquals(7, new Threshold(7, false, () -> 1_000_000).entries());
    }
}
