package org.vm.testing.virtio;

/** Driver's end of a queue, whatever the format of its ring. */
public interface DriverQueue {
    /** @param written bytes that the device says it wrote */
    record Used(int id, long written) {}

    int index();

    int size();

    /** Tells the device where the queue is, and enables it. */
    void enable(DriverTransport transport);

    /** Makes a chain of buffers available, without notifying. @return what {@link Used#id} will be */
    int add(Buffer... buffers);

    /** As {@link #add}, through an indirect table. */
    int addIndirect(Buffer... buffers);

    /** Notifies the device if it wants that. */
    void kick();

    /** Next used chain, or {@code null}. */
    Used poll();

    /** Whether {@link #poll} has something. */
    boolean hasUsed();

    /** Wishes an interrupt for the next used chain, or none. */
    void interrupts(boolean wanted);
}
