package org.vm.engine.jit.internal;

import java.time.Duration;
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
    /** Bytecode that a region has at most. */
    static final int LARGEST = HotSpot.compilesHugeMethods() ? 20_000 : 8_000;
    /** Tasks that wait at most: a guest could make hot code without end. */
    private static final int MOST_WAITING = 64;
    private static final int BATCH = 100;
    /** Parts of a batch, of which the fastest counts: the first calls after a pause are slow. */
    private static final int PARTS = 4;
    /** A call of a compiled method is faster than one of an interpreted method by this factor at least. */
    private static final int FASTER = 3;
    /** Calls after which HotSpot has compiled who calls, or is about to. */
    private static final int LEARNED = 100_000;
    private static final RegionCode NOTHING = new RegionCode() {
        @Override
        public int run(Cpu cpu, long[] registers, long[] tlb, int entry, int budget, long distance) {
            return RAN;
        }
    };
    private static final long MOMENT_NANOS = 1_000_000;
    private static final long PATIENCE_NANOS = 20_000_000_000L;

    private final List<Task> waiting = new ArrayList<>();
    private final Thread thread;
    private boolean configured;
    private HotSpot.Calls calls;

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
            calls = HotSpot.calls();
            // Who calls must be compiled itself to see a difference.
            for (int done = 0; done < LEARNED; done += BATCH) {
                callNothing(NOTHING, null);
            }
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
    void prepare(RegionCode code, Cpu cpu) {
        for (int done = 0; done < calls.profile(); done += BATCH) {
            callNothing(code, cpu);
        }
    }

    /**
     * Calls a region to do nothing until HotSpot has compiled it, which shows in the time that it takes.
     *
     * @return whether it has
     */
    boolean compile(RegionCode code, Cpu cpu) throws InterruptedException {
        double interpreted = Double.MAX_VALUE;
        for (int done = 0; done < calls.compile(); done += BATCH) {
            interpreted = Math.min(interpreted, callNothing(code, cpu));
        }
        long began = System.nanoTime();
        long waited = 0;
        while (waited < PATIENCE_NANOS) {
            double time = callNothing(code, cpu);
            if (time < interpreted / FASTER || time < callNothing(NOTHING, cpu) * FASTER) {
                return true;
            }
            Thread.sleep(Duration.ofNanos(MOMENT_NANOS + waited / FASTER));
            waited = System.nanoTime() - began;
        }
        return false;
    }

    /** @return nanoseconds that a call takes */
    private static double callNothing(RegionCode code, Cpu cpu) {
        long least = Long.MAX_VALUE;
        for (int part = 0; part < PARTS; part++) {
            long began = System.nanoTime();
            for (int i = 0; i < BATCH / PARTS; i++) {
                code.run(cpu, null, null, RegionCode.NOTHING, 0, 0);
            }
            least = Math.min(least, System.nanoTime() - began);
        }
        return (double) least * PARTS / BATCH;
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
