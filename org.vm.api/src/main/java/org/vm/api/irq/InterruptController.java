package org.vm.api.irq;

/** A device that gathers interrupt lines. */
public interface InterruptController {
    /** Number of input lines; valid sources are 1 to {@code sources()}. */
    int sources();

    /** The input line of a source; the same object for the life of the controller. */
    InterruptLine line(int source);

    /** How a device tree names a source of this controller, its level being the interrupt. */
    default int[] specifier(int source) {
        return new int[] {source};
    }

    /** State of a source, for people who look. */
    Source source(int source);

    /**
     * @param raised   level of the wire
     * @param pending  waiting to be claimed
     * @param serving  claimed and not yet completed
     * @param enabled  for at least one target
     * @param priority 0: never interrupts
     * @param count    times claimed
     */
    record Source(int number, boolean raised, boolean pending, boolean serving, boolean enabled, int priority,
            long count) {}
}
