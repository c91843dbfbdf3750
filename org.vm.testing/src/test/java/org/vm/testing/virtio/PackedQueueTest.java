package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.vm.testing.virtio.FakeDriver.ACKNOWLEDGE;
import static org.vm.testing.virtio.FakeDriver.DRIVER;
import static org.vm.testing.virtio.FakeDriver.FEATURES_OK;
import static org.vm.testing.virtio.FakeDriver.INDIRECT_DESC;
import static org.vm.testing.virtio.FakeDriver.RING_PACKED;
import static org.vm.testing.virtio.FakeDriver.VERSION_1;
import static org.vm.testing.virtio.PackedDriverQueue.INDIRECT;
import static org.vm.testing.virtio.PackedDriverQueue.NEXT;
import static org.vm.testing.virtio.PackedDriverQueue.WRITE;

import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Packed virtqueues as bad drivers use them, and what they alone have (VirtIO 1.2, section 2.8). */
@ParameterizedClass
@EnumSource(names = {"MMIO_PACKED", "PCI_PACKED", "PCI_MESSAGES_PACKED", "PCI_PACKED_IN_ORDER"})
class PackedQueueTest {
    private static final int SIZE = 16;

    private final Probe probe = new Probe();
    private final FakeDriver driver;
    private PackedDriverQueue queue;
    private final long buffer;

    PackedQueueTest(Wiring wiring) {
        driver = new FakeDriver(wiring, probe);
        queue = driver.start(0).packed(0);
        buffer = driver.allocate(4096);
    }

    @AfterEach
    void close() {
        probe.gate.release(1000);
        driver.close();
        assertNull(driver.board().escaped());
    }

    private void restart(long without) {
        queue = driver.start(without).packed(0);
    }

    /** Makes a descriptor available, whatever it is, and goes on. */
    private void offer(long address, long length, int id, int flags) {
        queue.descriptor(queue.position(), address, length, id, queue.available(queue.position()) | flags);
        queue.skip(1);
    }

    /** The queue cannot be trusted: latched, told, not touched again, and well after a reset. */
    private void assertBreaks() {
        driver.transport().notify(0);
        assertTrue(driver.awaitNeedsReset());
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertTrue((driver.transport().takeInterrupts() & 2) != 0, "a configuration interrupt");
        int raised = driver.board().raised();
        byte[] ring = driver.get(queue.descriptors, 16 * SIZE);
        driver.transport().notify(0);
        driver.transport().notify(1);
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertEquals(raised, driver.board().raised());
        assertArrayEquals(ring, driver.get(queue.descriptors, 16 * SIZE));
        restart(0);
        queue.add(Buffer.fromDevice(buffer, 8));
        assertEquals(8, driver.complete(queue).written());
    }

    @Test
    void theFlagsOfAnIndirectDescriptorAndOfItsTableAreIgnoredButForWrite() {
        long table = queue.table(Buffer.toDevice(buffer, 1), Buffer.fromDevice(buffer, 7));
        driver.put16(table + 14, NEXT | INDIRECT | 0x8080);
        driver.put16(table + 16 + 14, WRITE | NEXT);
        offer(table, 32, 5, INDIRECT | WRITE);
        driver.transport().notify(0);
        assertTrue(driver.board().await(() -> probe.done.get() == 1, FakeDriver.SOON));
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertEquals(7, driver.get32(queue.descriptors + 8));
        assertEquals(5, driver.get16(queue.descriptors + 12));
        assertFalse(driver.needsReset());
    }

    @Test
    void aChainLongerThanTheQueueBreaks() {
        for (int i = 0; i < SIZE; i++) {
            offer(buffer, 1, 0, NEXT);
        }
        assertBreaks();
    }

    @Test
    void aChainThatGoesOnInADescriptorThatIsNotAvailableBreaks() {
        offer(buffer, 1, 0, NEXT);
        assertBreaks();
    }

    @Test
    void aDescriptorThatIsMadeAvailableWhileTheDeviceHasItBreaks() {
        probe.hoarding = true;
        for (int i = 0; i < SIZE; i++) {
            offer(buffer, 1, i, WRITE);
        }
        driver.transport().notify(0);
        assertTrue(probe.awaitTaken(SIZE));
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(driver.needsReset());
        offer(buffer, 1, 0, WRITE);
        driver.transport().notify(0);
        assertTrue(driver.awaitNeedsReset());
    }

    @Test
    void aReadableBufferAfterAWritableOneBreaks() {
        queue.add(Buffer.fromDevice(buffer, 8), Buffer.toDevice(buffer, 8));
        assertBreaks();
    }

    @Test
    void anIndirectTableThatWasNotNegotiatedBreaks() {
        restart(INDIRECT_DESC);
        queue.addIndirect(Buffer.fromDevice(buffer, 8));
        assertBreaks();
    }

    @Test
    void anIndirectDescriptorInAChainBreaks() {
        long table = queue.table(Buffer.fromDevice(buffer, 8));
        queue.descriptor(1, table, 16, 0, queue.available(1) | INDIRECT);
        queue.descriptor(0, buffer, 8, 0, queue.available(0) | NEXT);
        assertBreaks();
        queue.descriptor(2, buffer, 8, 0, queue.available(2));
        queue.descriptor(1, table, 16, 0, queue.available(1) | INDIRECT | NEXT);
        assertBreaks();
    }

    @Test
    void indirectTablesOfImpossibleLengthsOrPlacesBreak() {
        for (long length : new long[] {0, 1, 15, 17, 16 * (SIZE + 1), 0xFFFF_FFF0L, 0xFFFF_FFFFL}) {
            offer(buffer, length, 0, INDIRECT);
            assertBreaks();
            // What assertBreaks has used.
            restart(0);
        }
        for (long address : new long[] {0, 0x1000_1000L, PlainMemory.ROM, -16, PlainMemory.RAM - 8, Long.MAX_VALUE}) {
            offer(address, 16, 0, INDIRECT);
            assertBreaks();
            restart(0);
        }
    }

    @Test
    void aDeviceThatTouchesABufferOutsideRamBreaks() {
        queue.add(Buffer.fromDevice(0x1000_1000L, 8));
        assertBreaks();
    }

    @Test
    void theRingItselfMayBeABufferAndNothingButTheDeviceSuffers() {
        queue.add(Buffer.fromDevice(queue.descriptors, 16 * SIZE));
        queue.kick();
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        restart(0);
        queue.add(Buffer.fromDevice(buffer, 4));
        assertEquals(4, driver.complete(queue).written());
    }

    @Test
    void aDescriptorThatChangesWhileTheDeviceHasItDoesNotMatter() {
        probe.gate.drainPermits();
        int id = queue.add(Buffer.fromDevice(buffer, 16));
        queue.kick();
        assertTrue(probe.awaitTaken(1));
        driver.put64(queue.descriptors, 0x1000_1000L);
        driver.put32(queue.descriptors + 8, -1);
        driver.put16(queue.descriptors + 12, 99);
        probe.gate.release(10);
        assertEquals(new DriverQueue.Used(id, 16), driver.await(queue));
        assertFalse(driver.needsReset());
    }

    @Test
    void ringsOutsideRamOrUnalignedBreakWhenEnabled() {
        long good = driver.allocate(4096);
        long[][] bad = {{0x1000_1000L, good, good}, {good, 0, good}, {good, good, PlainMemory.ROM}, {-16, good, good},
                {good + 8, good, good}, {good, good + 2, good}, {good, good, good + 2}};
        for (long[] rings : bad) {
            driver.transport().status(0);
            driver.transport().status(ACKNOWLEDGE | DRIVER);
            driver.transport().driverFeatures(VERSION_1 | RING_PACKED);
            driver.transport().status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
            driver.transport().enable(0, 16, rings[0], rings[1], rings[2]);
            assertFalse(driver.transport().enabled(0));
            assertTrue(driver.needsReset());
        }
    }

    @Test
    void aQueueMayHaveAnySize() {
        for (int size : new int[] {1, 3, 7, 63}) {
            queue = driver.start(0, size).packed(0);
            for (int i = 0; i < 5 * size + 3; i++) {
                int id = queue.add(Buffer.fromDevice(buffer, 1 + i % 9));
                assertEquals(new DriverQueue.Used(id, 1 + i % 9), driver.complete(queue));
            }
        }
    }

    @Test
    void randomFlagsInTheEventAreaHarmNobody() {
        Random random = new Random(2);
        for (int i = 0; i < 2_000; i++) {
            driver.put32(queue.driverEvent, random.nextInt());
            queue.add(Buffer.fromDevice(buffer, 1));
            driver.transport().notify(0);
            driver.board().await(queue::hasUsed, FakeDriver.SOON);
            assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
            assertEquals(1, queue.poll().written());
        }
        assertFalse(driver.needsReset());
    }
}
