package org.vm.itest;

import java.util.Map;
import org.osgi.framework.BundleContext;
import org.vm.api.device.DeviceType;
import org.vm.device.virtio.Activation;
import org.vm.device.virtio.ConfigSpace;
import org.vm.device.virtio.VirtioDevice;

/** A virtio device of a bundle of its own, whose version is in its configuration. */
public final class PluginVirtioDevice implements VirtioDevice {
    private final String name;
    private final ConfigSpace config = new ConfigSpace(4);

    public PluginVirtioDevice(Map<String, Object> properties, BundleContext context) {
        name = (String) properties.get("name");
        config.set(0, 4, context.getBundle().getVersion().getMajor());
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceType type() {
        return DeviceType.CUSTOM;
    }

    @Override
    public int deviceId() {
        return 42;
    }

    @Override
    public long features() {
        return 0;
    }

    @Override
    public int[] queueSizes() {
        return new int[] {64};
    }

    @Override
    public ConfigSpace config() {
        return config;
    }

    @Override
    public void activate(Activation activation) {
        // It only is there.
    }

    @Override
    public void notify(int queue) {
        // Nobody asks anything.
    }

    @Override
    public void deactivate() {
        // It has nothing.
    }

    @Override
    public Map<String, String> info() {
        return Map.of();
    }
}
