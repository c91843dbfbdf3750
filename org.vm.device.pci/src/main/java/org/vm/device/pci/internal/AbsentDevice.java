package org.vm.device.pci.internal;

import java.util.Map;
import org.vm.api.device.Device;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;

/** What people see of a device whose place is kept while there is none. */
record AbsentDevice(String name) implements Device {
    @Override
    public DeviceType type() {
        return DeviceType.CUSTOM;
    }

    @Override
    public DeviceStatus status() {
        return DeviceStatus.ACTIVE;
    }

    @Override
    public Map<String, String> info() {
        return Map.of("being replaced", "accesses of the guest wait");
    }
}
