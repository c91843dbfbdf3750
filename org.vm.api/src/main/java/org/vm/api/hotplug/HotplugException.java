package org.vm.api.hotplug;

import org.vm.api.VmException;

/** A device was not plugged or unplugged as asked for. It is where it was before, unless the message says otherwise. */
public final class HotplugException extends VmException {
    /** There is no such device or slot; the guest or a user of the device does not agree; it fails in the guest; no answer in time. */
    public enum Reason { UNKNOWN, REFUSED, FAILED, TIMED_OUT }

    private final Reason reason;

    public HotplugException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
