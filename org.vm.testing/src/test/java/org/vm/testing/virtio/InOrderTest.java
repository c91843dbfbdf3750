package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vm.device.virtio.DescriptorChain;
import org.vm.device.virtio.Virtqueue;

/** VIRTIO_F_IN_ORDER: chains are used as they were made available, however the device completes them (2.7.9, 2.8.8). */
class InOrderTest {
    /** Takes two chains and completes the second one first. */
    private static DriverQueue.Used[] reversed(Wiring wiring) throws InterruptedException {
        Probe probe = new Probe();
        probe.hoarding = true;
        try (FakeDriver driver = new FakeDriver(wiring, probe)) {
            DriverQueue queue = driver.start(0).queue(0);
            // The device has looked at its queues, which it does once without a kick.
            assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
            long buffer = driver.allocate(64);
            queue.add(Buffer.fromDevice(buffer, 1));
            queue.add(Buffer.fromDevice(buffer, 2));
            CountDownLatch second = new CountDownLatch(1);
            CountDownLatch first = new CountDownLatch(1);
            CountDownLatch looked = new CountDownLatch(1);
            probe.activation.execute(() -> {
                Virtqueue taken = probe.activation.queue(0);
                DescriptorChain one = taken.poll();
                DescriptorChain two = taken.poll();
                taken.complete(two, 2);
                second.countDown();
                await(looked);
                taken.complete(one, 1);
                first.countDown();
            });
            await(second);
            boolean seen = queue.hasUsed();
            looked.countDown();
            await(first);
            assertEquals(wiring == Wiring.MMIO || wiring == Wiring.PCI_PACKED, seen, "used before the older one");
            return new DriverQueue.Used[] {driver.await(queue), driver.await(queue)};
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"MMIO_IN_ORDER", "PCI_PACKED_IN_ORDER"})
    void withItTheOlderOneComesFirst(Wiring wiring) throws InterruptedException {
        DriverQueue.Used[] used = reversed(wiring);
        assertEquals(1, used[0].written());
        assertEquals(2, used[1].written());
    }

    @ParameterizedTest
    @EnumSource(names = {"MMIO", "PCI_PACKED"})
    void withoutItTheFasterOneComesFirst(Wiring wiring) throws InterruptedException {
        DriverQueue.Used[] used = reversed(wiring);
        assertEquals(2, used[0].written());
        assertEquals(1, used[1].written());
    }

    @Test
    void chainsThatWaitForAnOlderOneAreForgottenByAReset() {
        Probe probe = new Probe();
        probe.hoarding = true;
        try (FakeDriver driver = new FakeDriver(Wiring.MMIO_IN_ORDER, probe)) {
            DriverQueue queue = driver.start(0).queue(0);
            long buffer = driver.allocate(64);
            for (int i = 0; i < 16; i++) {
                queue.add(Buffer.fromDevice(buffer, 1));
            }
            queue.kick();
            assertTrue(probe.awaitTaken(16));
            probe.hoarding = false;
            queue = driver.start(0).queue(0);
            for (int i = 0; i < 100; i++) {
                queue.add(Buffer.fromDevice(buffer, 3));
                assertEquals(3, driver.complete(queue).written());
            }
            assertFalse(driver.needsReset());
        }
    }
}
