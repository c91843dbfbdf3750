package org.vm.device.virtio;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Buffers that belong together, as the driver offered them: first those that the device reads, then those that it
 * writes. How a message is cut into buffers means nothing (VirtIO 1.2, section 2.7.4). The descriptors were copied once
 * and checked; the contents of the buffers are shared with the guest, and may change between two looks.
 */
@ProviderType
public interface DescriptorChain {
    Buffers readable();

    Buffers writable();

    /**
     * Whether every buffer is in RAM and not empty, and all together are shorter than 4 GiB. If not, answer with an
     * error status where the device has one; touching a buffer that is not in RAM breaks the device.
     */
    boolean wellFormed();
}
