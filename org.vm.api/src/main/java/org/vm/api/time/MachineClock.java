package org.vm.api.time;

/**
 * The one clock of a machine; it stands still while the machine is paused. All time that a guest can see comes from
 * here. Any thread.
 */
public interface MachineClock {
    /** Nanoseconds since the machine was started. */
    long nanos();

    /** Wall-clock time as the guest shall see it, nanoseconds since 1970-01-01T00:00Z. */
    long wallNanos();

    /** A new timer that runs {@code action} on the machine's timer thread; {@code action} must not block. */
    Timer timer(Runnable action);

    interface Timer {
        /** Runs the action once when {@link #nanos()} reaches {@code deadline}; replaces an earlier deadline. */
        void arm(long deadline);

        /** Forgets the deadline. */
        void cancel();
    }
}
