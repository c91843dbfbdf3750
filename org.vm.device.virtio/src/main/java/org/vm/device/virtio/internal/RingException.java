package org.vm.device.virtio.internal;

/** A ring that cannot be trusted: the device breaks until reset. Carries no stack trace; guests cause it. */
final class RingException extends RuntimeException {
    RingException(String message) {
        super(message, null, false, false);
    }
}
