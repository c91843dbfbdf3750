package org.vm.device.virtio;

import org.osgi.annotation.versioning.ProviderType;

/** The device's end of a queue, whatever the format of its ring (VirtIO 1.2, section 2.6). Any thread. */
@ProviderType
public interface Virtqueue {
    /** Number of descriptors. */
    int size();

    /**
     * Takes the next chain of buffers that the driver offers. It is the caller's until completed, and must not be used
     * after that: chains are used again.
     *
     * @return {@code null} if there is none; the driver's next one will be notified
     */
    DescriptorChain poll();

    /** Gives a chain back and interrupts the driver if it wants that; the same as {@link #stage} and {@link #publish}. */
    void complete(DescriptorChain chain, long written);

    /**
     * Gives a chain back; the driver sees it at the next {@link #publish}.
     *
     * @param written bytes written into the chain's writable buffers, from their start
     */
    void stage(DescriptorChain chain, long written);

    /** Shows the driver all that was staged, with one interrupt at most. */
    void publish();
}
