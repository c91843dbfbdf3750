package org.vm.device.virtio.internal;

import java.util.Map;

/** The name of a device: as configured, else what follows {@code ~} in the PID of its factory configuration. */
final class InstanceName {
    private InstanceName() {}

    static String of(String configured, Map<String, Object> properties) {
        if (!configured.isEmpty()) {
            return configured;
        }
        String pid = String.valueOf(properties.get("service.pid"));
        return pid.substring(pid.lastIndexOf('~') + 1);
    }
}
