package org.vm.device.virtio.internal;

/** Feature bits of rings and transport (VirtIO 1.2, section 6). */
final class RingFeatures {
    static final int INDIRECT_DESC = 28;
    static final int EVENT_IDX = 29;
    static final int VERSION_1 = 32;

    /** What the core offers for every device. */
    static final long OFFERED = 1L << INDIRECT_DESC | 1L << EVENT_IDX | 1L << VERSION_1;

    private RingFeatures() {}

    static boolean has(long features, int bit) {
        return (features >>> bit & 1) != 0;
    }
}
