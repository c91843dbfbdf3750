package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Registers of virtio over PCI (VirtIO 1.2, section 4.1), in and out of order. */
class PciRegisterTest {
    private static final int VENDOR_SPECIFIC = 9;
    private static final int MSIX = 0x11;
    private static final int NO_VECTOR = 0xFFFF;

    private final Probe probe = new Probe();
    private final FakeDriver driver = new FakeDriver(Wiring.PCI, probe);
    private final PciDriverTransport pci = (PciDriverTransport) driver.transport();

    @AfterEach
    void close() {
        driver.close();
    }

    @Test
    void theDeviceTellsWhatItIs() {
        assertEquals(0x106a_1af4L, pci.pci(0, 4));
        assertEquals(1, pci.pci(8, 1));
        assertEquals(0x1100_1af4L, pci.pci(0x2c, 4));
        assertEquals(42, pci.deviceId());
        assertEquals(2, pci.common(0x12, 2));
        assertEquals(2, pci.pci(pci.capability(MSIX, 0) + 2, 2) & 0x7FF, "a vector for each queue and one more");
        for (int type = 1; type <= 5; type++) {
            assertNotEquals(0, pci.capability(VENDOR_SPECIFIC, type), "capability of type " + type);
        }
    }

    @Test
    void fieldsAreAccessedAtTheirOwnWidth() {
        int[][] fields = {{0x00, 4}, {0x08, 4}, {0x10, 2}, {0x14, 1}, {0x16, 2}};
        for (int[] field : fields) {
            pci.status(0);
            long before = pci.common(field[0], field[1]);
            for (int width : new int[] {1, 2, 4, 8}) {
                if (width != field[1]) {
                    pci.common(field[0], width, 1);
                    assertEquals(before, pci.common(field[0], field[1]), "field " + field[0] + ", width " + width);
                }
            }
        }
        assertEquals(0, pci.common(0x12, 4));
        assertEquals(0, pci.common(0x14, 2));
    }

    @Test
    void readOnlyFieldsKeepTheirValues() {
        for (int[] field : new int[][] {{0x04, 4}, {0x12, 2}, {0x15, 1}, {0x1e, 2}}) {
            long before = pci.common(field[0], field[1]);
            pci.common(field[0], field[1], -1);
            assertEquals(before, pci.common(field[0], field[1]));
        }
    }

    @Test
    void whatWasWrittenReadsBack() {
        pci.common(0x16, 2, 1);
        pci.common(0x18, 2, 16);
        pci.common(0x20, 4, 0x8000_1000L);
        pci.common(0x24, 4, 7);
        assertEquals(16, pci.common(0x18, 2));
        assertEquals(0x8000_1000L, pci.common(0x20, 4));
        assertEquals(7, pci.common(0x24, 4));
        assertEquals(1, pci.common(0x1e, 2));
        pci.common(0x16, 2, 0);
        assertEquals(Probe.QUEUE_SIZE, pci.common(0x18, 2));
        pci.common(0x08, 4, 1);
        pci.common(0x0c, 4, 5);
        assertEquals(5, pci.common(0x0c, 4));
        pci.common(0x08, 4, 0);
        assertEquals(0, pci.common(0x0c, 4));
    }

    @Test
    void selectorsOutOfRangeSelectNothing() {
        for (int select : new int[] {2, 64, 0x7FFF, 0xFFFF}) {
            pci.common(0x00, 4, select);
            assertEquals(0, pci.common(0x04, 4));
            pci.common(0x16, 2, select);
            for (int field : new int[] {0x18, 0x1c, 0x1e}) {
                pci.common(field, 2, 8);
                assertEquals(0, pci.common(field, 2));
            }
            pci.common(0x1a, 2, 0);
            assertEquals(NO_VECTOR, pci.common(0x1a, 2));
            pci.common(0x20, 4, 8);
            assertEquals(0, pci.common(0x20, 4));
        }
        driver.start(0);
        assertFalse(driver.needsReset());
    }

    @Test
    void vectorsThatAreNotThereReadBackAsNoneAndAResetForgetsThem() {
        assertEquals(NO_VECTOR, pci.common(0x10, 2));
        pci.common(0x10, 2, 2);
        assertEquals(2, pci.common(0x10, 2));
        for (int vector : new int[] {3, 0x7FFF, NO_VECTOR}) {
            pci.common(0x10, 2, vector);
            assertEquals(NO_VECTOR, pci.common(0x10, 2));
        }
        pci.common(0x16, 2, 1);
        pci.common(0x1a, 2, 1);
        assertEquals(1, pci.common(0x1a, 2));
        pci.status(0);
        assertEquals(NO_VECTOR, pci.common(0x1a, 2));
    }

    @Test
    void aQueueThatIsEnabledStaysSoUntilReset() {
        driver.start(0);
        pci.common(0x16, 2, 0);
        pci.common(0x1c, 2, 0);
        assertTrue(pci.enabled(0));
        pci.status(0);
        assertFalse(pci.enabled(0));
    }

    @Test
    void readingTheIsrStatusClearsItAndTheLine() {
        DriverQueue queue = driver.start(0).queue(0);
        queue.add(Buffer.fromDevice(driver.allocate(8), 8));
        queue.kick();
        assertTrue(driver.board().await(driver.board()::interrupted, FakeDriver.SOON));
        assertEquals(1, pci.isr());
        assertFalse(driver.board().interrupted());
        assertEquals(0, pci.isr());
        probe.activation.configChanged();
        assertEquals(2, pci.isr());
    }

    @Test
    void withMessagesEachQueueHasItsVectorAndTheLineIsSilent() {
        Probe other = new Probe();
        try (FakeDriver with = new FakeDriver(Wiring.PCI_MESSAGES, other)) {
            PciDriverTransport transport = (PciDriverTransport) with.transport();
            DriverQueue queue = with.start(0).queue(0);
            int before = with.board().raised();
            queue.add(Buffer.fromDevice(with.allocate(8), 8));
            queue.kick();
            assertTrue(with.board().await(() -> with.board().raised() == before + 1, FakeDriver.SOON));
            assertEquals(1, with.board().takeMessages());
            queue.poll();
            assertEquals(0, transport.isr(), "the ISR status is for the line");
            other.activation.configChanged();
            assertEquals(2, with.board().takeMessages());
            assertEquals(2, transport.isr(), "but for the configuration");
            assertFalse(with.board().interrupted());
            // A queue whose vector is none makes no interrupt.
            transport.common(0x16, 2, 0);
            transport.common(0x1a, 2, NO_VECTOR);
            queue.add(Buffer.fromDevice(with.allocate(8), 8));
            queue.kick();
            assertTrue(with.board().await(queue::hasUsed, FakeDriver.SOON));
            assertTrue(with.board().awaitQuiet(FakeDriver.SOON));
            assertEquals(before + 2, with.board().raised());
        }
    }

    @Test
    void theWindowInConfigurationSpaceShowsTheBar() {
        int window = pci.capability(VENDOR_SPECIFIC, 5);
        pci.pci(window + 4, 1, 4);
        pci.pci(window + 8, 4, 0x14);
        pci.pci(window + 12, 4, 1);
        pci.pci(window + 16, 1, FakeDriver.ACKNOWLEDGE);
        assertEquals(FakeDriver.ACKNOWLEDGE, pci.status());
        assertEquals(FakeDriver.ACKNOWLEDGE, pci.pci(window + 16, 1));
        assertEquals(0, pci.pci(window + 16, 4), "another width than the length");
        pci.pci(window + 8, 4, 0x12);
        pci.pci(window + 12, 4, 2);
        assertEquals(2, pci.pci(window + 16, 2));
        assertEquals(0x12, pci.pci(window + 8, 4));
        for (long[] bad : new long[][] {{4, 0x13, 2}, {4, 0xFFFF_FFFFL, 2}, {4, 0x4000, 2}, {4, 0x12, 3}, {0, 0x12, 2}, {9, 0, 4}}) {
            pci.pci(window + 4, 1, bad[0]);
            pci.pci(window + 8, 4, bad[1]);
            pci.pci(window + 12, 4, bad[2]);
            pci.pci(window + 16, 2, -1);
            assertEquals(0, pci.pci(window + 16, 2));
        }
        assertEquals(5, pci.pci(window + 3, 1));
        pci.pci(window + 2, 2, 0);
        assertEquals(20, pci.pci(window + 2, 1));
    }

    @Test
    void theConfigurationSpaceEndsWhereItEnds() {
        probe.config.set(0, 8, 0x1122334455667788L);
        assertEquals(0x88, pci.config(0, 1));
        assertEquals(0x1122, pci.config(6, 2));
        assertEquals(0, pci.config(7, 2));
        assertEquals(0, pci.config(8, 1));
        assertEquals(0, pci.config(0xFF8, 8));
        int before = pci.configGeneration();
        probe.config.set(0, 1, 0);
        assertNotEquals(before, pci.configGeneration());
    }

    @Test
    void aResetOfTheFunctionResetsTheDevice() {
        driver.start(0);
        int express = pci.capability(0x10, 0);
        pci.pci(express + 8, 2, 0x8000);
        assertEquals(1, probe.deactivations.get());
        assertEquals(0, pci.pci(4, 2));
        pci.setUp();
        assertEquals(0, pci.status());
        driver.start(0).queue(0).add(Buffer.fromDevice(driver.allocate(8), 8));
        assertEquals(8, driver.complete(driver.queue(0)).written());
    }

    @Test
    void withoutBusMasteringTheDeviceLeavesMemoryAloneUntilItIsResetAndAllowedAgain() throws InterruptedException {
        probe.gate.drainPermits();
        DriverQueue queue = driver.start(0).queue(0);
        long buffer = driver.allocate(8);
        queue.add(Buffer.fromDevice(buffer, 8));
        queue.kick();
        assertTrue(probe.awaitTaken(1));
        CountDownLatch stopped = new CountDownLatch(1);
        Thread.ofPlatform().start(() -> {
            pci.pci(4, 2, 2);
            stopped.countDown();
        });
        assertFalse(stopped.await(100, TimeUnit.MILLISECONDS), "the request still has the guest's buffer");
        assertTrue(driver.awaitNeedsReset());
        probe.gate.release(1000);
        assertTrue(stopped.await(20, TimeUnit.SECONDS));
        byte[] after = driver.get(PlainMemory.RAM, 1 << 16);
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertArrayEquals(after, driver.get(PlainMemory.RAM, 1 << 16));
        assertFalse(queue.hasUsed());
        pci.pci(4, 2, 6);
        queue = driver.start(0).queue(0);
        queue.add(Buffer.fromDevice(buffer, 8));
        assertEquals(8, driver.complete(queue).written());
    }

    @Test
    void aDeviceThatIsNotInUseDoesNotMindItsBusMastering() {
        pci.pci(4, 2, 2);
        pci.pci(4, 2, 6);
        assertEquals(0, pci.status());
        driver.start(0).queue(0).add(Buffer.fromDevice(driver.allocate(8), 8));
        assertEquals(8, driver.complete(driver.queue(0)).written());
    }

    @Test
    void aMillionRandomAccessesThrowNothing() {
        Random random = new Random(1);
        for (int i = 0; i < 1_000_000; i++) {
            int offset = random.nextInt(4) << 12 | random.nextInt(0x48);
            int width = 1 << random.nextInt(4);
            if (random.nextBoolean()) {
                pci.common(offset, width);
            } else {
                pci.common(offset, width, random.nextInt(4) == 0 ? random.nextLong() : random.nextInt(16));
            }
        }
        driver.start(0).queue(0).add(Buffer.fromDevice(driver.allocate(8), 8));
        assertEquals(8, driver.complete(driver.queue(0)).written());
        assertEquals(null, driver.board().escaped());
    }
}
