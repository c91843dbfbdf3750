package org.vm.machine.internal;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A call into a device, which may be anybody's and may not return. After a while its thread is interrupted, so that at least
 * what waits there gives up; and while it lasts it can be seen.
 */
final class Watched {
    static final Duration LIMIT = Duration.ofSeconds(10);

    private record Call(String what, Thread thread, long began) {}

    private final Duration limit;
    private Call call;
    private boolean interrupted;

    Watched(Duration limit) {
        this.limit = limit;
    }

    /** @param what the end of a sentence: "device 'a' to attach" */
    void run(String what, Runnable action) {
        Call mine = new Call(what, Thread.currentThread(), System.nanoTime());
        synchronized (this) {
            call = mine;
            interrupted = false;
        }
        Thread.ofVirtual().name("watch").start(() -> watch(mine));
        try {
            action.run();
        } finally {
            synchronized (this) {
                call = null;
                notifyAll();
                if (interrupted) {
                    // It was meant for the device.
                    Thread.interrupted();
                }
            }
        }
    }

    private synchronized void watch(Call watched) {
        try {
            long left = limit.toMillis();
            long until = System.nanoTime() + limit.toNanos();
            while (call == watched && left > 0) {
                wait(left);
                left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
            }
            if (call == watched) {
                interrupted = true;
                watched.thread.interrupt();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A sentence about a call that takes longer than one should. */
    synchronized Optional<String> late() {
        if (call == null || System.nanoTime() - call.began < limit.toNanos() / 10) {
            return Optional.empty();
        }
        StackTraceElement[] stack = call.thread.getStackTrace();
        return Optional.of("for %d s this machine has been waiting for %s%s; no other device can come or go".formatted(
                TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - call.began), call.what,
                stack.length == 0 ? "" : ", which is at " + stack[0]));
    }
}
