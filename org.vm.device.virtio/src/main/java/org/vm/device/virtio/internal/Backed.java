package org.vm.device.virtio.internal;

/** A device that goes when what is behind it goes. */
interface Backed {
    /** What it cannot be without. */
    Object backend();
}
