package org.vm.api.machine;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.vm.api.hotplug.Removal;

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

    /**
     * Lets a device leave, and deletes its configuration. What is in a slot leaves in agreement with the guest; elsewhere a
     * device leaves at once, or not at all while the guest uses it ({@link Removal#ASK}).
     *
     * @param limit for the guest
     * @return completes when the device has left, or fails with a {@link org.vm.api.hotplug.HotplugException} saying why not
     * @throws org.vm.api.DeviceException if the machine has no such device
     */
    CompletionStage<Void> removeDevice(String machine, String name, Duration limit, Removal how);

    /** Tree of reasons why a machine or device is not there or does not run, in words; of an empty name what holds all of them up, if anything. */
    String why(String name);
}
