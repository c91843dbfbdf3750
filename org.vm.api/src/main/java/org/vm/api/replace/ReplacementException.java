package org.vm.api.replace;

import org.vm.api.VmException;

/** A replacement failed at a step; the message says at which, why, and what is there now. */
public final class ReplacementException extends VmException {
    public ReplacementException(String message) {
        super(message);
    }

    public ReplacementException(String message, Throwable cause) {
        super(message, cause);
    }
}
