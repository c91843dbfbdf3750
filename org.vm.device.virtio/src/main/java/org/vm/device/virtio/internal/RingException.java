package org.vm.device.virtio.internal;

/** A ring, or a buffer in it, that cannot be trusted: the device breaks until reset. Carries no stack trace; guests cause it. */
public final class RingException extends RuntimeException {
    public RingException(String message) {
        super(message, null, false, false);
    }
}
