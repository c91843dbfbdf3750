package org.vm.testing.virtio;

import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Deque;

/** Driver's end of a split virtqueue (VirtIO 1.2, section 2.7); open to abuse: everything can be set raw. */
public final class SplitDriverQueue implements DriverQueue {
    public static final int NEXT = 1;
    public static final int WRITE = 2;
    public static final int INDIRECT = 4;

    private final FakeDriver driver;
    private final int index;
    private final int size;
    private final boolean eventIdx;
    public final long descriptors;
    public final long avail;
    public final long used;
    private final Deque<Integer> free = new ArrayDeque<>();
    private int nextAvail;
    private int kickedAvail;
    private int nextUsed;

    SplitDriverQueue(FakeDriver driver, int index, int size, boolean eventIdx) {
        this.driver = driver;
        this.index = index;
        this.size = size;
        this.eventIdx = eventIdx;
        descriptors = driver.allocate(16L * size);
        avail = driver.allocate(6 + 2L * size);
        used = driver.allocate(6 + 8L * size);
        for (int i = 0; i < size; i++) {
            free.add(i);
        }
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
        transport.enable(index, size, descriptors, avail, used);
    }

    /** Writes a descriptor of the queue's own table. */
    public void descriptor(int number, long address, long length, int flags, int next) {
        write(descriptors, number, address, length, flags, next);
    }

    /** Writes a descriptor of any table. */
    public void write(long table, int number, long address, long length, int flags, int next) {
        long at = table + 16L * number;
        driver.put64(at, address);
        driver.put32(at + 8, (int) length);
        driver.put16(at + 12, flags);
        driver.put16(at + 14, next);
    }

    /** Makes a chain that starts at {@code head} available, whatever is there. */
    public void offer(int head) {
        driver.put16(avail + 4 + 2L * (nextAvail & size - 1), head);
        nextAvail = nextAvail + 1 & 0xFFFF;
        availIndex(nextAvail);
    }

    /** Sets the available index raw. */
    public void availIndex(int value) {
        VarHandle.releaseFence();
        driver.put16(avail + 2, value);
        nextAvail = value & 0xFFFF;
    }

    public int availIndex() {
        return nextAvail;
    }

    /** The used index that the device has published. */
    public int usedIndex() {
        int value = driver.get16(used + 2);
        VarHandle.acquireFence();
        return value;
    }

    @Override
    public int add(Buffer... buffers) {
        if (buffers.length > free.size()) {
            throw new IllegalStateException("queue " + index + " has only " + free.size() + " free descriptors");
        }
        int head = free.peek();
        for (int i = 0; i < buffers.length; i++) {
            int number = free.remove();
            boolean last = i == buffers.length - 1;
            descriptor(number, buffers[i].address(), buffers[i].length(),
                    (buffers[i].deviceWrites() ? WRITE : 0) | (last ? 0 : NEXT), last ? 0 : free.peek());
        }
        offer(head);
        return head;
    }

    @Override
    public int addIndirect(Buffer... buffers) {
        long table = table(buffers);
        int head = free.remove();
        descriptor(head, table, 16L * buffers.length, INDIRECT, 0);
        offer(head);
        return head;
    }

    /** An indirect table of these buffers, in guest RAM. */
    public long table(Buffer... buffers) {
        long table = driver.allocate(16L * buffers.length);
        for (int i = 0; i < buffers.length; i++) {
            boolean last = i == buffers.length - 1;
            write(table, i, buffers[i].address(), buffers[i].length(),
                    (buffers[i].deviceWrites() ? WRITE : 0) | (last ? 0 : NEXT), last ? 0 : i + 1);
        }
        return table;
    }

    @Override
    public void kick() {
        VarHandle.fullFence();
        int before = kickedAvail;
        kickedAvail = nextAvail;
        boolean wanted;
        if (eventIdx) {
            int event = driver.get16(used + 4 + 8L * size);
            wanted = (nextAvail - event - 1 & 0xFFFF) < (nextAvail - before & 0xFFFF);
        } else {
            wanted = (driver.get16(used) & 1) == 0;
        }
        if (wanted) {
            driver.transport().notify(index);
        }
    }

    @Override
    public boolean hasUsed() {
        return usedIndex() != nextUsed;
    }

    @Override
    public Used poll() {
        if (!hasUsed()) {
            return null;
        }
        long at = used + 4 + 8L * (nextUsed & size - 1);
        Used next = new Used(driver.get32(at), Integer.toUnsignedLong(driver.get32(at + 4)));
        nextUsed = nextUsed + 1 & 0xFFFF;
        if (eventIdx) {
            interrupts(true);
        }
        release(next.id());
        return next;
    }

    private void release(int head) {
        int number = head;
        for (int count = 0; number >= 0 && number < size && count < size; count++) {
            if (free.contains(number)) {
                return;
            }
            free.add(number);
            int flags = driver.get16(descriptors + 16L * number + 12);
            if ((flags & NEXT) == 0 || (flags & INDIRECT) != 0) {
                return;
            }
            number = driver.get16(descriptors + 16L * number + 14);
        }
    }

    @Override
    public void interrupts(boolean wanted) {
        if (eventIdx) {
            driver.put16(avail + 4 + 2L * size, wanted ? nextUsed : nextUsed - 1 & 0xFFFF);
        } else {
            driver.put16(avail, wanted ? 0 : 1);
        }
        VarHandle.fullFence();
    }
}
