package org.vm.backend.block.internal;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.vm.api.backend.BlockBackend;

/** Where requests go, until it is closed: those that took it come to their end then, and no other takes it. Any thread. */
final class Way {
    private static final int CLOSED = Integer.MIN_VALUE;

    final BlockBackend storage;
    /** Requests that are on it; negative: and it is closed. */
    private final AtomicInteger requests = new AtomicInteger();
    private final CountDownLatch empty = new CountDownLatch(1);

    Way(BlockBackend storage) {
        this.storage = storage;
    }

    /** @return whether the request may take it; then it must {@link #leave} */
    boolean enter() {
        for (int now = requests.get(); now >= 0; now = requests.get()) {
            if (requests.compareAndSet(now, now + 1)) {
                return true;
            }
        }
        return false;
    }

    void leave() {
        if (requests.decrementAndGet() == CLOSED) {
            empty.countDown();
        }
    }

    /** Closes it and waits until no request is on it. */
    void drain() throws InterruptedException {
        if (requests.getAndUpdate(now -> now | CLOSED) == 0) {
            empty.countDown();
        }
        empty.await();
    }
}
