package org.vm.device.virtio.internal;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import org.vm.api.DeviceException;
import org.vm.api.memory.GuestMemory;
import org.vm.api.state.DeviceState;
import org.vm.device.virtio.DescriptorChain;

/** A queue over a ring of any format: hands out chains, takes them back, in their order if the driver wants that. */
final class RingQueue implements LiveQueue {
    private static final String KIND = "org.vm.device.virtio.ring";

    /** What goes through: everything, chains that come back, nothing. */
    private enum Gate { OPEN, DRAINING, SHUT }

    private final GuestMemory memory;
    private final Ring ring;
    private final Runnable interrupt;
    /** There are never more than the queue has descriptors. */
    private final List<Chain> made = new ArrayList<>();
    /** Chains not in use, as a stack. */
    private final Chain[] free;
    private int freeCount;
    private long turns;
    /** Chains of a predecessor that the device has not been given yet. */
    private final Deque<Chain> handedOver = new ArrayDeque<>();
    /** With VIRTIO_F_IN_ORDER (2.7.9, 2.8.8) the chains that the device has, oldest at {@code first}; else {@code null}. */
    private final Chain[] order;
    private int first;
    private int count;
    private Gate gate = Gate.OPEN;
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
        if (closed || gate != Gate.OPEN) {
            return null;
        }
        if (!handedOver.isEmpty()) {
            return handedOver.remove();
        }
        if (!ring.available()) {
            return null;
        }
        if (freeCount == 0 && made.size() == free.length) {
            throw new RingException("more than " + made.size() + " chains at a time");
        }
        Chain chain = freeCount > 0 ? free[--freeCount] : newChain();
        ring.fetch(chain);
        take(chain);
        chain.taken = true;
        return chain;
    }

    private Chain newChain() {
        Chain chain = new Chain(memory);
        made.add(chain);
        return chain;
    }

    private void take(Chain chain) {
        chain.turn = turns++;
        if (order != null) {
            order[(first + count++) % order.length] = chain;
        }
    }

    @Override
    public synchronized void stage(DescriptorChain given, long written) {
        if (closed || gate == Gate.SHUT) {
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
        if (!closed && gate != Gate.SHUT && ring.show()) {
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
    public synchronized boolean closed() {
        return closed;
    }

    @Override
    public synchronized void drain() {
        gate = Gate.DRAINING;
    }

    @Override
    public synchronized void shut() {
        gate = Gate.SHUT;
    }

    @Override
    public synchronized void open() {
        gate = Gate.OPEN;
    }

    @Override
    public synchronized DeviceState capture() {
        List<DeviceState> chains = new ArrayList<>();
        for (Chain chain : out()) {
            chains.add(chain.capture());
        }
        return DeviceState.of(KIND, 1).state("positions", ring.capture()).states("chains", chains).build();
    }

    /** Chains that the device has, or that wait for those before them; oldest first. */
    private List<Chain> out() {
        List<Chain> out = new ArrayList<>();
        if (order != null) {
            for (int i = 0; i < count; i++) {
                out.add(order[(first + i) % order.length]);
            }
            return out;
        }
        for (Chain chain : made) {
            if (chain.taken) {
                out.add(chain);
            }
        }
        Collections.sort(out);
        return out;
    }

    @Override
    public synchronized void restore(DeviceState state) {
        List<DeviceState> chains = state.states("chains");
        if (chains.size() > free.length) {
            throw new DeviceException(chains.size() + " chains in a queue of " + free.length);
        }
        long entries = 0;
        for (DeviceState one : chains) {
            Chain chain = newChain();
            chain.restore(one, free.length);
            take(chain);
            entries += chain.span;
            if (chain.taken) {
                handedOver.add(chain);
            } else if (order == null || count == 1) {
                throw new DeviceException("chain " + chain.id + " waits for none, but was not given back");
            }
        }
        ring.restore(state.state("positions").orElse(DeviceState.of("none", 1).build()), entries);
    }

    @Override
    public synchronized String describe() {
        return "size " + ring.size() + ", " + ring.describe() + ", in the device " + (made.size() - freeCount)
                + (closed ? ", closed" : "");
    }
}
