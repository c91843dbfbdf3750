package org.vm.bench.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class StatisticsTest {
    @Test
    void theMedianIsTheMiddleOrTheMeanOfTheTwoInTheMiddle() {
        assertEquals(3, Statistics.median(List.of(9, 1, 3)));
        assertEquals(2.5, Statistics.median(List.of(9.0, 1.0, 3.0, 2.0)));
        assertThrows(IllegalArgumentException.class, () -> Statistics.median(List.of()));
    }

    @Test
    void theGeometricMeanOfARatioAndItsInverseIsOne() {
        assertEquals(1, Statistics.geometricMean(List.of(4.0, 0.25)), 1e-12);
        assertEquals(2, Statistics.geometricMean(List.of(1.0, 2.0, 4.0)), 1e-12);
        assertThrows(IllegalArgumentException.class, () -> Statistics.geometricMean(List.of()));
        assertThrows(IllegalArgumentException.class, () -> Statistics.geometricMean(List.of(1.0, 0.0)));
        assertThrows(IllegalArgumentException.class, () -> Statistics.geometricMean(List.of(Double.NaN)));
    }
}
