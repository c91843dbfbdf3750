package org.vm.api.device;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vm.api.hotplug.HotplugManager;

/** A device with a bus of its own, into which other devices are plugged. Any thread. */
public interface DeviceHost {
    /** @param place where in the host, for people ("slot1, 01:00.0") */
    record Plugged(Device device, String place) {}

    /** In order of their places. */
    List<Plugged> plugged();

    /** The interrupt sources that lead here beside the host's own, and who shares each, for people. */
    Map<Integer, List<String>> interruptOwners();

    /** The manager of the host's slots, if it has any. */
    Optional<HotplugManager> hotplug();

    /** Devices that want to be here and cannot, by name, and why; they are tried again when another one leaves. */
    Map<String, String> refused();
}
