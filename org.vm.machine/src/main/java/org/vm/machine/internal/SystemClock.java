package org.vm.machine.internal;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.vm.api.time.MachineClock;

/** The host's clock, minus the time for which the machine was paused. Timers share one thread. */
public final class SystemClock implements MachineClock, AutoCloseable {
    private static final long UNARMED = Long.MAX_VALUE;

    /** Time as a function of the host's: stands still at {@code offset}, or runs with it. */
    private record Rate(boolean running, long offset) {
        long at(long host) {
            return running ? host + offset : offset;
        }
    }

    private final String name;
    private final Consumer<Throwable> failed;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Alarm> alarms = new ArrayList<>();
    private volatile Rate rate = new Rate(false, 0);
    /** When the timer thread will look again by itself, in machine time. */
    private long nextLook = UNARMED;
    private Thread thread;
    private boolean closed;

    /** @param failed told of whatever a timer's action throws */
    public SystemClock(String name, Consumer<Throwable> failed) {
        this.name = name;
        this.failed = failed;
    }

    @Override
    public long nanos() {
        return rate.at(System.nanoTime());
    }

    @Override
    public long wallNanos() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000 + now.getNano();
    }

    @Override
    public Timer timer(Runnable action) {
        return new Alarm(action);
    }

    /** Time starts again at zero. */
    public void restart() {
        set(new Rate(true, -System.nanoTime()));
    }

    public void pause() {
        set(new Rate(false, nanos()));
    }

    public void resume() {
        if (!rate.running()) {
            set(new Rate(true, rate.offset() - System.nanoTime()));
        }
    }

    private void set(Rate changedRate) {
        lock.lock();
        try {
            rate = changedRate;
            if (thread == null && !closed) {
                thread = Thread.ofPlatform().daemon().name(name + " timer").start(this::run);
            }
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        List<Alarm> due = new ArrayList<>();
        while (collect(due)) {
            for (Alarm alarm : due) {
                try {
                    alarm.action.run();
                } catch (RuntimeException | Error e) {
                    failed.accept(e);
                }
            }
            due.clear();
        }
    }

    /** Waits for alarms and takes those whose time has come. @return whether to go on */
    private boolean collect(List<Alarm> due) {
        lock.lock();
        try {
            while (!closed) {
                long now = nanos();
                nextLook = UNARMED;
                for (int i = alarms.size() - 1; i >= 0; i--) {
                    Alarm alarm = alarms.get(i);
                    if (alarm.deadline <= now && rate.running()) {
                        alarm.deadline = UNARMED;
                        alarms.remove(i);
                        due.add(alarm);
                    } else {
                        nextLook = Math.min(nextLook, alarm.deadline);
                    }
                }
                if (!due.isEmpty()) {
                    return true;
                }
                if (rate.running() && nextLook != UNARMED) {
                    changed.awaitNanos(nextLook - now);
                } else {
                    changed.await();
                }
            }
            return false;
        } catch (InterruptedException e) {
            return false;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    private final class Alarm implements Timer {
        private final Runnable action;
        private long deadline = UNARMED;

        Alarm(Runnable action) {
            this.action = action;
        }

        @Override
        public void arm(long at) {
            lock.lock();
            try {
                if (deadline == UNARMED) {
                    alarms.add(this);
                }
                deadline = Math.min(at, UNARMED - 1);
                if (deadline < nextLook) {
                    changed.signal();
                }
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void cancel() {
            lock.lock();
            try {
                if (deadline != UNARMED) {
                    deadline = UNARMED;
                    alarms.remove(this);
                }
            } finally {
                lock.unlock();
            }
        }
    }
}
