package org.vm.device.pci.internal;

import java.time.Duration;
import java.util.PriorityQueue;

/** Time that passes when a test says so, with what happens in it, in order. */
final class FakeTime implements Timing {
    private record Due(long at, long order, Runnable action) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            return at == other.at ? Long.compare(order, other.order) : Long.compare(at, other.at);
        }
    }

    private final PriorityQueue<Due> queue = new PriorityQueue<>();
    private long now = 1;
    private long order;

    @Override
    public long nanos() {
        return now;
    }

    @Override
    public void after(Duration delay, Runnable action) {
        queue.add(new Due(now + delay.toNanos(), order++, action));
    }

    void pass(Duration time) {
        long until = now + time.toNanos();
        while (!queue.isEmpty() && queue.peek().at <= until) {
            Due next = queue.remove();
            now = Math.max(now, next.at);
            next.action.run();
        }
        now = until;
    }

    /** How many things are still to happen. */
    int pending() {
        return queue.size();
    }
}
