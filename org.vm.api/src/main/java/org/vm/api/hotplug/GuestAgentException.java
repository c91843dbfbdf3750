package org.vm.api.hotplug;

import org.vm.api.VmException;

/** The agent in a guest did not do what it was asked for. */
public final class GuestAgentException extends VmException {
    /** What went wrong: no agent is there (any more); it answered with an error; it did not answer in time. */
    public enum Reason { DISCONNECTED, REFUSED, TIMED_OUT }

    private final Reason reason;

    public GuestAgentException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
