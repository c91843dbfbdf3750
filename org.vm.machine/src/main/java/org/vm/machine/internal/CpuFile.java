package org.vm.machine.internal;

import java.util.concurrent.CompletableFuture;
import org.vm.api.device.DeviceContext;
import org.vm.api.irq.InterruptFile;

/**
 * What an interrupt controller has for one CPU, as the CPU knows it. While the controller is being replaced the CPU's
 * instructions that need it wait, and go on with what the successor has.
 */
final class CpuFile implements InterruptFile {
    private final DeviceContext machine;
    private volatile InterruptFile file;
    private volatile CompletableFuture<Void> kept;

    CpuFile(DeviceContext machine, InterruptFile first) {
        this.machine = machine;
        file = first;
    }

    /** From now on instructions wait. */
    synchronized void keep() {
        if (kept == null) {
            kept = new CompletableFuture<>();
        }
    }

    /** Instructions go on. @param next {@code null}: with nothing, whose registers read zero */
    synchronized void open(InterruptFile next) {
        file = next;
        open();
    }

    /** Instructions go on with what there was. */
    synchronized void open() {
        CompletableFuture<Void> waiting = kept;
        kept = null;
        if (waiting != null) {
            waiting.complete(null);
        }
    }

    /** {@code null}: there is none, or nobody comes in time. */
    private InterruptFile there() {
        for (CompletableFuture<Void> first = kept; first != null; first = kept) {
            if (!machine.await(first)) {
                return null;
            }
        }
        return file;
    }

    @Override
    public long read(int register) {
        InterruptFile there = there();
        return there == null ? 0 : there.read(register);
    }

    @Override
    public long modify(int register, long set, long clear) {
        InterruptFile there = there();
        return there == null ? 0 : there.modify(register, set, clear);
    }

    @Override
    public int top() {
        InterruptFile there = there();
        return there == null ? 0 : there.top();
    }

    @Override
    public int claim() {
        InterruptFile there = there();
        return there == null ? 0 : there.claim();
    }
}
