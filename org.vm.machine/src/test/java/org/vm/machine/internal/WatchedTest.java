package org.vm.machine.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WatchedTest {
    private static void forEver() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            throw new IllegalStateException("broken off", e);
        }
    }

    @Test
    void whatWaitsForEverIsBrokenOffAndSeenMeanwhile() throws Exception {
        Watched calls = new Watched(Duration.ofSeconds(2));
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        Thread caller = Thread.ofPlatform().start(() -> {
            assertThrows(IllegalStateException.class, () -> calls.run("device 'slow' to attach", () -> {
                inside.countDown();
                forEver();
            }));
            assertFalse(Thread.currentThread().isInterrupted());
            over.countDown();
        });
        assertTrue(inside.await(20, TimeUnit.SECONDS));
        List<String> late = calls.late();
        for (long until = System.nanoTime() + Duration.ofSeconds(20).toNanos(); late.isEmpty() && System.nanoTime() < until; late = calls.late()) {
            Thread.onSpinWait();
        }
        assertTrue(late.toString().contains("device 'slow' to attach"), late::toString);
        assertTrue(over.await(20, TimeUnit.SECONDS));
        caller.join();
        assertEquals(List.of(), calls.late());
    }

    @Test
    void whatReturnsIsLeftAlone() {
        Watched calls = new Watched(Duration.ofMillis(1));
        for (int i = 0; i < 1000; i++) {
            calls.run("nothing", () -> { });
            assertFalse(Thread.currentThread().isInterrupted());
        }
    }
}
