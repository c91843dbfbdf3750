package org.vm.kit;

/** What was asked for cannot be done; the message says why, and what to do. */
final class KitException extends RuntimeException {
    private static final long serialVersionUID = 1;

    KitException(String message) {
        super(message);
    }

    KitException(String message, Throwable cause) {
        super(message, cause);
    }
}
