package org.vm.bench.guest;

import java.util.Arrays;
import java.util.Collection;

/** Middles of numbers. */
final class Statistics {
    private Statistics() {}

    /** @throws IllegalArgumentException if there are none */
    static double median(Collection<? extends Number> values) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("nothing has no median");
        }
        double[] sorted = values.stream().mapToDouble(Number::doubleValue).toArray();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** @throws IllegalArgumentException if there are none, or one is not above zero */
    static double geometricMean(Collection<Double> values) {
        if (values.isEmpty() || values.stream().anyMatch(value -> !(value > 0))) {
            throw new IllegalArgumentException("no geometric mean of " + values);
        }
        return Math.exp(values.stream().mapToDouble(Math::log).average().orElseThrow());
    }
}
