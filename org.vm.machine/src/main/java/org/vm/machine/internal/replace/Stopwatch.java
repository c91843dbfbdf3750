package org.vm.machine.internal.replace;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** How long the steps of a replacement take, one after the other. Of one thread. */
final class Stopwatch {
    private final Map<String, Duration> steps = new LinkedHashMap<>();
    private final long began = System.nanoTime();
    private long last = began;

    /** A step ends, which began where the one before ended. */
    void step(String name) {
        long now = System.nanoTime();
        steps.merge(name, Duration.ofNanos(now - last), Duration::plus);
        last = now;
    }

    /** Until the end of the last step. */
    Duration all() {
        return Duration.ofNanos(last - began);
    }

    /** In their order. */
    Map<String, Duration> steps() {
        return Collections.unmodifiableMap(new LinkedHashMap<>(steps));
    }
}
