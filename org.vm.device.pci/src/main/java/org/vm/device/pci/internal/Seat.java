package org.vm.device.pci.internal;

import org.vm.api.pci.PciFunction;

/** A card that wants to be on the bus, and where it is. Changed under the lock of {@link Seats}. */
final class Seat {
    /** Why a seat has no place whose host bridge has none. */
    static final String NO_MACHINE = "its host bridge is not in a machine";

    final String name;
    final String wish;
    /** Whose service the card is; -1: not known. */
    volatile long bundle;
    /** {@code null}: it is being replaced. */
    volatile PciFunction function;
    /** On bus 0, or that of the root port that it is behind. */
    volatile int device;
    /** {@code null}: it has no place. */
    volatile Endpoint endpoint;
    volatile String refusal = NO_MACHINE;
    /** It was unplugged, and stays so until it is plugged. */
    volatile boolean out;
    /** As long as the card is being replaced. */
    volatile KeptCard kept;
    /** It was to take another one's place and could not; it stays out of the way as long as that is kept. */
    volatile Seat rival;

    Seat(PciFunction function, String wish, long bundle) {
        this.function = function;
        this.wish = wish;
        this.bundle = bundle;
        name = function.name();
    }
}
