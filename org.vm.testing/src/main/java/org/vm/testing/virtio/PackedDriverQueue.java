package org.vm.testing.virtio;

import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Driver's end of a packed virtqueue (VirtIO 1.2, section 2.8); open to abuse: everything can be set raw. Positions are
 * counted from the start, without wrapping.
 */
public final class PackedDriverQueue implements DriverQueue {
    public static final int NEXT = 1;
    public static final int WRITE = 2;
    public static final int INDIRECT = 4;
    public static final int AVAIL = 1 << 7;
    public static final int USED = 1 << 15;
    private static final int DISABLE = 1;
    private static final int SPECIFIC = 2;
    private static final int WRAP = 1 << 15;

    private final FakeDriver driver;
    private final int index;
    private final int size;
    private final boolean eventIdx;
    public final long descriptors;
    public final long driverEvent;
    public final long deviceEvent;
    /** Ids that are free, and how many descriptors each of the others has. */
    private final Deque<Integer> free = new ArrayDeque<>();
    private final int[] spans;
    private long nextAvail;
    private long kicked;
    private long nextUsed;

    PackedDriverQueue(FakeDriver driver, int index, int size, boolean eventIdx) {
        this.driver = driver;
        this.index = index;
        this.size = size;
        this.eventIdx = eventIdx;
        descriptors = driver.allocate(16L * size);
        driverEvent = driver.allocate(4);
        deviceEvent = driver.allocate(4);
        spans = new int[size];
        for (int i = 0; i < size; i++) {
            free.add(i);
        }
        interrupts(true);
    }

    @Override
    public int index() {
        return index;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public void enable(DriverTransport transport) {
        transport.enable(index, size, descriptors, driverEvent, deviceEvent);
    }

    /** Where the next available descriptor goes. */
    public long position() {
        return nextAvail;
    }

    /** AVAIL and USED as they make a descriptor available at a position. */
    public int available(long position) {
        return wrap(position) ? AVAIL : USED;
    }

    private boolean wrap(long position) {
        return position / size % 2 == 0;
    }

    /** Writes a descriptor, its flags last. */
    public void descriptor(long position, long address, long length, int id, int flags) {
        long at = descriptors + 16 * (position % size);
        driver.put64(at, address);
        driver.put32(at + 8, (int) length);
        driver.put16(at + 12, id);
        VarHandle.releaseFence();
        driver.put16(at + 14, flags);
    }

    /** Goes on as if descriptors had been made available. */
    public void skip(int count) {
        nextAvail += count;
    }

    @Override
    public int add(Buffer... buffers) {
        if (nextAvail - nextUsed + buffers.length > size) {
            throw new IllegalStateException("queue " + index + " has no " + buffers.length + " free descriptors");
        }
        int id = free.remove();
        spans[id] = buffers.length;
        // The first one last, since with it all of the chain is available.
        for (int i = buffers.length - 1; i >= 0; i--) {
            long position = nextAvail + i;
            descriptor(position, buffers[i].address(), buffers[i].length(), id, available(position)
                    | (buffers[i].deviceWrites() ? WRITE : 0) | (i < buffers.length - 1 ? NEXT : 0));
        }
        nextAvail += buffers.length;
        return id;
    }

    @Override
    public int addIndirect(Buffer... buffers) {
        int id = free.remove();
        spans[id] = 1;
        descriptor(nextAvail, table(buffers), 16L * buffers.length, id, available(nextAvail) | INDIRECT);
        nextAvail++;
        return id;
    }

    /** An indirect table of these buffers, in guest RAM. */
    public long table(Buffer... buffers) {
        long table = driver.allocate(16L * buffers.length);
        for (int i = 0; i < buffers.length; i++) {
            driver.put64(table + 16L * i, buffers[i].address());
            driver.put32(table + 16L * i + 8, (int) buffers[i].length());
            driver.put16(table + 16L * i + 14, buffers[i].deviceWrites() ? WRITE : 0);
        }
        return table;
    }

    @Override
    public void kick() {
        VarHandle.fullFence();
        long before = kicked;
        kicked = nextAvail;
        int flags = driver.get16(deviceEvent + 2);
        boolean wanted = flags != DISABLE;
        if (flags == SPECIFIC) {
            int event = driver.get16(deviceEvent);
            long position = nextAvail / size * size + (event & WRAP - 1)
                    - (((event & WRAP) != 0) == wrap(nextAvail) ? 0 : size);
            wanted = position >= before && position < nextAvail;
        }
        if (wanted) {
            driver.transport().notify(index);
        }
    }

    @Override
    public boolean hasUsed() {
        int flags = driver.get16(descriptors + 16 * (nextUsed % size) + 14);
        VarHandle.acquireFence();
        return (flags & AVAIL) != 0 == wrap(nextUsed) && (flags & USED) != 0 == wrap(nextUsed);
    }

    @Override
    public Used poll() {
        if (!hasUsed()) {
            return null;
        }
        long at = descriptors + 16 * (nextUsed % size);
        int id = driver.get16(at + 12);
        boolean wrote = (driver.get16(at + 14) & WRITE) != 0;
        Used next = new Used(id, wrote ? Integer.toUnsignedLong(driver.get32(at + 8)) : 0);
        if (free.contains(id)) {
            throw new IllegalStateException("id " + id + " was used and is not in use");
        }
        nextUsed += spans[id];
        free.add(id);
        if (eventIdx) {
            interrupts(true);
        }
        return next;
    }

    @Override
    public void interrupts(boolean wanted) {
        if (wanted && eventIdx) {
            driver.put16(driverEvent, (int) (nextUsed % size) | (wrap(nextUsed) ? WRAP : 0));
            driver.put16(driverEvent + 2, SPECIFIC);
        } else {
            driver.put16(driverEvent + 2, wanted ? 0 : DISABLE);
        }
        VarHandle.fullFence();
    }
}
