package org.vm.api.hotplug;

/**
 * How a device is to leave a machine that runs: the guest is asked, and if it does not agree in time the device stays; the
 * guest is asked, and the device leaves when it agrees or the time is over; nobody is asked.
 */
public enum Removal { ASK, INSIST, FORCE }
