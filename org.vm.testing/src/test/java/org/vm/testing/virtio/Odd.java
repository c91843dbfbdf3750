package org.vm.testing.virtio;

import java.util.Map;
import org.vm.api.device.DeviceType;
import org.vm.device.virtio.Activation;
import org.vm.device.virtio.ConfigSpace;
import org.vm.device.virtio.VirtioDevice;

/** A device that does nothing, and says of itself what a test wants. */
record Odd(int deviceId, long features, int... queueSizes) implements VirtioDevice {
    @Override
    public String name() {
        return "probe";
    }

    @Override
    public DeviceType type() {
        return DeviceType.CUSTOM;
    }

    @Override
    public ConfigSpace config() {
        return ConfigSpace.NONE;
    }

    @Override
    public void activate(Activation activation) {
        // Nothing.
    }

    @Override
    public void notify(int queue) {
        // Nothing.
    }

    @Override
    public void deactivate() {
        // Nothing.
    }

    @Override
    public Map<String, String> info() {
        return Map.of();
    }
}
