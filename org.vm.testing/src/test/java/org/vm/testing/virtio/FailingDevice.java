package org.vm.testing.virtio;

import java.util.Map;
import org.vm.api.device.DeviceType;
import org.vm.device.virtio.Activation;
import org.vm.device.virtio.ConfigSpace;
import org.vm.device.virtio.VirtioDevice;

/** A device that throws wherever it may. */
record FailingDevice(VirtioDevice like) implements VirtioDevice {
    @Override
    public String name() {
        return like.name();
    }

    @Override
    public DeviceType type() {
        return like.type();
    }

    @Override
    public int deviceId() {
        return like.deviceId();
    }

    @Override
    public long features() {
        return like.features();
    }

    @Override
    public int[] queueSizes() {
        return like.queueSizes();
    }

    @Override
    public ConfigSpace config() {
        return like.config();
    }

    @Override
    public void activate(Activation activation) {
        throw new IllegalStateException("a bug in activate");
    }

    @Override
    public void notify(int queue) {
        throw new IllegalStateException("a bug in notify");
    }

    @Override
    public void deactivate() {
        throw new IllegalStateException("a bug in deactivate");
    }

    @Override
    public Map<String, String> info() {
        return like.info();
    }
}
