package org.vm.device.virtio.internal;

import java.util.Arrays;
import org.vm.api.pci.PciContext;
import org.vm.api.state.DeviceState;

/**
 * Interrupts of virtio over PCI: by the vectors that the driver has given to queues and configuration if it uses
 * messages, else by the line, with the ISR status to tell why (VirtIO 1.2, sections 4.1.4.5 and 4.1.5.3).
 */
final class PciVectors implements DeviceControl.Interrupts {
    static final int NO_VECTOR = 0xFFFF;
    private static final int QUEUE = 1;
    private static final int CONFIGURATION = 2;

    private final int[] queues;
    private int config = NO_VECTOR;
    private int isr;
    private volatile PciContext context;

    PciVectors(int queueCount) {
        queues = new int[queueCount];
        Arrays.fill(queues, NO_VECTOR);
    }

    /** Interrupt vectors that make sense: one for each queue, and one for the configuration. */
    int count() {
        return queues.length + 1;
    }

    void connect(PciContext to) {
        context = to;
    }

    synchronized void capture(DeviceState.Builder into) {
        into.number("isr", isr).number("configVector", config)
                .bytes("queueVectors", Fields.of(Arrays.stream(queues).asLongStream().toArray()));
    }

    synchronized void restore(DeviceState state) {
        config = valid((int) state.number("configVector", NO_VECTOR) & 0xFFFF);
        long[] vectors = Fields.read(state.bytes("queueVectors", new byte[0]));
        for (int i = 0; i < Math.min(queues.length, vectors.length); i++) {
            queues[i] = valid((int) vectors[i] & 0xFFFF);
        }
        isr |= (int) state.number("isr", 0) & (QUEUE | CONFIGURATION);
        PciContext to = context;
        if (to != null && !to.messages()) {
            to.interrupt().set(isr != 0);
        }
    }

    synchronized int config() {
        return config;
    }

    /** A vector that is not there reads back as none. */
    synchronized void config(int vector) {
        config = valid(vector);
    }

    synchronized int queue(int index) {
        return index < queues.length ? queues[index] : NO_VECTOR;
    }

    synchronized void queue(int index, int vector) {
        if (index < queues.length) {
            queues[index] = valid(vector);
        }
    }

    private int valid(int vector) {
        return vector < count() ? vector : NO_VECTOR;
    }

    @Override
    public void used(int queue) {
        PciContext to = context;
        if (to.messages()) {
            to.send(queue(queue));
        } else {
            raise(to, QUEUE);
        }
    }

    @Override
    public void configChanged() {
        PciContext to = context;
        if (to.messages()) {
            synchronized (this) {
                isr |= CONFIGURATION;
            }
            to.send(config());
        } else {
            raise(to, CONFIGURATION);
        }
    }

    private synchronized void raise(PciContext to, int why) {
        isr |= why;
        to.interrupt().raise();
    }

    /** Reading it clears it, and with it the line. */
    synchronized int takeIsr() {
        int why = isr;
        isr = 0;
        PciContext to = context;
        if (to != null) {
            to.interrupt().lower();
        }
        return why;
    }

    @Override
    public synchronized void clear() {
        Arrays.fill(queues, NO_VECTOR);
        config = NO_VECTOR;
        takeIsr();
    }
}
