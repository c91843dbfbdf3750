package org.vm.engine.jit.internal;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.cpu.Cpu;

/** The thread that translates, and what it does to have HotSpot compile. */
final class Compiler implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Compiler.class);
    /** Bytecode that HotSpot compiles at most in one method (-XX:+DontCompileHugeMethods). */
    static final int HUGE = 8000;
    /**
     * Calls after which HotSpot begins to profile a method that only its optimizing compiler may compile, and calls after
     * which it thinks of compiling it (twice -XX:Tier3InvocationThreshold; -XX:Tier4InvocationThreshold as ./vmm sets it, with
     * reserve).
     */
    private static final int PROFILE_CALLS = 1_000;
    private static final int COMPILE_CALLS = 24_000;
    /** Tasks that wait at most: a guest could make hot code without end. */
    private static final int MOST_WAITING = 64;
    private static final int BATCH = 200;
    /** A call of a compiled method is faster than one of an interpreted method by this factor at least. */
    private static final int FASTER = 4;
    private static final long PATIENCE_NANOS = 20_000_000_000L;

    private final List<Task> waiting = new ArrayList<>();
    private final Thread thread;
    private boolean configured;

    Compiler() {
        thread = Thread.ofPlatform().daemon().name("jit").start(this::work);
    }

    /** Something to do on the compiler's thread. */
    interface Task {
        void run() throws InterruptedException;

        /** The larger, the sooner. */
        int urgency();
    }

    /** Has HotSpot know of regions before there is one. */
    synchronized void configure() {
        if (!configured) {
            HotSpot.configure();
            configured = true;
        }
    }

    void later(Task task) {
        synchronized (waiting) {
            waiting.add(task);
            waiting.notifyAll();
        }
    }

    /** Whether so much waits that nothing should be added. */
    boolean isBusy() {
        return waiting() >= MOST_WAITING;
    }

    int waiting() {
        synchronized (waiting) {
            return waiting.size();
        }
    }

    /** The most urgent one; urgency grows while tasks wait. */
    private Task next() throws InterruptedException {
        synchronized (waiting) {
            while (waiting.isEmpty()) {
                waiting.wait();
            }
            Task first = Collections.max(waiting, Comparator.comparingInt(Task::urgency));
            waiting.remove(first);
            return first;
        }
    }

    private void work() {
        try {
            while (true) {
                work(next());
            }
        } catch (InterruptedException e) {
            // Closed.
        }
    }

    /** A method of its own, so that whoever waits for the next task does not hold this one, and with it instructions. */
    private void work(Task task) throws InterruptedException {
        configure();
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            LOG.error("a region was not translated; its code stays with the interpreter", e);
        }
    }

    /** Calls a region to do nothing until HotSpot profiles it. */
    static void prepare(RegionCode code, Cpu cpu) {
        for (int i = 0; i < PROFILE_CALLS; i++) {
            callNothing(code, cpu);
        }
    }

    /**
     * Calls a region to do nothing until HotSpot has compiled it, which shows in the time that it takes.
     *
     * @return whether it has
     */
    static boolean compile(RegionCode code, Cpu cpu) throws InterruptedException {
        long interpreted = Long.MAX_VALUE;
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        for (int calls = 0; System.nanoTime() < deadline; calls += BATCH) {
            long began = System.nanoTime();
            for (int i = 0; i < BATCH; i++) {
                callNothing(code, cpu);
            }
            long time = System.nanoTime() - began;
            if (time < interpreted / FASTER && calls > BATCH) {
                return true;
            }
            if (calls < COMPILE_CALLS) {
                interpreted = Math.min(interpreted, time);
            } else {
                Thread.sleep(1);
            }
        }
        return false;
    }

    private static void callNothing(RegionCode code, Cpu cpu) {
        code.run(cpu, cpu.registers, null, RegionCode.NOTHING, 0);
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
