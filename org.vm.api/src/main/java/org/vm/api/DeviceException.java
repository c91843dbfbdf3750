package org.vm.api;

/** A device cannot be configured, attached or removed. */
public class DeviceException extends VmException {
    public DeviceException(String message) {
        super(message);
    }

    public DeviceException(String message, Throwable cause) {
        super(message, cause);
    }
}
