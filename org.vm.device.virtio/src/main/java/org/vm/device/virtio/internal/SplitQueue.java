package org.vm.device.virtio.internal;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.vm.api.memory.GuestMemory;
import org.vm.device.virtio.DescriptorChain;

/**
 * Split virtqueue (VirtIO 1.2, section 2.7).
 *
 * <pre>
 * struct virtq_desc  { le64 addr; le32 len; le16 flags; le16 next; }            desc[size]
 * struct virtq_avail { le16 flags; le16 idx; le16 ring[size]; le16 used_event; }
 * struct virtq_used  { le16 flags; le16 idx; { le32 id; le32 len; } ring[size]; le16 avail_event; }
 * </pre>
 *
 * Nothing in the rings is believed: each number is read once and checked. What cannot be right throws
 * {@link RingException} to the worker, by which the device breaks.
 */
final class SplitQueue implements LiveQueue {
    private static final ValueLayout.OfLong LE64_ANY = JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt LE32 = JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort LE16 = JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INDEX = LE16.varHandle();

    private static final int DESC_SIZE = 16;
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;
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
    private final Runnable interrupt;
    /** Chains not in use, as a stack. There are never more than the queue has descriptors. */
    private final Chain[] free;
    private int freeCount;
    private int made;

    private int nextAvail;
    private int nextUsed;
    /** The used index that the driver sees. */
    private int published;
    private boolean closed;

    /**
     * @param interrupt tells the driver that there are used buffers
     * @throws RingException if the rings are not aligned or not in RAM
     */
    SplitQueue(GuestMemory memory, QueueSetup setup, long features, Runnable interrupt) {
        this.memory = memory;
        this.ram = memory.segment();
        this.size = setup.size();
        this.indirect = RingFeatures.has(features, RingFeatures.INDIRECT_DESC);
        this.eventIdx = RingFeatures.has(features, RingFeatures.EVENT_IDX);
        this.interrupt = interrupt;
        this.desc = place(memory, "descriptor table", setup.descriptors(), (long) DESC_SIZE * size, 16);
        this.avail = place(memory, "available ring", setup.driverArea(), RING + 2L * size + 2, 2);
        this.used = place(memory, "used ring", setup.deviceArea(), RING + 8L * size + 2, 4);
        this.free = new Chain[size];
    }

    /** Throws what the constructor would throw. */
    static void check(GuestMemory memory, QueueSetup setup) {
        place(memory, "descriptor table", setup.descriptors(), (long) DESC_SIZE * setup.size(), 16);
        place(memory, "available ring", setup.driverArea(), RING + 2L * setup.size() + 2, 2);
        place(memory, "used ring", setup.deviceArea(), RING + 8L * setup.size() + 2, 4);
    }

    private static long place(GuestMemory memory, String what, long address, long bytes, int alignment) {
        long offset = memory.writableOffset(address, bytes);
        if (bytes == 0 || offset < 0 || (address & alignment - 1) != 0 || (offset & alignment - 1) != 0) {
            throw new RingException("the " + what + " at 0x" + Long.toHexString(address) + " (" + bytes
                    + " bytes) is not in RAM or not aligned to " + alignment);
        }
        return offset;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public synchronized DescriptorChain poll() {
        if (closed || !available()) {
            return null;
        }
        if (freeCount == 0 && made == size) {
            throw new RingException("more than " + size + " chains at a time");
        }
        int head = u16(avail + RING + 2L * (nextAvail & size - 1));
        Chain chain = freeCount > 0 ? free[--freeCount] : newChain();
        chain.start(head);
        walk(chain, head);
        chain.taken = true;
        nextAvail = nextAvail + 1 & 0xFFFF;
        return chain;
    }

    private Chain newChain() {
        made++;
        return new Chain(memory);
    }

    /** Whether there is a next chain; if not, the driver has been asked to say when. */
    private boolean available() {
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
        int index = (short) INDEX.getAcquire(ram, avail + 2) & 0xFFFF;
        int pending = index - nextAvail & 0xFFFF;
        if (pending > size) {
            throw new RingException("available index " + index + " is " + pending + " ahead in a queue of " + size);
        }
        return pending;
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
            long at = table + (long) DESC_SIZE * index;
            // Two loads, one copy: everything below works on it. Indirect tables need no alignment.
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
                if (length == 0 || length % DESC_SIZE != 0 || length / DESC_SIZE > size) {
                    throw new RingException("an indirect table of " + length + " bytes in a queue of " + size);
                }
                table = memory.writableOffset(address, length);
                if (table < 0) {
                    throw new RingException("an indirect table outside RAM, at 0x" + Long.toHexString(address));
                }
                entries = (int) (length / DESC_SIZE);
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
    public synchronized void stage(DescriptorChain given, long written) {
        if (closed) {
            return;
        }
        Chain chain = (Chain) given;
        if (!chain.taken) {
            throw new IllegalStateException("chain " + chain.id + " was completed twice");
        }
        chain.taken = false;
        long at = used + RING + 8L * (nextUsed & size - 1);
        ram.set(LE32, at, chain.id);
        ram.set(LE32, at + 4, (int) Math.clamp(written, 0, chain.writable().size()));
        nextUsed = nextUsed + 1 & 0xFFFF;
        free[freeCount++] = chain;
    }

    @Override
    public synchronized void publish() {
        if (closed || nextUsed == published) {
            return;
        }
        int before = published;
        INDEX.setRelease(ram, used + 2, (short) nextUsed);
        published = nextUsed;
        // The driver may have enabled interrupts just before it looked: our index first, then its wish.
        VarHandle.fullFence();
        if (wanted(before)) {
            interrupt.run();
        }
    }

    /** Whether the driver wants an interrupt for used indices from {@code before} to {@link #published}. */
    private boolean wanted(int before) {
        if (!eventIdx) {
            return (u16(avail) & NO_INTERRUPT) == 0;
        }
        int event = u16(avail + RING + 2L * size);
        return (published - event - 1 & 0xFFFF) < (published - before & 0xFFFF);
    }

    @Override
    public synchronized void complete(DescriptorChain chain, long written) {
        stage(chain, written);
        publish();
    }

    @Override
    public synchronized void close() {
        closed = true;
    }

    @Override
    public synchronized String describe() {
        return "size " + size + ", taken " + nextAvail + ", used " + published + ", in the device "
                + (made - freeCount) + (closed ? ", closed" : "");
    }

    private int u16(long offset) {
        return ram.get(LE16, offset) & 0xFFFF;
    }
}
