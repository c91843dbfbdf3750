package org.vm.device.virtio.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.vm.api.device.DeviceType;
import org.vm.api.state.DeviceState;
import org.vm.device.virtio.Activation;
import org.vm.device.virtio.ConfigSpace;
import org.vm.device.virtio.VirtioDevice;

/**
 * Stands behind a transport while its device is replaced: the driver reads of it what it has read of the device. It does
 * nothing; requests wait in their rings, and what the driver writes into the configuration waits here. Knows nothing of the
 * device's classes.
 */
final class StandIn implements VirtioDevice {
    private record Write(int offset, int width, long value) {}

    /** Writes that are remembered; no driver writes more, and a guest must not fill the heap. */
    private static final int MOST_WRITES = 1024;

    private final String name;
    private final DeviceType type;
    private final int deviceId;
    private final long features;
    private final int[] queueSizes;
    private final ConfigSpace config;
    private final List<Write> writes = new ArrayList<>();
    private DeviceState own;

    /** @param own the device's own state; {@code null} if it has none */
    StandIn(VirtioDevice device, DeviceState own) {
        name = device.name();
        type = device.type();
        deviceId = device.deviceId();
        features = device.features();
        queueSizes = device.queueSizes().clone();
        config = device.config().standIn(this::remember);
        this.own = own;
    }

    private synchronized void remember(int offset, int width, long value) {
        if (writes.size() < MOST_WRITES) {
            writes.add(new Write(offset, width, value));
        }
    }

    /** The state of the device that was here; {@code null} if it has none that counts. */
    synchronized DeviceState own() {
        return own;
    }

    /** Writes what the driver has written. */
    synchronized void replay(ConfigSpace into) {
        writes.forEach(write -> into.write(write.offset, write.width, write.value));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceType type() {
        return type;
    }

    @Override
    public int deviceId() {
        return deviceId;
    }

    @Override
    public long features() {
        return features;
    }

    @Override
    public int[] queueSizes() {
        return queueSizes.clone();
    }

    @Override
    public ConfigSpace config() {
        return config;
    }

    @Override
    public void activate(Activation activation) {
        // The next device will be.
    }

    @Override
    public void notify(int queue) {
        // Requests wait.
    }

    /** The driver has reset the device: what was is not to be taken over. */
    @Override
    public synchronized void deactivate() {
        own = null;
        writes.clear();
    }

    @Override
    public Map<String, String> info() {
        return Map.of("being replaced", "requests wait");
    }
}
