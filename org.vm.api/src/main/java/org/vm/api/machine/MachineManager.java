package org.vm.api.machine;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Service: the machines of this container. Machines and devices are factory configurations; this writes and deletes them. */
public interface MachineManager {
    List<Machine> machines();

    Optional<Machine> find(String name);

    /** Creates a machine from configuration properties (see the machine's Metatype) and waits until it is there. */
    Machine create(String name, Map<String, Object> properties);

    void delete(String name);

    /** Kinds of devices that can be added: the factory PIDs installed, by short name ({@code "virtio.blk"}). */
    List<String> deviceKinds();

    /**
     * Adds a device to a machine by writing its factory configuration, and waits a little until it is there. A device
     * that lacks something stays configured and comes when that comes.
     *
     * @throws org.vm.api.DeviceException if it cannot work as configured; nothing is left of it then
     */
    void addDevice(String machine, String kind, String name, Map<String, Object> properties);

    /**
     * Changes settings of a device, by writing its configuration; an empty text takes a setting back. What can change while
     * it runs does; for anything else the device leaves, and comes back changed.
     */
    void changeDevice(String machine, String name, Map<String, Object> properties);

    /** Deletes the configuration of a device, by which it leaves. */
    void removeDevice(String machine, String name);

    /** Tree of reasons why a machine or device is not there or does not run, in words. */
    String why(String name);
}
