package org.vm.machine.internal;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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

        synchronized void breakOff() {
            if (!over && !interrupted) {
                interrupted = true;
                thread.interrupt();
            }
        }

        synchronized void end() {
            over = true;
            if (interrupted) {
                // It was meant for the device.
                Thread.interrupted();
            }
        }
    }

    private final Duration limit;
    private final Set<Call> calls = ConcurrentHashMap.newKeySet();
    /** Whether somebody looks at the calls, who goes when there was none for a while: a thread for each call would be many. */
    private final AtomicBoolean watching = new AtomicBoolean();

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
        haveWatched();
        try {
            return action.get();
        } finally {
            calls.remove(call);
            call.end();
        }
    }

    private void haveWatched() {
        if (!calls.isEmpty() && watching.compareAndSet(false, true)) {
            Thread.ofVirtual().name("watch").start(this::watch);
        }
    }

    private void watch() {
        try {
            do {
                TimeUnit.NANOSECONDS.sleep(untilNext());
                calls.stream().filter(call -> left(call) <= 0).forEach(Call::breakOff);
            } while (!calls.isEmpty());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            watching.set(false);
        }
        // One that has begun in between has nobody yet.
        haveWatched();
    }

    private long left(Call call) {
        return call.began + limit.toNanos() - System.nanoTime();
    }

    /** Until the next call has taken too long, if one does. */
    private long untilNext() {
        return calls.stream().mapToLong(this::left).filter(left -> left > 0).min().orElse(limit.toNanos());
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
