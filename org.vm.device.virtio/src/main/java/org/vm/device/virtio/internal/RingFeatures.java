package org.vm.device.virtio.internal;

import org.vm.api.memory.GuestMemory;

/** Feature bits of rings and transport (VirtIO 1.2, section 6), and what they make of a queue. */
final class RingFeatures {
    static final int INDIRECT_DESC = 28;
    static final int EVENT_IDX = 29;
    static final int VERSION_1 = 32;
    static final int RING_PACKED = 34;
    static final int IN_ORDER = 35;

    /** What the core offers for every device. */
    static final long OFFERED = 1L << INDIRECT_DESC | 1L << EVENT_IDX | 1L << VERSION_1 | 1L << RING_PACKED | 1L << IN_ORDER;

    private RingFeatures() {}

    static boolean has(long features, int bit) {
        return (features >>> bit & 1) != 0;
    }

    /** @throws RingException if it is not aligned or not in RAM */
    static Ring ring(GuestMemory memory, QueueSetup setup, long features) {
        return has(features, RING_PACKED) ? new PackedRing(memory, setup, features) : new SplitRing(memory, setup, features);
    }
}
