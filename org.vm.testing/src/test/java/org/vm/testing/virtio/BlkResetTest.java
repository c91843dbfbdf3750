package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.vm.device.virtio.internal.Blk;

/** Block requests in flight when their driver goes away, and more of them than are worked on at a time. */
@ParameterizedClass
@EnumSource(Wiring.class)
class BlkResetTest {
    private final MemoryDisk disk = new MemoryDisk(64 * 512);
    private final Wiring wiring;

    BlkResetTest(Wiring wiring) {
        this.wiring = wiring;
    }

    private FakeDriver driver(int inFlight) {
        return new FakeDriver(wiring, new Blk("disk0", disk, new Blk.Settings(512, "", 1, inFlight)));
    }

    private void read(FakeDriver driver, long into) {
        driver.queue(0).addIndirect(Buffer.toDevice(new BlkDriver(driver).header(BlkDriver.IN, 0), 16),
                Buffer.fromDevice(into, 512), Buffer.fromDevice(new BlkDriver(driver).status(), 1));
    }

    @Test
    void aResetWithReadsInFlightLeavesMemoryAndRingsAloneAfterStatusReadsZero() throws InterruptedException {
        disk.write(0, 0x77, 512);
        try (FakeDriver driver = driver(4)) {
            DriverQueue queue = driver.start(0).queue(0);
            long into = driver.allocate(512);
            disk.hold();
            for (int i = 0; i < 8; i++) {
                read(driver, into);
            }
            queue.kick();
            assertTrue(disk.awaitHeld());
            CountDownLatch done = new CountDownLatch(1);
            Thread.ofPlatform().start(() -> {
                driver.transport().status(0);
                done.countDown();
            });
            assertFalse(done.await(50, TimeUnit.MILLISECONDS));
            disk.release();
            assertTrue(done.await(20, TimeUnit.SECONDS));
            assertEquals(0, driver.transport().status());
            driver.put(into, new byte[512]);
            assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
            assertEquals(0, driver.get8(into));
            assertFalse(queue.hasUsed());
            assertFalse(driver.board().interrupted());
            driver.start(0);
            assertEquals(0x77, new BlkDriver(driver).read(0, 512)[0]);
        }
    }

    @Test
    void moreRequestsThanAreWorkedOnAtATimeAllComplete() {
        try (FakeDriver driver = driver(2)) {
            DriverQueue queue = driver.start(0).queue(0);
            for (int round = 0; round < 200; round++) {
                long into = driver.allocate(512);
                for (int i = 0; i < 16; i++) {
                    read(driver, into);
                }
                queue.kick();
                for (int i = 0; i < 16; i++) {
                    assertEquals(513, driver.await(queue).written());
                }
            }
        }
    }

    @Test
    void aDiskThatGrowsIsNoticedWhileItIsInUse() {
        try (FakeDriver driver = driver(2)) {
            driver.start(0);
            assertEquals(64, driver.transport().config(0, 8));
            disk.size = 32 * 512;
            driver.board().runTimers();
            assertTrue(driver.board().await(() -> driver.transport().config(0, 8) == 32, FakeDriver.SOON));
            assertTrue(driver.board().await(() -> driver.transport().takeInterrupts() == 2, FakeDriver.SOON));
        }
    }
}
