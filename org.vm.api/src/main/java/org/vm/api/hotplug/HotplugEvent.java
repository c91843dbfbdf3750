package org.vm.api.hotplug;

import java.time.Instant;

/**
 * Something that has happened to a slot. Under Event Admin its topic is {@link #TOPIC} and the kind
 * ({@code "org/vm/hotplug/ADDED"}), and the other components are properties with their names.
 *
 * @param number counts the events of a machine, from 1
 * @param vm     name of the machine
 * @param device name of the device
 * @param detail for people
 */
public record HotplugEvent(long number, Instant time, Kind kind, String vm, String slot, String device, String detail) {
    public static final String TOPIC = "org/vm/hotplug/";

    /**
     * {@code INSERTED}: a device is in the slot; {@code ADDED}: the guest uses it; {@code POWER_ON_FAILED}: it tried in
     * vain; {@code POWERED_OFF}: it has let the device go, which is still in the slot; {@code REMOVED}: the slot is empty;
     * {@code REFUSED}: the guest, or what uses the device, does not let it go; {@code TIMED_OUT}: a plug or an unplug has
     * not come to its end in time.
     */
    public enum Kind { INSERTED, ADDED, POWER_ON_FAILED, POWERED_OFF, REMOVED, REFUSED, TIMED_OUT }
}
