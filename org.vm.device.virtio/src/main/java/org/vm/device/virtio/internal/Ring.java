package org.vm.device.virtio.internal;

import org.vm.api.state.DeviceState;

/**
 * The format of a queue in guest memory. Nothing in it is believed: each number is read once and checked, and what cannot
 * be right throws {@link RingException}, by which the device breaks. Used under the lock of its {@link RingQueue}.
 */
interface Ring {
    int size();

    /** Whether the driver offers a chain; if not, it has been asked to say when. */
    boolean available();

    /** Copies the descriptors of the next chain; there is one. */
    void fetch(Chain chain);

    /** Gives a chain back; the driver sees it at the next {@link #show}. */
    void use(Chain chain, long written);

    /** Shows the driver what was given back. @return whether it wants an interrupt for it */
    boolean show();

    /** How far it came, for people who look. */
    String describe();

    /** How far it came. */
    DeviceState capture();

    /**
     * Goes on where another one came to.
     *
     * @param out entries of the ring that chains take which were taken and not given back
     * @throws org.vm.api.DeviceException if no ring can have come there
     */
    void restore(DeviceState state, long out);
}
