package org.vm.machine.internal.replace;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** How long the steps of a replacement take, one after the other. Of one thread. */
final class Stopwatch {
    private final Map<String, Duration> steps = new LinkedHashMap<>();
    private long last = System.nanoTime();

    /** Goes on; what was since the last step is nobody's. */
    void again() {
        last = System.nanoTime();
    }

    /** A step ends, which began where the one before ended; one that was there already gets longer. */
    void step(String name) {
        long now = System.nanoTime();
        steps.merge(name, Duration.ofNanos(now - last), Duration::plus);
        last = now;
    }

    /** All steps together. */
    Duration all() {
        return steps.values().stream().reduce(Duration.ZERO, Duration::plus);
    }

    /** In their order. */
    Map<String, Duration> steps() {
        return Collections.unmodifiableMap(new LinkedHashMap<>(steps));
    }
}
