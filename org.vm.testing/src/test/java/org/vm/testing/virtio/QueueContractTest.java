package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.vm.testing.virtio.FakeDriver.EVENT_IDX;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** What queues do for good drivers, whatever their rings and transports (VirtIO 1.2, section 2.6). */
@ParameterizedClass
@EnumSource(Wiring.class)
class QueueContractTest {
    private static final int SIZE = 16;

    private final Probe probe = new Probe();
    private final FakeDriver driver;
    private DriverQueue queue;
    private final long buffer;

    QueueContractTest(Wiring wiring) {
        driver = new FakeDriver(wiring, probe);
        queue = driver.start(0).queue(0);
        buffer = driver.allocate(4096);
    }

    @AfterEach
    void close() {
        probe.gate.release(1000);
        driver.close();
        assertNull(driver.board().escaped());
    }

    private void restart(long without) {
        queue = driver.start(without).queue(0);
    }

    @Test
    void chainsAreUsedWithTheirOwnIdAndLength() {
        Set<DriverQueue.Used> expected = new HashSet<>();
        for (int i = 1; i <= 5; i++) {
            expected.add(new DriverQueue.Used(queue.add(Buffer.toDevice(buffer, 8), Buffer.fromDevice(buffer, i)), i));
        }
        queue.kick();
        Set<DriverQueue.Used> seen = new HashSet<>();
        for (int i = 0; i < 5; i++) {
            seen.add(driver.await(queue));
        }
        assertEquals(expected, seen);
    }

    @Test
    void aFullQueueIsLegal() {
        for (int i = 0; i < SIZE; i++) {
            queue.add(Buffer.fromDevice(buffer, 4));
        }
        queue.kick();
        for (int i = 0; i < SIZE; i++) {
            assertEquals(4, driver.await(queue).written());
        }
    }

    @Test
    void aChainAsLongAsTheQueueIsLegal() {
        Buffer[] buffers = new Buffer[SIZE];
        for (int i = 0; i < SIZE; i++) {
            buffers[i] = Buffer.fromDevice(buffer + i, 1);
        }
        queue.add(buffers);
        assertEquals(SIZE, driver.complete(queue).written());
    }

    @Test
    void anIndirectTableWorks() {
        int id = queue.addIndirect(Buffer.toDevice(buffer, 3), Buffer.fromDevice(buffer, 4), Buffer.fromDevice(buffer, 5));
        assertEquals(new DriverQueue.Used(id, 9), driver.complete(queue));
    }

    @Test
    void aDeviceThatThrowsIsBrokenAndNothingEscapes() {
        probe.thrown = new IllegalStateException("a bug in a device");
        queue.add(Buffer.fromDevice(buffer, 4));
        queue.kick();
        assertTrue(driver.awaitNeedsReset());
        probe.thrown = null;
        restart(0);
        queue.add(Buffer.fromDevice(buffer, 4));
        assertEquals(4, driver.complete(queue).written());
    }

    @Test
    void aDeviceThatSaysItWroteMoreThanThereIsRoomForIsCorrected() {
        probe.boast = 1;
        queue.add(Buffer.fromDevice(buffer, 4));
        assertEquals(4, driver.complete(queue).written());
        probe.boast = -100;
        queue.add(Buffer.fromDevice(buffer, 4));
        assertEquals(0, driver.complete(queue).written());
    }

    @Test
    void withEventIndexTheDeviceInterruptsOnlyWhenAskedTo() {
        queue.interrupts(false);
        int raised = driver.board().raised();
        for (int i = 0; i < 4; i++) {
            queue.add(Buffer.fromDevice(buffer, 4));
        }
        queue.kick();
        assertTrue(driver.board().await(() -> probe.done.get() == 4, FakeDriver.SOON));
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertEquals(raised, driver.board().raised());
        queue.poll();
        queue.poll();
        queue.poll();
        queue.poll();
        queue.add(Buffer.fromDevice(buffer, 4));
        driver.complete(queue);
        assertEquals(raised + 1, driver.board().raised());
    }

    @Test
    void withoutEventIndexTheFlagSuppressesInterrupts() {
        restart(EVENT_IDX);
        queue.interrupts(false);
        int raised = driver.board().raised();
        queue.add(Buffer.fromDevice(buffer, 4));
        queue.kick();
        assertTrue(driver.board().await(queue::hasUsed, FakeDriver.SOON));
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertEquals(raised, driver.board().raised());
        queue.interrupts(true);
        queue.add(Buffer.fromDevice(buffer, 4));
        queue.kick();
        assertTrue(driver.board().await(() -> driver.board().raised() == raised + 1, FakeDriver.SOON));
    }

    @Test
    void aBatchMakesOneInterrupt() {
        probe.batch = true;
        int raised = driver.board().raised();
        for (int i = 0; i < 8; i++) {
            queue.add(Buffer.fromDevice(buffer, 4));
        }
        queue.kick();
        assertTrue(driver.board().await(() -> probe.done.get() == 8, FakeDriver.SOON));
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertEquals(raised + 1, driver.board().raised());
    }

    @Test
    void buffersOfferedWhileTheDeviceWorksAreFoundWithoutAKick() {
        probe.gate.drainPermits();
        queue.add(Buffer.fromDevice(buffer, 4));
        queue.kick();
        assertTrue(probe.awaitTaken(1));
        queue.add(Buffer.fromDevice(buffer, 5));
        probe.gate.release(2);
        assertEquals(4, driver.await(queue).written());
        assertEquals(5, driver.await(queue).written());
    }

    @Test
    void aStormOfKicksWithoutConsumingTheUsedRingDoesBoundedWork() {
        for (int i = 0; i < 100_000; i++) {
            driver.transport().notify(0);
            driver.transport().notify(1);
        }
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(queue.hasUsed());
        assertFalse(driver.needsReset());
    }

    @Test
    void chainsOfAllLengthsGoRoundTheRingManyTimes() {
        for (long without : new long[] {0, EVENT_IDX}) {
            restart(without);
            Random random = new Random(1);
            Deque<DriverQueue.Used> expected = new ArrayDeque<>();
            int room = SIZE;
            Deque<Integer> spans = new ArrayDeque<>();
            for (int i = 0; i < 5_000; i++) {
                int length = 1 + random.nextInt(5);
                while (room < length) {
                    assertEquals(expected.remove(), driver.complete(queue));
                    room += spans.remove();
                }
                Buffer[] buffers = new Buffer[length];
                int written = 0;
                for (int b = 0; b < length; b++) {
                    boolean writes = b >= length / 2;
                    buffers[b] = new Buffer(buffer + b, 1 + b, writes);
                    written += writes ? 1 + b : 0;
                }
                expected.add(new DriverQueue.Used(queue.add(buffers), written));
                spans.add(length);
                room -= length;
                if (random.nextBoolean()) {
                    queue.kick();
                }
            }
            while (!expected.isEmpty()) {
                assertEquals(expected.remove(), driver.complete(queue));
            }
            assertFalse(driver.needsReset());
        }
    }
}
