package org.vm.testing.virtio;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.vm.api.bus.Bus;
import org.vm.api.device.DeviceContext;
import org.vm.api.irq.InterruptLine;
import org.vm.api.memory.GuestMemory;
import org.vm.api.time.MachineClock;
import org.vm.machine.internal.PhysicalBus;

/** What a device is attached to when there is no machine: memory, recorded interrupts, virtual threads. */
public final class FakeBoard implements DeviceContext {
    /** Where interrupt messages are sent to. */
    public static final long MESSAGES = 0x2800_0000L;

    private final GuestMemory memory;
    private final Bus bus;
    private final Object monitor = new Object();
    private final Map<MachineClock.Timer, Runnable> armed = new ConcurrentHashMap<>();
    private final AtomicInteger running = new AtomicInteger();
    private final AtomicReference<Throwable> escaped = new AtomicReference<>();
    private int lines;
    private int raised;
    private int messages;
    /** How often something has happened that may be waited for. */
    private int news;

    public FakeBoard(GuestMemory memory) {
        this.memory = memory;
        bus = new PhysicalBus(memory);
        bus.map(MESSAGES, new MessageRegister(this::message));
    }

    /** Whether the device's line is high. */
    public boolean interrupted() {
        synchronized (monitor) {
            return lines > 0;
        }
    }

    private void message(int data) {
        synchronized (monitor) {
            messages |= data;
            raised++;
            tell();
        }
    }

    /** All bits of the messages that have come since it was last asked. */
    public int takeMessages() {
        synchronized (monitor) {
            int taken = messages;
            messages = 0;
            return taken;
        }
    }

    /** How often the device has raised its line, high already or not, or sent a message. */
    public int raised() {
        synchronized (monitor) {
            return raised;
        }
    }

    /**
     * Waits, looking again at each interrupt and at each end of a task. It looks without the lock that those take, because
     * looking may take the device's.
     *
     * @return whether it became true in time
     */
    public boolean await(BooleanSupplier condition, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (true) {
            int seen;
            synchronized (monitor) {
                seen = news;
            }
            if (condition.getAsBoolean()) {
                return true;
            }
            if (!awaitNews(seen, deadline)) {
                return false;
            }
        }
    }

    private boolean awaitNews(int seen, long deadline) {
        synchronized (monitor) {
            while (news == seen) {
                long left = (deadline - System.nanoTime()) / 1_000_000;
                if (left <= 0) {
                    return false;
                }
                try {
                    monitor.wait(left);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return false;
                }
            }
            return true;
        }
    }

    /** Waits until no task of the device runs. */
    public boolean awaitQuiet(Duration limit) {
        return await(() -> running.get() == 0, limit);
    }

    /** Runs the actions of all armed timers, once; they never run by themselves. */
    public void runTimers() {
        Map<MachineClock.Timer, Runnable> due = Map.copyOf(armed);
        armed.keySet().removeAll(due.keySet());
        due.values().forEach(Runnable::run);
    }

    /** What a task of the device has thrown, {@code null} if nothing. */
    public Throwable escaped() {
        return escaped.get();
    }

    @Override
    public String machine() {
        return "test";
    }

    @Override
    public GuestMemory memory() {
        return memory;
    }

    @Override
    public InterruptLine interrupt() {
        return new Line();
    }

    /** Whatever the source. */
    @Override
    public InterruptLine interrupt(int source) {
        return interrupt();
    }

    /** With the lock. */
    private void tell() {
        news++;
        monitor.notifyAll();
    }

    private final class Line implements InterruptLine {
        private boolean level;

        @Override
        public void set(boolean high) {
            synchronized (monitor) {
                lines += high == level ? 0 : high ? 1 : -1;
                level = high;
                raised += high ? 1 : 0;
                tell();
            }
        }
    }

    @Override
    public Bus bus() {
        return bus;
    }

    @Override
    public Executor workers() {
        return task -> {
            running.incrementAndGet();
            Thread.startVirtualThread(() -> {
                try {
                    task.run();
                } catch (Throwable e) {
                    escaped.compareAndSet(null, e);
                } finally {
                    running.decrementAndGet();
                    synchronized (monitor) {
                        tell();
                    }
                }
            });
        };
    }

    @Override
    public MachineClock clock() {
        return new MachineClock() {
            @Override
            public long nanos() {
                return System.nanoTime();
            }

            @Override
            public long wallNanos() {
                return System.currentTimeMillis() * 1_000_000;
            }

            @Override
            public Timer timer(Runnable action) {
                return new Timer() {
                    @Override
                    public void arm(long deadline) {
                        armed.put(this, action);
                    }

                    @Override
                    public void cancel() {
                        armed.remove(this);
                    }
                };
            }
        };
    }

    @Override
    public InterruptLine cpuLine(int cpu, int number) {
        return high -> { };
    }

    /** No driver for slots is here: nobody is to be asked, or waited for, before a card comes or goes. */
    @Override
    public boolean running() {
        return false;
    }

    @Override
    public int cpus() {
        return 1;
    }

    @Override
    public void powerOff(int status) {
        throw new UnsupportedOperationException("a virtio device has no business with power");
    }

    @Override
    public void resetMachine() {
        throw new UnsupportedOperationException("a virtio device has no business with power");
    }

    @Override
    public long timebase() {
        return 10_000_000;
    }
}
