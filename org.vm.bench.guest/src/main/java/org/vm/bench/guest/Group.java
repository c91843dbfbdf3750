package org.vm.bench.guest;

import java.util.Locale;
import java.util.OptionalDouble;

/** Kinds of work, with what is wanted of each: QEMU's time divided by ours. */
enum Group {
    INTEGER("integer compute", 2.0),
    FLOAT("floating point", 3.0),
    JUMP("indirect jumps", 3.0),
    SYSTEM("system calls, processes, memory", 1.0),
    PROCESS("short processes", Double.NaN),
    /** Its target is another one: {@link #SPEEDUP}. */
    PARALLEL("parallel compute", Double.NaN);

    /** Two harts against one. */
    static final double SPEEDUP = 1.8;
    /** No integer program may be slower than under QEMU. */
    static final double LEAST = 1.0;

    private final String title;
    private final double target;

    Group(String title, double target) {
        this.title = title;
        this.target = target;
    }

    String title() {
        return title;
    }

    OptionalDouble target() {
        return Double.isNaN(target) ? OptionalDouble.empty() : OptionalDouble.of(target);
    }

    /** As on the command line. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
