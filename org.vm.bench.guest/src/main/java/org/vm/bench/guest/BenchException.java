package org.vm.bench.guest;

/** Something that the benchmark cannot go on with; the message is for the person who started it. */
final class BenchException extends RuntimeException {
    private static final long serialVersionUID = 1;

    BenchException(String message) {
        super(message);
    }

    BenchException(String message, Throwable cause) {
        super(message, cause);
    }
}
