package org.vm.api.hotplug;

/**
 * Where a slot stands: nothing in it; a device in it that the guest does not use (yet, or any more); the guest is
 * switching it on; the guest uses it; the guest is letting it go.
 */
public enum SlotState { EMPTY, PRESENT, POWERING_ON, POWERED_ON, POWERING_OFF }
