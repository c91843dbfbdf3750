package org.vm.device.virtio.internal;

import org.vm.api.memory.GuestMemory;
import org.vm.device.virtio.Buffers;
import org.vm.device.virtio.DescriptorChain;

/** A chain of any ring format; belongs to its queue and is used again and again. */
final class Chain implements DescriptorChain {
    private static final long MAX_BYTES = 0xFFFF_FFFFL;

    private final GuestMemory memory;
    private final Buffers readable;
    private final Buffers writable;
    private boolean wellFormed;
    /** The driver's name for the chain: for a split ring the number of its first descriptor. */
    int id;
    /** Descriptors that it takes in a packed ring. */
    int span;
    /** Bytes that the device has written, when it has given the chain back. */
    long written;
    /** Whether the device has it at present; guarded by the queue. */
    boolean taken;

    Chain(GuestMemory memory) {
        this.memory = memory;
        readable = new Buffers(memory.segment());
        writable = new Buffers(memory.segment());
    }

    void start(int newId) {
        id = newId;
        readable.clear();
        writable.clear();
        wellFormed = true;
    }

    /** @throws RingException if a readable buffer follows a writable one */
    void add(long address, long length, boolean forDevice) {
        if (!forDevice && writable.count() > 0) {
            throw new RingException("a readable buffer after a writable one in chain " + id);
        }
        long offset = length == 0 ? -1 : memory.writableOffset(address, length);
        (forDevice ? writable : readable).add(offset, length);
        wellFormed &= offset >= 0 && readable.size() + writable.size() <= MAX_BYTES;
    }

    @Override
    public Buffers readable() {
        return readable;
    }

    @Override
    public Buffers writable() {
        return writable;
    }

    @Override
    public boolean wellFormed() {
        return wellFormed;
    }
}
