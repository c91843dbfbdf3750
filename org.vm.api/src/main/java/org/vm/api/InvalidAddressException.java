package org.vm.api;

/** A physical address or range that names no memory or no device, or that is taken already. */
public class InvalidAddressException extends VmException {
    public InvalidAddressException(String message) {
        super(message);
    }

    public InvalidAddressException(String message, Throwable cause) {
        super(message, cause);
    }
}
