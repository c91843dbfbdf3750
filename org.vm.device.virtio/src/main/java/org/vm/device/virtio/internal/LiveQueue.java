package org.vm.device.virtio.internal;

import org.vm.device.virtio.Virtqueue;

/** A queue as the transport sees it: after {@link #close} there is no access to its rings and no interrupt any more. */
interface LiveQueue extends Virtqueue {
    void close();

    /** State, for people who look. */
    String describe();
}
