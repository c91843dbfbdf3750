package org.vm.machine.internal;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.vm.api.CacheStats;
import org.vm.api.PerformanceStats;
import org.vm.api.VmConfig;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.ExitReason;
import org.vm.api.cpu.TranslatedCode;
import org.vm.api.machine.DeviceManager.Attachment;

/**
 * Runs one CPU on a platform thread. Orders and engines are changed by other threads at any time and take effect between
 * two instructions; a CPU that waits for an interrupt is parked.
 */
final class VcpuThread {
    enum Order { RUN, PAUSE, STOP }

    /** Instructions between two looks at the orders; they are looked at early whenever one is given. */
    private static final long BUDGET = 1 << 24;
    private static final long PATIENCE_SECONDS = 30;
    private static final long SOON_SECONDS = 2;
    private static final int LOOKS = 3;
    private static final long LOOK_MILLIS = 20;
    private static final CacheStats NO_BLOCKS = new CacheStats(0, 0, 0, 0, 0);

    private final VmConfig machine;
    private final String name;
    private final Cpu cpu;
    private final BiConsumer<Cpu, Throwable> failed;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Order order = Order.STOP;
    private boolean alive;
    private volatile Thread thread;
    /** No guest code runs, and the thread waits for orders or is gone. */
    private boolean standing = true;
    /** How many want that no guest code runs, whatever is ordered. */
    private int bars;
    /** The thread waits in an access to a device whose place is kept. */
    private boolean waiting;
    /** Such an access gives up, and the thread comes out to obey. */
    private boolean comingOut;
    private ExecutionEngine engine;
    private ExecutionEngine runnersEngine;
    private volatile ExecutionEngine.Runner runner;
    private volatile long guestNanos;

    /** @param failed told, on the vCPU's thread, what ended it */
    VcpuThread(VmConfig machine, Cpu cpu, BiConsumer<Cpu, Throwable> failed) {
        this.machine = machine;
        this.name = machine.name() + " vcpu" + cpu.id;
        this.cpu = cpu;
        this.failed = failed;
    }

    /** The thread of a vCPU, which knows whose it is. */
    private static final class GuestThread extends Thread {
        private final VcpuThread vcpu;

        GuestThread(VcpuThread vcpu) {
            super(vcpu::loop, vcpu.name);
            this.vcpu = vcpu;
            setDaemon(true);
        }
    }

    /** The vCPU whose thread calls, or {@code null}. */
    static VcpuThread current() {
        return Thread.currentThread() instanceof GuestThread guest ? guest.vcpu : null;
    }

    /** Starts the thread. It must have stopped. */
    void start(Order first) {
        lock.lock();
        try {
            if (alive) {
                throw new IllegalStateException(name + " runs already");
            }
            order = first;
            alive = true;
            standing = false;
            comingOut = false;
            thread = new GuestThread(this);
            thread.start();
        } finally {
            lock.unlock();
        }
    }

    /** Gives an order and returns at once. A thread that was told to stop stays so until {@link #start}. */
    void order(Order next) {
        lock.lock();
        try {
            if (order != Order.STOP) {
                order = next;
            }
            comingOut |= next == Order.STOP;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        cpu.requestExit();
    }

    /** Makes an access that waits give up, until the thread stands. */
    void comeOut() {
        lock.lock();
        try {
            comingOut = alive;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** From now on no guest code runs, until {@link #unbar}; returns at once. */
    void bar() {
        lock.lock();
        try {
            bars++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        cpu.requestExit();
    }

    void unbar() {
        lock.lock();
        try {
            bars--;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * On this thread, in an access: waits until {@code over}, which somebody else makes true before {@link #look}, and until
     * guest code may run. Meanwhile the vCPU stands, unless it is to come out.
     *
     * @return false: the access must be given up
     */
    boolean waitInside(BooleanSupplier over, long nanos) {
        lock.lock();
        try {
            waiting = true;
            changed.signalAll();
            long left = nanos;
            while (!comingOut && !over.getAsBoolean() && left > 0) {
                left = changed.awaitNanos(left);
            }
            while (bars > 0 || !comingOut && order == Order.PAUSE) {
                changed.await();
            }
            return !comingOut || over.getAsBoolean();
        } catch (InterruptedException e) {
            // It was meant for a device. Whoever changes something has its standstill nevertheless.
            while (bars > 0) {
                changed.awaitUninterruptibly();
            }
            return false;
        } finally {
            waiting = false;
            lock.unlock();
        }
    }

    /** Something has changed for an access that waits. */
    void look() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until no guest code runs. After a while a device that keeps the thread in an access is interrupted.
     *
     * @return whether it stands within half a minute
     */
    boolean awaitStanding(List<Attachment> devices) {
        if (await(this::stands, SOON_SECONDS)) {
            return true;
        }
        if (stuckIn(devices).isPresent()) {
            thread.interrupt();
        }
        return await(this::stands, PATIENCE_SECONDS);
    }

    private boolean stands() {
        return (standing || waiting && !comingOut) && (order != Order.STOP || !alive);
    }

    /** The device whose code the thread stays in, with the place, if it does so at several looks. */
    Optional<String> stuckIn(List<Attachment> devices) {
        String found = null;
        for (int look = 0; look < LOOKS; look++) {
            Thread current = thread;
            String now = current == null ? null : place(current.getStackTrace(), devices);
            if (now == null || found != null && !found.equals(now)) {
                return Optional.empty();
            }
            found = now;
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS));
        }
        return Optional.of(found);
    }

    private static String place(StackTraceElement[] stack, List<Attachment> devices) {
        for (StackTraceElement frame : stack) {
            for (Attachment attachment : devices) {
                if (frame.getClassName().equals(attachment.device().getClass().getName())) {
                    return "device '" + attachment.device().name() + "', which does not answer an access; it is at " + frame;
                }
            }
        }
        return null;
    }

    /** Hands the CPU to another engine, or to none; returns when the former one has let go. */
    boolean engine(ExecutionEngine next) {
        lock.lock();
        try {
            engine = next;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        cpu.requestExit();
        return await(() -> !alive || runnersEngine == engine, PATIENCE_SECONDS);
    }

    PerformanceStats stats() {
        ExecutionEngine.Runner current = runner;
        return new PerformanceStats(cpu.retired, guestNanos, cpu.traps(), cpu.interrupts(),
                current == null ? 0 : current.fused(), current == null ? NO_BLOCKS : current.blocks(), cpu.mmu.stats());
    }

    Optional<TranslatedCode> translated() {
        ExecutionEngine.Runner current = runner;
        return current == null ? Optional.empty() : current.translated();
    }

    private boolean await(BooleanSupplier condition, long seconds) {
        lock.lock();
        try {
            long left = TimeUnit.SECONDS.toNanos(seconds);
            while (!condition.getAsBoolean() && left > 0) {
                left = changed.awaitNanos(left);
            }
            return condition.getAsBoolean();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    private void loop() {
        cpu.thread(Thread.currentThread());
        Throwable end = null;
        try {
            while (obey()) {
                long began = System.nanoTime();
                ExitReason reason = runner.run(BUDGET);
                guestNanos += System.nanoTime() - began;
                // Whoever interrupted it meant a device.
                Thread.interrupted();
                if (reason == ExitReason.WAIT) {
                    while (!cpu.attention()) {
                        LockSupport.park(this);
                    }
                }
            }
        } catch (Throwable e) {
            // Nothing that an engine or a device throws may end a vCPU in silence.
            end = e;
        }
        leave();
        if (end != null) {
            failed.accept(cpu, end);
        }
    }

    /** Does what was ordered until there is code to run. @return whether to run it */
    private boolean obey() throws InterruptedException {
        lock.lock();
        try {
            while (order != Order.STOP) {
                if (runnersEngine != engine) {
                    closeRunner();
                    if (engine != null) {
                        runner = engine.runner(cpu, machine);
                        runnersEngine = engine;
                    }
                    changed.signalAll();
                }
                if (order == Order.RUN && runner != null && bars == 0) {
                    standing = false;
                    // Whoever wanted the thread to come out has found it standing.
                    comingOut = false;
                    return true;
                }
                standing = true;
                comingOut = false;
                changed.signalAll();
                changed.await();
            }
            return false;
        } finally {
            lock.unlock();
        }
    }

    private void leave() {
        lock.lock();
        try {
            cpu.thread(null);
            closeRunner();
            order = Order.STOP;
            alive = false;
            standing = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void closeRunner() {
        ExecutionEngine.Runner former = runner;
        runner = null;
        runnersEngine = null;
        if (former != null) {
            former.close();
        }
    }
}
