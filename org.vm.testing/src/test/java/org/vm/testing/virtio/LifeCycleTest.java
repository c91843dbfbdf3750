package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.vm.testing.virtio.FakeDriver.ACKNOWLEDGE;
import static org.vm.testing.virtio.FakeDriver.DRIVER;
import static org.vm.testing.virtio.FakeDriver.DRIVER_OK;
import static org.vm.testing.virtio.FakeDriver.FEATURES_OK;
import static org.vm.testing.virtio.FakeDriver.VERSION_1;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.vm.api.device.DeviceStatus;

/** Status, features, set-up and reset, by good and bad drivers (VirtIO 1.2, sections 2.1 and 3.1). */
@ParameterizedClass
@EnumSource(Wiring.class)
class LifeCycleTest {
    private static final int READY = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;

    private final Probe probe = new Probe();
    private final Wiring wiring;
    private final FakeDriver driver;
    private final DriverTransport transport;

    LifeCycleTest(Wiring wiring) {
        this.wiring = wiring;
        driver = new FakeDriver(wiring, probe);
        transport = driver.transport();
    }

    @AfterEach
    void close() {
        probe.gate.release(1000);
        driver.close();
        assertNull(driver.board().escaped());
    }

    @Test
    void theDeviceIsActivatedAtDriverOkAndNotBefore() {
        driver.prepare(0, 16);
        assertEquals(0, probe.activations.get());
        assertEquals(DeviceStatus.ATTACHED, driver.deviceStatus());
        transport.status(READY);
        assertEquals(1, probe.activations.get());
        assertEquals(DeviceStatus.ACTIVE, driver.deviceStatus());
        transport.status(READY);
        assertEquals(1, probe.activations.get());
        assertEquals(READY, transport.status());
    }

    @Test
    void aKickBeforeDriverOkIsIgnoredAndTheBufferIsFoundLater() {
        driver.prepare(0, 16);
        DriverQueue queue = driver.queue(0);
        queue.add(Buffer.fromDevice(driver.allocate(8), 8));
        transport.notify(0);
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(queue.hasUsed());
        transport.status(READY);
        assertEquals(8, driver.await(queue).written());
    }

    @Test
    void kicksForQueuesThatAreNotThereAreIgnored() {
        driver.start(0);
        for (int queue : new int[] {2, 64, 0xFFFF, -1, Integer.MIN_VALUE}) {
            transport.notify(queue);
        }
        assertFalse(driver.needsReset());
    }

    @Test
    void kicksAfterResetAreIgnored() {
        DriverQueue queue = driver.start(0).queue(0);
        transport.status(0);
        queue.add(Buffer.fromDevice(driver.allocate(8), 8));
        transport.notify(0);
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(queue.hasUsed());
    }

    @Test
    void featuresThatWereNotOfferedAreNotAccepted() {
        transport.status(ACKNOWLEDGE | DRIVER);
        transport.driverFeatures(VERSION_1 | 1L << 7);
        transport.status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
        assertEquals(ACKNOWLEDGE | DRIVER, transport.status());
        transport.driverFeatures(VERSION_1 | 1);
        transport.status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
        assertEquals(ACKNOWLEDGE | DRIVER | FEATURES_OK, transport.status());
    }

    @Test
    void aDriverThatDoesNotKnowVersion1IsNotAccepted() {
        transport.status(ACKNOWLEDGE | DRIVER);
        transport.driverFeatures(1);
        transport.status(READY);
        assertEquals(ACKNOWLEDGE | DRIVER, transport.status());
        assertEquals(0, probe.activations.get());
    }

    @Test
    void featuresCannotChangeAfterFeaturesOk() {
        driver.prepare(0, 16);
        transport.driverFeatures(VERSION_1);
        transport.status(READY);
        assertEquals(driver.features(), probe.activation.features());
    }

    @Test
    void statusBitsOutOfOrderAreIgnored() {
        transport.status(FEATURES_OK);
        assertEquals(0, transport.status());
        transport.status(DRIVER_OK);
        assertEquals(0, transport.status());
        transport.status(ACKNOWLEDGE);
        transport.status(ACKNOWLEDGE | DRIVER_OK);
        assertEquals(ACKNOWLEDGE, transport.status());
        assertEquals(0, probe.activations.get());
    }

    @Test
    void aDriverThatForgetsToAcknowledgeAsUBootDoesIsAccepted() {
        transport.status(DRIVER);
        transport.driverFeatures(VERSION_1);
        transport.status(DRIVER | FEATURES_OK);
        transport.status(DRIVER | FEATURES_OK | DRIVER_OK);
        assertEquals(DRIVER | FEATURES_OK | DRIVER_OK, transport.status());
        assertEquals(1, probe.activations.get());
    }

    @Test
    void statusBitsCannotBeTakenBackExceptByReset() {
        driver.start(0);
        transport.status(ACKNOWLEDGE);
        assertEquals(READY, transport.status());
        transport.status(READY | FakeDriver.NEEDS_RESET);
        assertEquals(READY, transport.status());
        transport.status(0);
        assertEquals(0, transport.status());
        assertEquals(1, probe.deactivations.get());
    }

    @Test
    void aQueueSizeThatIsNotAPowerOfTwoOrTooLargeIsIgnored() {
        transport.status(ACKNOWLEDGE | DRIVER);
        transport.driverFeatures(VERSION_1);
        transport.status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
        for (int size : new int[] {0, 3, 128, 0x8000_0000, -1, 0x10000}) {
            transport.queueSize(0, size);
        }
        SplitDriverQueue queue = new SplitDriverQueue(driver, 0, Probe.QUEUE_SIZE, false);
        transport.enable(0, 0, queue.descriptors, queue.avail, queue.used);
        transport.status(READY);
        queue.add(Buffer.fromDevice(driver.allocate(8), 8));
        assertEquals(8, driver.complete(queue).written());
    }

    @Test
    void ringsOutsideRamOrUnalignedBreakWhenEnabled() {
        long good = driver.allocate(4096);
        long[][] bad = {{0x1000_1000L, good, good}, {good, 0, good}, {good, good, PlainMemory.ROM}, {-16, good, good},
                {good + 8, good, good}, {good, good + 1, good}, {good, good, good + 2},
                {PlainMemory.RAM + (4 << 20) - 16, good, good}, {Long.MAX_VALUE & ~15, good, good}};
        for (long[] rings : bad) {
            transport.status(0);
            transport.status(ACKNOWLEDGE | DRIVER);
            transport.driverFeatures(VERSION_1);
            transport.status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
            transport.enable(0, 16, rings[0], rings[1], rings[2]);
            assertFalse(transport.enabled(0));
            assertTrue(driver.needsReset());
            assertEquals(0, transport.takeInterrupts());
            transport.status(READY);
            assertEquals(0, transport.status() & DRIVER_OK);
        }
    }

    @Test
    void aReadyQueueCannotBeMoved() {
        DriverQueue queue = driver.start(0).queue(0);
        transport.enable(0, 8, 0, 0, 0);
        queue.add(Buffer.fromDevice(driver.allocate(8), 8));
        assertEquals(8, driver.complete(queue).written());
        assertFalse(driver.needsReset());
    }

    @Test
    void aQueueThatIsNotEnabledIsNotThereForTheDevice() {
        transport.status(ACKNOWLEDGE | DRIVER);
        transport.driverFeatures(VERSION_1);
        transport.status(READY);
        assertNull(probe.activation.queue(0));
        transport.notify(0);
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(driver.needsReset());
    }

    @Test
    void aQueueThatIsStoppedIsLeftAlone() {
        assumeTrue(transport instanceof MmioDriverTransport, "over PCI a queue that is enabled stays so until reset");
        MmioDriverTransport mmio = (MmioDriverTransport) transport;
        DriverQueue queue = driver.start(0).queue(0);
        mmio.write(0x030, 0);
        mmio.write(0x044, 0);
        assertFalse(transport.enabled(0));
        queue.add(Buffer.fromDevice(driver.allocate(8), 8));
        transport.notify(0);
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(queue.hasUsed());
        DriverQueue other = driver.queue(1);
        other.add(Buffer.fromDevice(driver.allocate(8), 8));
        assertEquals(8, driver.complete(other).written());
    }

    @Test
    void aResetWithARequestInFlightEndsWhenTheRequestHasEndedAndNothingIsUsed() throws InterruptedException {
        DriverQueue queue = driver.start(0).queue(0);
        long buffer = driver.allocate(64);
        probe.gate.drainPermits();
        queue.add(Buffer.fromDevice(buffer, 64));
        queue.add(Buffer.fromDevice(buffer, 64));
        queue.kick();
        assertTrue(probe.awaitTaken(1));
        CountDownLatch reset = new CountDownLatch(1);
        Thread vcpu = Thread.ofPlatform().start(() -> {
            transport.status(0);
            reset.countDown();
        });
        assertFalse(reset.await(100, TimeUnit.MILLISECONDS), "the request still has the guest's buffer");
        probe.gate.release(2);
        assertTrue(reset.await(20, TimeUnit.SECONDS));
        vcpu.join();
        assertEquals(0, transport.status());
        driver.put8(buffer, 0x11);
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertEquals(0x11, driver.get8(buffer));
        assertFalse(queue.hasUsed());
        assertFalse(driver.board().interrupted());
        assertEquals(0, transport.takeInterrupts());
    }

    @Test
    void aConfigurationChangeInterruptsAndChangesTheGeneration() {
        driver.start(0);
        int generation = transport.configGeneration();
        probe.config.set(0, 4, 77);
        probe.activation.configChanged();
        assertEquals(2, transport.takeInterrupts());
        assertFalse(driver.board().interrupted());
        assertEquals(77, transport.config(0, 4));
        assertFalse(generation == transport.configGeneration());
    }

    @Test
    void whatAnOldActivationSaysAfterResetHasNoEffect() {
        driver.start(0);
        var old = probe.activation;
        transport.status(0);
        old.configChanged();
        old.fail("too late");
        old.kick(0);
        old.execute(() -> probe.thrown = new IllegalStateException("ran after reset"));
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertEquals(0, transport.status());
        assertEquals(0, transport.takeInterrupts());
        assertNull(probe.thrown);
    }

    @Test
    void thousandsOfResetsLeaveNothingBehind() {
        int threads = Thread.activeCount();
        for (int i = 0; i < 20_000; i++) {
            transport.status(ACKNOWLEDGE | DRIVER);
            transport.driverFeatures(VERSION_1);
            transport.status(READY);
            transport.status(0);
        }
        assertEquals(20_000, probe.activations.get());
        assertEquals(20_000, probe.deactivations.get());
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertTrue(Thread.activeCount() <= threads + 2);
        driver.start(0).queue(0).add(Buffer.fromDevice(driver.allocate(8), 8));
        assertEquals(8, driver.complete(driver.queue(0)).written());
    }

    @Test
    void aDeviceThatIsDetachedStopsAndCanBeAttachedAgain() {
        driver.start(0);
        driver.unplug();
        assertEquals(DeviceStatus.DETACHED, driver.deviceStatus());
        assertEquals(1, probe.deactivations.get());
        transport.status(ACKNOWLEDGE);
        // All ones would be what is read of any other card; drivers of virtio devices wait for the end of a reset.
        assertEquals(0, transport.status());
        driver.plug();
        driver.start(0).queue(0).add(Buffer.fromDevice(driver.allocate(8), 8));
        assertEquals(8, driver.complete(driver.queue(0)).written());
    }

    @Test
    void anActivationThatFailsBreaksTheDevice() {
        Probe failing = new Probe();
        try (FakeDriver other = new FakeDriver(wiring, new FailingDevice(failing))) {
            other.start(0);
            assertTrue(other.needsReset());
            other.transport().status(0);
            assertEquals(0, other.transport().status());
        }
    }
}
