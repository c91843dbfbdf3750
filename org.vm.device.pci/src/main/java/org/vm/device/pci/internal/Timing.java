package org.vm.device.pci.internal;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The time that people have who wait for a guest. It goes on while the machine stands. */
interface Timing {
    long nanos();

    /** Runs {@code action} once, on another thread. */
    void after(Duration delay, Runnable action);

    Timing SYSTEM = new Timing() {
        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        public void after(Duration delay, Runnable action) {
            CompletableFuture.delayedExecutor(delay.toNanos(), TimeUnit.NANOSECONDS, Thread::startVirtualThread).execute(action);
        }
    };
}
