package org.vm.backend.block.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Locks on ranges of bytes. Whoever comes first is first where ranges overlap, so nobody waits for ever. Any thread. */
final class Ranges {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition released = lock.newCondition();
    /** Held and wanted, in the order in which they came. */
    private final List<Held> ranges = new ArrayList<>();

    /** A range that is held until it is closed. */
    final class Held implements AutoCloseable {
        private final long start;
        private final long end;

        private Held(long start, long end) {
            this.start = start;
            this.end = end;
        }

        private boolean first() {
            for (Held other : ranges) {
                if (other == this) {
                    return true;
                }
                if (other.start < end && start < other.end) {
                    return false;
                }
            }
            throw new IllegalStateException("range " + start + " to " + end + " is not held");
        }

        @Override
        public void close() {
            lock.lock();
            try {
                ranges.remove(this);
                released.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** Waits until nobody before has a part of the range. */
    Held hold(long offset, long length) {
        lock.lock();
        try {
            Held held = new Held(offset, offset + length);
            ranges.add(held);
            while (!held.first()) {
                released.awaitUninterruptibly();
            }
            return held;
        } finally {
            lock.unlock();
        }
    }
}
