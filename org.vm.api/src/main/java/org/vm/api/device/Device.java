package org.vm.api.device;

import java.util.Map;

/** Something that can be plugged into a machine. */
public interface Device {
    /** Unique in its machine ({@code "disk0"}). */
    String name();

    DeviceType type();

    DeviceStatus status();

    /** Registers, queues and settings by name, in order, for people who look. Any thread; a snapshot. */
    Map<String, String> info();
}
