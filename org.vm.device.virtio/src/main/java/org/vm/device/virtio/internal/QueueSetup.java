package org.vm.device.virtio.internal;

/** What a driver said about one queue; kept under the lock of {@link DeviceControl}. */
final class QueueSetup {
    private final int max;
    private int size;
    private long descriptors;
    private long driverArea;
    private long deviceArea;
    private boolean ready;

    QueueSetup(int max) {
        this.max = max;
        clear();
    }

    void clear() {
        size = max;
        descriptors = 0;
        driverArea = 0;
        deviceArea = 0;
        ready = false;
    }

    int max() {
        return max;
    }

    int size() {
        return size;
    }

    /** Ignored unless it is one that the device can serve. */
    void size(int value) {
        if (!ready && value > 0 && value <= max) {
            size = value;
        }
    }

    long descriptors() {
        return descriptors;
    }

    long driverArea() {
        return driverArea;
    }

    long deviceArea() {
        return deviceArea;
    }

    void descriptors(int half, int value) {
        descriptors = ready ? descriptors : with(descriptors, half, value);
    }

    void driverArea(int half, int value) {
        driverArea = ready ? driverArea : with(driverArea, half, value);
    }

    void deviceArea(int half, int value) {
        deviceArea = ready ? deviceArea : with(deviceArea, half, value);
    }

    boolean ready() {
        return ready;
    }

    void ready(boolean value) {
        ready = value;
    }

    /** @param half 0 for the low 32 bits, 1 for the high ones */
    private static long with(long old, int half, int value) {
        return half == 0
                ? old & 0xFFFF_FFFF_0000_0000L | Integer.toUnsignedLong(value)
                : old & 0xFFFF_FFFFL | (long) value << 32;
    }
}
