package org.vm.device.virtio.internal;

import static org.vm.device.virtio.internal.RingMemory.DESCRIPTOR;
import static org.vm.device.virtio.internal.RingMemory.INDIRECT;
import static org.vm.device.virtio.internal.RingMemory.LE16;
import static org.vm.device.virtio.internal.RingMemory.LE32;
import static org.vm.device.virtio.internal.RingMemory.LE64_ANY;
import static org.vm.device.virtio.internal.RingMemory.LONG;
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
 * Packed virtqueue (VirtIO 1.2, section 2.8). One ring for both directions: the device writes used descriptors over the
 * available ones. Which is which tell two flags, compared with a counter that each side flips at the end of the ring.
 *
 * <pre>
 * struct pvirtq_desc           { le64 addr; le32 len; le16 id; le16 flags; }    desc[size]
 * struct pvirtq_event_suppress { le16 offset: 15 bits, wrap: 1 bit; le16 flags; }  one of the driver's, one of the device's
 * </pre>
 *
 * Positions are counted from the start, without wrapping: position p is descriptor {@code p % size} of lap
 * {@code p / size}.
 */
final class PackedRing implements Ring {
    private static final String KIND = "org.vm.device.virtio.ring.packed";
    /** A position that no queue reaches. */
    private static final long MOST = 1L << 56;
    private static final int AVAIL = 1 << 7;
    private static final int USED = 1 << 15;
    // Event suppression flags
    private static final int DISABLE = 1;
    private static final int SPECIFIC = 2;
    private static final int WRAP = 1 << 15;

    private final GuestMemory memory;
    private final MemorySegment ram;
    private final int size;
    private final long desc;
    private final long driverEvent;
    private final long deviceEvent;
    private final boolean indirect;
    private final boolean eventIdx;

    private long nextAvail;
    private long nextUsed;
    /** Where the used descriptors begin that the driver does not see yet. */
    private long published;
    /** Flags of the first of them, which are written last. */
    private int firstFlags;

    /** @throws RingException if the rings are not aligned or not in RAM */
    PackedRing(GuestMemory memory, QueueSetup setup, long features) {
        this.memory = memory;
        ram = memory.segment();
        size = setup.size();
        indirect = RingFeatures.has(features, RingFeatures.INDIRECT_DESC);
        eventIdx = RingFeatures.has(features, RingFeatures.EVENT_IDX);
        desc = place(memory, "descriptor ring", setup.descriptors(), (long) DESCRIPTOR * size, 16);
        driverEvent = place(memory, "driver event area", setup.driverArea(), 4, 4);
        deviceEvent = place(memory, "device event area", setup.deviceArea(), 4, 4);
    }

    @Override
    public int size() {
        return size;
    }

    private long at(long position) {
        return desc + DESCRIPTOR * (position % size);
    }

    /** The wrap counter at a position: 1 in the first lap, then it alternates. */
    private boolean wrap(long position) {
        return position / size % 2 == 0;
    }

    /** Length, id and flags of a descriptor, in one load. */
    private long rest(long position) {
        return (long) LONG.getAcquire(ram, at(position) + 8);
    }

    private boolean isAvailable(long rest, long position) {
        int flags = (int) (rest >>> 48);
        return (flags & AVAIL) != 0 == wrap(position) && (flags & USED) != 0 != wrap(position);
    }

    @Override
    public boolean available() {
        if (isAvailable(rest(nextAvail), nextAvail)) {
            return true;
        }
        if (!eventIdx) {
            return false;
        }
        // Ask to be notified of the next one, then look once more, or both sides might wait for ever.
        ram.set(LE16, deviceEvent, (short) (nextAvail % size | (wrap(nextAvail) ? WRAP : 0)));
        WORD.setRelease(ram, deviceEvent + 2, (short) SPECIFIC);
        VarHandle.fullFence();
        return isAvailable(rest(nextAvail), nextAvail);
    }

    @Override
    public void fetch(Chain chain) {
        chain.start(0);
        long position = nextAvail;
        while (true) {
            long rest = rest(position);
            if (position - nextUsed >= size) {
                throw new RingException("descriptor " + position % size + " is made available while the device has it, or in a"
                        + " chain that is longer than the queue, " + size);
            }
            if (!isAvailable(rest, position)) {
                throw new RingException("descriptor " + position % size + " belongs to a chain, but is not available");
            }
            long address = ram.get(LE64_ANY, at(position));
            int flags = (int) (rest >>> 48);
            if ((flags & INDIRECT) != 0) {
                indirect(chain, address, rest & 0xFFFF_FFFFL, position != nextAvail || (flags & NEXT) != 0);
            } else {
                chain.add(address, rest & 0xFFFF_FFFFL, (flags & WRITE) != 0);
            }
            position++;
            if ((flags & NEXT) == 0) {
                // The last one has the id of the whole (2.8.5).
                chain.id = (int) (rest >>> 32) & 0xFFFF;
                break;
            }
        }
        chain.span = (int) (position - nextAvail);
        nextAvail = position;
    }

    /** Buffers one after the other, without NEXT (2.8.7). */
    private void indirect(Chain chain, long address, long length, boolean linked) {
        if (!indirect || linked) {
            throw new RingException(!indirect ? "an indirect descriptor, which was not negotiated"
                    : "an indirect descriptor in a chain");
        }
        long table = RingMemory.table(memory, address, length, size);
        for (long entry = table; entry < table + length; entry += DESCRIPTOR) {
            long rest = ram.get(LE64_ANY, entry + 8);
            chain.add(ram.get(LE64_ANY, entry), rest & 0xFFFF_FFFFL, ((int) (rest >>> 48) & WRITE) != 0);
        }
    }

    @Override
    public void use(Chain chain, long written) {
        long at = at(nextUsed);
        ram.set(LE32, at + 8, (int) written);
        ram.set(LE16, at + 12, (short) chain.id);
        int flags = (wrap(nextUsed) ? AVAIL | USED : 0) | (chain.writable().count() > 0 ? WRITE : 0);
        if (nextUsed == published) {
            firstFlags = flags;
        } else {
            ram.set(LE16, at + 14, (short) flags);
        }
        nextUsed += chain.span;
    }

    @Override
    public boolean show() {
        if (nextUsed == published) {
            return false;
        }
        long before = published;
        // The driver goes from one used descriptor to the next, so it sees none of them before the first.
        WORD.setRelease(ram, at(before) + 14, (short) firstFlags);
        published = nextUsed;
        // The driver may have enabled interrupts just before it looked: our flags first, then its wish.
        VarHandle.fullFence();
        int event = ram.get(LE32, driverEvent);
        int flags = event >>> 16 & 3;
        return flags == SPECIFIC && eventIdx ? reached(event, before) : flags != DISABLE;
    }

    /** Whether the position that the driver waits for was among those from {@code before} to {@link #published}. */
    private boolean reached(int event, long before) {
        long lap = published / size * size;
        // With the other wrap counter it is one of the lap before; of the next lap none can be reached.
        long position = lap + (event & 0x7FFF) - (((event & WRAP) != 0) == wrap(published) ? 0 : size);
        return position >= before && position < published;
    }

    /** Positions two laps on are the same ones, so the first two laps are enough to say where it is. */
    @Override
    public DeviceState capture() {
        long laps = published / (2L * size) * (2L * size);
        return DeviceState.of(KIND, 1).number("available", nextAvail - laps).number("used", nextUsed - laps)
                .number("published", published - laps).number("flags", nextUsed == published ? 0 : firstFlags).build();
    }

    @Override
    public void restore(DeviceState state, long out) {
        nextAvail = state.number("available", 0);
        nextUsed = state.number("used", 0);
        published = state.number("published", nextUsed);
        firstFlags = (int) state.number("flags", 0) & (AVAIL | USED | WRITE);
        if (published < 0 || published >= 2L * size || nextUsed < published || nextUsed > MOST || nextAvail - nextUsed != out
                || out > size) {
            throw new DeviceException("a packed ring of " + size + " from which descriptors up to " + nextAvail + " were taken, up "
                    + "to " + nextUsed + " given back and up to " + published + " shown, cannot have " + out + " in the device");
        }
    }

    @Override
    public String describe() {
        return "packed, taken to " + nextAvail + ", used to " + published;
    }
}
