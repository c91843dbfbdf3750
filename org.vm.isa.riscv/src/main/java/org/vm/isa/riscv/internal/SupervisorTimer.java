package org.vm.isa.riscv.internal;

import org.vm.api.irq.InterruptLine;
import org.vm.api.time.MachineClock;

/** The time counter, and {@code stimecmp} that raises STIP when time has reached it (Volume II, chapter 14, Sstc). */
public final class SupervisorTimer {
    private static final long NANOS = 1_000_000_000;

    private final Hart hart;
    private final MachineClock clock;
    private final long timebase;
    private final InterruptLine line;
    private final MachineClock.Timer timer;
    /** Guarded by this, as are the line's changes: an old timer must not raise it for a deadline that has been moved. */
    private long deadline = -1;
    private boolean on;

    SupervisorTimer(Hart hart) {
        this.hart = hart;
        this.clock = hart.platform.clock();
        this.timebase = hart.platform.timebase();
        this.line = hart.interrupts.line(Interrupts.STI);
        this.timer = clock.timer(this::expired);
    }

    void reset() {
        compare(-1);
    }

    /** The {@code time} CSR. */
    long time() {
        long nanos = clock.nanos();
        return nanos / NANOS * timebase + nanos % NANOS * timebase / NANOS;
    }

    long compare() {
        return deadline;
    }

    /** Sets {@code stimecmp}. */
    public synchronized void compare(long ticks) {
        deadline = ticks;
        arm();
    }

    /** After a change of {@code menvcfg.STCE}. */
    synchronized void update() {
        if (on != hart.environment.supervisorTimer()) {
            on = !on;
            hart.interrupts.timerChangesHands();
            arm();
        }
    }

    private synchronized void expired() {
        arm();
    }

    private void arm() {
        boolean due = on && Long.compareUnsigned(time(), deadline) >= 0;
        line.set(due);
        // A deadline beyond what nanoseconds can say is never reached.
        if (on && !due && Long.compareUnsigned(deadline / timebase, Long.MAX_VALUE / NANOS - 1) < 0 && deadline > 0) {
            timer.arm(deadline / timebase * NANOS + (deadline % timebase * NANOS + timebase - 1) / timebase);
        } else {
            timer.cancel();
        }
    }
}
