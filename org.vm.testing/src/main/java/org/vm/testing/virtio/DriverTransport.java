package org.vm.testing.virtio;

/** How a driver reaches its device; the steps of VirtIO 1.2, section 4, that MMIO and PCI have in common. */
public interface DriverTransport {
    int deviceId();

    long deviceFeatures();

    void driverFeatures(long features);

    int status();

    void status(int value);

    int queueMax(int queue);

    /** Asks for a number of entries. */
    void queueSize(int queue, int size);

    /** Tells the device where a queue is, and enables it; a size of 0 leaves it as it is. */
    void enable(int queue, int size, long descriptors, long driverArea, long deviceArea);

    boolean enabled(int queue);

    void notify(int queue);

    /** Interrupts that wait: 1 used buffer, 2 configuration change; acknowledges them. */
    int takeInterrupts();

    long config(int offset, int width);

    void config(int offset, int width, long value);

    int configGeneration();
}
