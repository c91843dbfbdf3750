package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.vm.api.device.DeviceStatus;

/** Devices that are pulled from under their drivers. */
@ParameterizedClass
@EnumSource(Wiring.class)
class RemovalTest {
    private static final int ALL = FakeDriver.ACKNOWLEDGE | FakeDriver.DRIVER | FakeDriver.FEATURES_OK | FakeDriver.DRIVER_OK;

    private final Probe probe = new Probe();
    private final FakeDriver driver;

    RemovalTest(Wiring wiring) {
        driver = new FakeDriver(wiring, probe);
    }

    @AfterEach
    void close() {
        probe.gate.release(1000);
        driver.close();
        assertNull(driver.board().escaped());
    }

    @Test
    void aRemovalWithRequestsInFlightEndsWithThemAndNothingIsWrittenAfterIt() throws InterruptedException {
        DriverQueue queue = driver.start(0).queue(0);
        long buffer = driver.allocate(64);
        probe.gate.drainPermits();
        for (int i = 0; i < 4; i++) {
            queue.add(Buffer.fromDevice(buffer, 64));
        }
        queue.kick();
        assertTrue(probe.awaitTaken(1));
        CountDownLatch gone = new CountDownLatch(1);
        Thread remover = Thread.ofPlatform().start(() -> {
            driver.unplug();
            gone.countDown();
        });
        assertFalse(gone.await(100, TimeUnit.MILLISECONDS), "a request still has the guest's buffer");
        queue.kick();
        probe.gate.release(4);
        assertTrue(gone.await(20, TimeUnit.SECONDS));
        remover.join();
        driver.put8(buffer, 0x11);
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertEquals(0x11, driver.get8(buffer));
        assertFalse(queue.hasUsed());
        assertFalse(driver.board().interrupted());
        assertEquals(DeviceStatus.DETACHED, driver.deviceStatus());
        driver.plug();
        driver.start(0).queue(0).add(Buffer.fromDevice(buffer, 8));
        assertEquals(8, driver.complete(driver.queue(0)).written());
    }

    @Test
    void aDeviceIsPulledAndPutBackUnderADriverThatNeverStops() throws Exception {
        driver.start(0);
        long rings = driver.allocate(3 * 4096);
        AtomicBoolean stop = new AtomicBoolean();
        CompletableFuture<Void> vcpu = CompletableFuture.runAsync(() -> {
            DriverTransport transport = driver.transport();
            Random random = new Random(7);
            while (!stop.get()) {
                switch (random.nextInt(9)) {
                    case 0 -> transport.status(random.nextInt(256));
                    case 1 -> transport.status(0);
                    case 2 -> {
                        transport.status(FakeDriver.ACKNOWLEDGE | FakeDriver.DRIVER);
                        transport.driverFeatures(driver.features());
                        transport.status(ALL & ~FakeDriver.DRIVER_OK);
                        transport.enable(0, 16, rings, rings + 4096, rings + 8192);
                        transport.status(ALL);
                    }
                    case 3 -> transport.takeInterrupts();
                    case 4 -> transport.config(random.nextInt(12), 1 << random.nextInt(3));
                    case 5 -> transport.queueMax(random.nextInt(4));
                    case 6 -> driver.put16(rings + 4096 + 2, random.nextInt(4));
                    default -> transport.notify(random.nextInt(3));
                }
            }
        }, task -> Thread.ofPlatform().name("vcpu").start(task));
        for (int i = 0; i < 300; i++) {
            driver.unplug();
            driver.plug();
        }
        stop.set(true);
        vcpu.get(20, TimeUnit.SECONDS);
        driver.unplug();
        assertEquals(probe.activations.get(), probe.deactivations.get());
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        driver.plug();
        driver.start(0).queue(0).add(Buffer.fromDevice(driver.allocate(8), 8));
        assertEquals(8, driver.complete(driver.queue(0)).written());
    }
}
