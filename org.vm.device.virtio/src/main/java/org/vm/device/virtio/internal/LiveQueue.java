package org.vm.device.virtio.internal;

import org.vm.api.state.DeviceState;
import org.vm.device.virtio.Virtqueue;

/** A queue as the transport sees it: after {@link #close} there is no access to its rings and no interrupt any more. */
interface LiveQueue extends Virtqueue {
    void close();

    boolean closed();

    /** The device gets no more chains, but may give back those that it has. */
    void drain();

    /** Nothing happens until {@link #open}: what the device says meanwhile has no effect. */
    void shut();

    void open();

    /** Positions, and the chains that the device has. */
    DeviceState capture();

    /** Goes on where another one came to: the chains that its device had come first. */
    void restore(DeviceState state);

    /** State, for people who look. */
    String describe();
}
