package org.vm.api.machine;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.vm.api.device.DeviceHost;
import org.vm.api.device.MmioDevice;
import org.vm.api.hotplug.HotplugManager;

/** The devices of one machine. Any thread. */
public interface DeviceManager {
    /**
     * A device at its place.
     *
     * @param irq interrupt source, 0 for none
     */
    record Attachment(MmioDevice device, long base, int irq) {}

    /** A device that wants to be in this machine and cannot, and why. */
    record Refusal(String device, String reason) {}

    List<Attachment> attachments();

    /** Devices that are plugged into an attached one which is a bus. */
    List<DeviceHost.Plugged> plugged();

    /** Devices that were refused; they are tried again when the map changes. */
    List<Refusal> refusals();

    /** Names of devices that are being replaced: their places are kept, and accesses of the guest wait. */
    default List<String> kept() {
        return List.of();
    }

    /** Who is on each interrupt source that is in use, for people. */
    Map<Integer, List<String>> interruptOwners();

    /** The manager of the slots into which devices are plugged while the machine runs, if it has any. */
    Optional<HotplugManager> hotplug();

    Optional<Attachment> find(String name);

    /** The device at a physical address. */
    Optional<Attachment> route(long address);

    /**
     * Attaches and maps a device.
     *
     * @param base physical address, or -1: the machine chooses
     * @param irq  interrupt source, 0: none, -1: the machine chooses
     * @throws org.vm.api.InvalidAddressException if its place is taken; names both sides
     * @throws org.vm.api.DeviceException         if its name is taken, or attaching fails
     */
    Attachment register(MmioDevice device, long base, int irq);

    /**
     * Unmaps and detaches a device.
     *
     * @throws org.vm.api.DeviceException if it is in use and {@code force} is not given
     */
    void unregister(String name, boolean force);
}
