package org.vm.device.virtio.internal;

import org.vm.api.DeviceException;
import org.vm.api.state.DeviceState;

/** What a driver said about one queue; kept under the lock of {@link DeviceControl}. */
final class QueueSetup {
    private static final String KIND = "org.vm.device.virtio.queue";

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

    DeviceState.Builder capture() {
        return DeviceState.of(KIND, 1).number("size", size).number("descriptors", descriptors).number("driverArea", driverArea)
                .number("deviceArea", deviceArea).flag("ready", ready);
    }

    /** @throws DeviceException if a queue that is in use is larger than this one can be */
    void restore(DeviceState state) {
        clear();
        long wanted = state.number("size", max);
        boolean use = state.flag("ready", false);
        if (use && (wanted < 1 || wanted > max)) {
            throw new DeviceException("a queue in use has " + wanted + " entries, and can have 1 to " + max + " here");
        }
        size((int) Math.clamp(wanted, 1, max));
        descriptors = state.number("descriptors", 0);
        driverArea = state.number("driverArea", 0);
        deviceArea = state.number("deviceArea", 0);
        ready = use;
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
