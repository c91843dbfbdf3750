package org.vm.device.virtio.internal;

import org.vm.api.memory.GuestMemory;
import org.vm.device.virtio.DescriptorChain;

/** A queue over a ring of any format: hands out chains, takes them back, in their order if the driver wants that. */
final class RingQueue implements LiveQueue {
    private final GuestMemory memory;
    private final Ring ring;
    private final Runnable interrupt;
    /** Chains not in use, as a stack. There are never more than the queue has descriptors. */
    private final Chain[] free;
    private int freeCount;
    private int made;
    /** With VIRTIO_F_IN_ORDER (2.7.9, 2.8.8) the chains that the device has, oldest at {@code first}; else {@code null}. */
    private final Chain[] order;
    private int first;
    private int count;
    private boolean closed;

    /** @param interrupt tells the driver that there are used buffers */
    RingQueue(GuestMemory memory, Ring ring, boolean inOrder, Runnable interrupt) {
        this.memory = memory;
        this.ring = ring;
        this.interrupt = interrupt;
        free = new Chain[ring.size()];
        order = inOrder ? new Chain[ring.size()] : null;
    }

    @Override
    public int size() {
        return ring.size();
    }

    @Override
    public synchronized DescriptorChain poll() {
        if (closed || !ring.available()) {
            return null;
        }
        if (freeCount == 0 && made == free.length) {
            throw new RingException("more than " + made + " chains at a time");
        }
        Chain chain = freeCount > 0 ? free[--freeCount] : newChain();
        ring.fetch(chain);
        chain.taken = true;
        if (order != null) {
            order[(first + count++) % order.length] = chain;
        }
        return chain;
    }

    private Chain newChain() {
        made++;
        return new Chain(memory);
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
        chain.written = Math.clamp(written, 0, chain.writable().size());
        if (order == null) {
            use(chain);
        }
        while (count > 0 && !order[first].taken) {
            use(order[first]);
            first = (first + 1) % order.length;
            count--;
        }
    }

    private void use(Chain chain) {
        ring.use(chain, chain.written);
        free[freeCount++] = chain;
    }

    @Override
    public synchronized void publish() {
        if (!closed && ring.show()) {
            interrupt.run();
        }
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
        return "size " + ring.size() + ", " + ring.describe() + ", in the device " + (made - freeCount)
                + (closed ? ", closed" : "");
    }
}
