package org.vm.machine.internal;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Calls into devices, which may be anybody's and may not return. After a while the calling thread is interrupted, so that at
 * least what waits there gives up; and while a call lasts it can be seen. Any thread.
 */
final class Watched {
    static final Duration LIMIT = Duration.ofSeconds(10);

    /** One call, which is over or not; its lock keeps an interrupt from coming after it. */
    private static final class Call {
        final String what;
        final Thread thread = Thread.currentThread();
        final long began = System.nanoTime();
        private boolean over;
        private boolean interrupted;

        Call(String what) {
            this.what = what;
        }

        synchronized void watch(long nanos) {
            try {
                long until = began + nanos;
                for (long left = nanos; !over && left > 0; left = until - System.nanoTime()) {
                    wait(Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
                }
                if (!over) {
                    interrupted = true;
                    thread.interrupt();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        synchronized void end() {
            over = true;
            notifyAll();
            if (interrupted) {
                // It was meant for the device.
                Thread.interrupted();
            }
        }
    }

    private final Duration limit;
    private final Set<Call> calls = ConcurrentHashMap.newKeySet();

    Watched(Duration limit) {
        this.limit = limit;
    }

    /** @param what the end of a sentence: "device 'a' to attach" */
    void run(String what, Runnable action) {
        get(what, () -> {
            action.run();
            return null;
        });
    }

    /** @param what the end of a sentence: "device 'a' to be made" */
    <T> T get(String what, Supplier<T> action) {
        Call call = new Call(what);
        calls.add(call);
        Thread.ofVirtual().name("watch").start(() -> call.watch(limit.toNanos()));
        try {
            return action.get();
        } finally {
            calls.remove(call);
            call.end();
        }
    }

    /** A sentence about each call that takes longer than one should. */
    List<String> late() {
        return calls.stream().filter(call -> System.nanoTime() - call.began > limit.toNanos() / 10).map(this::sentence).toList();
    }

    private String sentence(Call call) {
        StackTraceElement[] stack = call.thread.getStackTrace();
        return "for %d s it has been waited for %s%s; until then no other device comes or goes".formatted(
                TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - call.began), call.what,
                stack.length == 0 ? "" : ", which is at " + stack[0]);
    }
}
