package org.vm.engine.jit.internal;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.cpu.Cpu;
import org.vm.api.isa.DecodedRow;

/** Makes classes of regions. */
final class Compiler implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Compiler.class);
    /** Bytecode that HotSpot compiles at most in one method (-XX:+DontCompileHugeMethods). */
    static final int HUGE = 8000;
    /**
     * Calls after which HotSpot begins to profile a method that only its optimizing compiler may compile, and calls after
     * which it has compiled it (-XX:Tier3InvocationThreshold by two, -XX:Tier4InvocationThreshold, with reserve).
     */
    private static final int PROFILE_CALLS = 1_000;
    private static final int COMPILE_CALLS = 10_000;

    private final Rows rows;
    private final RegionClasses classes = new RegionClasses();
    private final AtomicInteger count = new AtomicInteger();
    private final BlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();
    private final Thread thread;

    Compiler(Rows rows) {
        this.rows = rows;
        thread = Thread.ofPlatform().daemon().name("jit").start(this::work);
    }

    /** Does {@code task} on the compiler's thread. */
    void later(Runnable task) {
        queue.add(task);
    }

    int waiting() {
        return queue.size();
    }

    private void work() {
        try {
            while (true) {
                Runnable task = queue.take();
                try {
                    task.run();
                } catch (RuntimeException | LinkageError e) {
                    LOG.error("a region was not translated; its code stays with the interpreter", e);
                }
            }
        } catch (InterruptedException e) {
            // Closed.
        }
    }

    /**
     * Translates a region.
     *
     * @return {@code null} if its bytecode is larger than HotSpot compiles
     */
    RegionCode translate(Region region, MemorySegment memory) {
        for (Node node : region.nodes()) {
            for (DecodedRow row : node.rows) {
                classes.see(row.row());
            }
        }
        String name = RegionClasses.PACKAGE + ".Region" + count.incrementAndGet();
        RegionWriter.Written written = RegionWriter.write(name, region, rows);
        return written.codeLength() >= HUGE ? null : classes.define(written, memory);
    }

    /** Calls a region to do nothing until HotSpot profiles it. */
    static void prepare(RegionCode code, Cpu cpu) {
        call(code, cpu, PROFILE_CALLS);
    }

    /** Calls a region to do nothing until HotSpot has compiled it. */
    static void compile(RegionCode code, Cpu cpu) {
        call(code, cpu, COMPILE_CALLS);
    }

    private static void call(RegionCode code, Cpu cpu, int times) {
        for (int i = 0; i < times; i++) {
            code.run(cpu, cpu.registers, null, RegionCode.NOTHING, 0);
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
