package org.vm.device.virtio.internal;

import static org.vm.device.virtio.internal.RingMemory.DESCRIPTOR;
import static org.vm.device.virtio.internal.RingMemory.INDIRECT;
import static org.vm.device.virtio.internal.RingMemory.LE16;
import static org.vm.device.virtio.internal.RingMemory.LE32;
import static org.vm.device.virtio.internal.RingMemory.LE64_ANY;
import static org.vm.device.virtio.internal.RingMemory.NEXT;
import static org.vm.device.virtio.internal.RingMemory.WORD;
import static org.vm.device.virtio.internal.RingMemory.WRITE;
import static org.vm.device.virtio.internal.RingMemory.place;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import org.vm.api.DeviceException;
import org.vm.api.memory.GuestMemory;
import org.vm.api.state.DeviceState;

/**
 * Split virtqueue (VirtIO 1.2, section 2.7).
 *
 * <pre>
 * struct virtq_desc  { le64 addr; le32 len; le16 flags; le16 next; }            desc[size]
 * struct virtq_avail { le16 flags; le16 idx; le16 ring[size]; le16 used_event; }
 * struct virtq_used  { le16 flags; le16 idx; { le32 id; le32 len; } ring[size]; le16 avail_event; }
 * </pre>
 */
final class SplitRing implements Ring {
    private static final String KIND = "org.vm.device.virtio.ring.split";
    private static final int NO_INTERRUPT = 1;
    private static final int RING = 4;

    private final GuestMemory memory;
    private final MemorySegment ram;
    private final int size;
    private final long desc;
    private final long avail;
    private final long used;
    private final boolean indirect;
    private final boolean eventIdx;

    private int nextAvail;
    private int nextUsed;
    /** The used index that the driver sees. */
    private int published;

    /** @throws RingException if the rings are not aligned or not in RAM */
    SplitRing(GuestMemory memory, QueueSetup setup, long features) {
        this.memory = memory;
        ram = memory.segment();
        size = setup.size();
        indirect = RingFeatures.has(features, RingFeatures.INDIRECT_DESC);
        eventIdx = RingFeatures.has(features, RingFeatures.EVENT_IDX);
        desc = place(memory, "descriptor table", setup.descriptors(), (long) DESCRIPTOR * size, 16);
        avail = place(memory, "available ring", setup.driverArea(), RING + 2L * size + 2, 2);
        used = place(memory, "used ring", setup.deviceArea(), RING + 8L * size + 2, 4);
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public boolean available() {
        if (pending() > 0) {
            return true;
        }
        if (!eventIdx) {
            return false;
        }
        // 2.7.10: show how far we came, then look once more, or both sides might wait for ever.
        ram.set(LE16, used + RING + 8L * size, (short) nextAvail);
        VarHandle.fullFence();
        return pending() > 0;
    }

    private int pending() {
        int index = (short) WORD.getAcquire(ram, avail + 2) & 0xFFFF;
        int pending = index - nextAvail & 0xFFFF;
        if (pending > size) {
            throw new RingException("available index " + index + " is " + pending + " ahead in a queue of " + size);
        }
        return pending;
    }

    @Override
    public void fetch(Chain chain) {
        int head = u16(avail + RING + 2L * (nextAvail & size - 1));
        chain.start(head);
        walk(chain, head);
        nextAvail = nextAvail + 1 & 0xFFFF;
    }

    private void walk(Chain chain, int head) {
        long table = desc;
        int entries = size;
        int index = head;
        boolean inTable = false;
        for (int count = 0;; count++) {
            if (index >= entries) {
                throw new RingException("descriptor " + index + " in a table of " + entries);
            }
            if (count >= size) {
                throw new RingException("chain " + head + " is longer than the queue, " + size);
            }
            long at = table + (long) DESCRIPTOR * index;
            // Two loads, one copy: everything below works on it.
            long address = ram.get(LE64_ANY, at);
            long rest = ram.get(LE64_ANY, at + 8);
            long length = rest & 0xFFFF_FFFFL;
            int flags = (int) (rest >>> 32) & 0xFFFF;
            int next = (int) (rest >>> 48);
            if ((flags & INDIRECT) != 0) {
                if (!indirect || inTable || (flags & NEXT) != 0) {
                    throw new RingException(!indirect ? "an indirect descriptor, which was not negotiated"
                            : inTable ? "an indirect descriptor in an indirect table"
                            : "an indirect descriptor with NEXT");
                }
                table = RingMemory.table(memory, address, length, size);
                entries = (int) (length / DESCRIPTOR);
                index = 0;
                inTable = true;
                count--;
                continue;
            }
            chain.add(address, length, (flags & WRITE) != 0);
            if ((flags & NEXT) == 0) {
                return;
            }
            index = next;
        }
    }

    @Override
    public void use(Chain chain, long written) {
        long at = used + RING + 8L * (nextUsed & size - 1);
        ram.set(LE32, at, chain.id);
        ram.set(LE32, at + 4, (int) written);
        nextUsed = nextUsed + 1 & 0xFFFF;
    }

    @Override
    public boolean show() {
        if (nextUsed == published) {
            return false;
        }
        int before = published;
        WORD.setRelease(ram, used + 2, (short) nextUsed);
        published = nextUsed;
        // The driver may have enabled interrupts just before it looked: our index first, then its wish.
        VarHandle.fullFence();
        if (!eventIdx) {
            return (u16(avail) & NO_INTERRUPT) == 0;
        }
        int event = u16(avail + RING + 2L * size);
        return (published - event - 1 & 0xFFFF) < (published - before & 0xFFFF);
    }

    @Override
    public DeviceState capture() {
        return DeviceState.of(KIND, 1).number("available", nextAvail).number("used", nextUsed).number("published", published)
                .build();
    }

    @Override
    public void restore(DeviceState state, long out) {
        nextAvail = (int) state.number("available", 0) & 0xFFFF;
        nextUsed = (int) state.number("used", 0) & 0xFFFF;
        published = (int) state.number("published", nextUsed) & 0xFFFF;
        if ((nextAvail - nextUsed & 0xFFFF) != out || out > size) {
            throw new DeviceException("a split ring of " + size + " from which chains up to " + nextAvail + " were taken, and up to "
                    + nextUsed + " given back, cannot have " + out + " in the device");
        }
    }

    @Override
    public String describe() {
        return "split, taken " + nextAvail + ", used " + published;
    }

    private int u16(long offset) {
        return ram.get(LE16, offset) & 0xFFFF;
    }
}
