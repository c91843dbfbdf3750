package org.vm.isa.riscv.internal;

import java.util.ArrayList;
import java.util.List;
import org.vm.api.time.MachineClock;

/** Time that goes on when a test says so; timers run on the test's thread. */
final class ManualClock implements MachineClock {
    private final List<ManualTimer> timers = new ArrayList<>();
    private long now;

    void advance(long nanos) {
        now += nanos;
        List.copyOf(timers).forEach(ManualTimer::runIfDue);
    }

    @Override
    public long nanos() {
        return now;
    }

    @Override
    public long wallNanos() {
        return now;
    }

    @Override
    public Timer timer(Runnable action) {
        ManualTimer timer = new ManualTimer(action);
        timers.add(timer);
        return timer;
    }

    private final class ManualTimer implements Timer {
        private final Runnable action;
        private long deadline = Long.MAX_VALUE;

        private ManualTimer(Runnable action) {
            this.action = action;
        }

        private void runIfDue() {
            if (now >= deadline) {
                deadline = Long.MAX_VALUE;
                action.run();
            }
        }

        @Override
        public void arm(long when) {
            deadline = when;
        }

        @Override
        public void cancel() {
            deadline = Long.MAX_VALUE;
        }
    }
}
