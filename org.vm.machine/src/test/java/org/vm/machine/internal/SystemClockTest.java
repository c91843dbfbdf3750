package org.vm.machine.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SystemClockTest {
    private final CompletableFuture<Throwable> failure = new CompletableFuture<>();
    private final SystemClock clock = new SystemClock("test", failure::complete);

    @AfterEach
    void close() {
        clock.close();
    }

    @Test
    void standsStillUntilItIsStartedAndWhileItIsPaused() {
        assertEquals(0, clock.nanos());
        clock.restart();
        clock.pause();
        long then = clock.nanos();
        assertEquals(then, clock.nanos());
        clock.resume();
        assertTrue(clock.nanos() >= then);
        assertTrue(clock.nanos() < then + TimeUnit.SECONDS.toNanos(10));
    }

    @Test
    void timersRunInOrderAndNotBeforeTheirTime() throws InterruptedException {
        clock.restart();
        List<String> ran = new CopyOnWriteArrayList<>();
        CountDownLatch done = new CountDownLatch(2);
        AtomicReference<Long> at = new AtomicReference<>();
        long deadline = clock.nanos() + 30_000_000;
        clock.timer(() -> {
            ran.add("late");
            at.set(clock.nanos());
            done.countDown();
        }).arm(deadline);
        clock.timer(() -> {
            ran.add("early");
            done.countDown();
        }).arm(deadline - 20_000_000);
        assertTrue(done.await(10, TimeUnit.SECONDS));
        assertEquals(List.of("early", "late"), ran);
        assertTrue(at.get() >= deadline);
    }

    @Test
    void aTimerThatIsArmedAgainForgetsItsEarlierDeadlineAndOneThatIsCancelledDoesNotRun() throws InterruptedException {
        clock.restart();
        List<String> ran = new CopyOnWriteArrayList<>();
        CountDownLatch done = new CountDownLatch(1);
        var moved = clock.timer(() -> ran.add("moved"));
        var cancelled = clock.timer(() -> ran.add("cancelled"));
        long now = clock.nanos();
        moved.arm(now + 10_000_000);
        cancelled.arm(now + 10_000_000);
        moved.arm(now + 60_000_000_000L);
        cancelled.cancel();
        clock.timer(done::countDown).arm(now + 30_000_000);
        assertTrue(done.await(10, TimeUnit.SECONDS));
        assertEquals(List.of(), ran);
    }

    @Test
    void noTimerRunsWhileTheClockIsPaused() throws InterruptedException {
        clock.restart();
        CountDownLatch ran = new CountDownLatch(1);
        clock.pause();
        clock.timer(ran::countDown).arm(0);
        assertFalse(ran.await(30, TimeUnit.MILLISECONDS));
        clock.resume();
        assertTrue(ran.await(10, TimeUnit.SECONDS));
    }

    @Test
    void aTimerThatThrowsIsReportedAndTheOthersGoOn() throws Exception {
        clock.restart();
        CountDownLatch ran = new CountDownLatch(1);
        clock.timer(() -> {
            throw new IllegalStateException("broken");
        }).arm(0);
        clock.timer(ran::countDown).arm(1);
        assertTrue(ran.await(10, TimeUnit.SECONDS));
        assertEquals("broken", failure.get(10, TimeUnit.SECONDS).getMessage());
    }
}
