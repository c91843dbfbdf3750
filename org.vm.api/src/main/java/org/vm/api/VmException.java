package org.vm.api;

/**
 * Root of every error that the monitor reports to a person. The message is one clear sentence that says what, where
 * and why. Never thrown for something a guest did: guest mistakes are traps, device statuses or ignored accesses.
 */
public class VmException extends RuntimeException {
    public VmException(String message) {
        super(message);
    }

    public VmException(String message, Throwable cause) {
        super(message, cause);
    }
}
