package org.vm.api.device;

/** Where a device stands: made; attached to a machine; in use by a driver; no longer usable until reset. */
public enum DeviceStatus { CREATED, ATTACHED, ACTIVE, FAILED, DETACHED }
