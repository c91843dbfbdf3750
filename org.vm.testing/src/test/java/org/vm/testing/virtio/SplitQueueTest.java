package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.vm.testing.virtio.FakeDriver.EVENT_IDX;
import static org.vm.testing.virtio.FakeDriver.INDIRECT_DESC;
import static org.vm.testing.virtio.SplitDriverQueue.INDIRECT;
import static org.vm.testing.virtio.SplitDriverQueue.NEXT;
import static org.vm.testing.virtio.SplitDriverQueue.WRITE;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Split virtqueues as good and bad drivers use them (VirtIO 1.2, section 2.7). */
@ParameterizedClass
@EnumSource(names = {"MMIO", "PCI", "PCI_MESSAGES"})
class SplitQueueTest {
    private static final int SIZE = 16;

    private final Probe probe = new Probe();
    private final FakeDriver driver;
    private SplitDriverQueue queue;
    private final long buffer;

    SplitQueueTest(Wiring wiring) {
        driver = new FakeDriver(wiring, probe);
        queue = driver.start(0).split(0);
        buffer = driver.allocate(4096);
    }

    @AfterEach
    void close() {
        probe.gate.release(1000);
        driver.close();
        assertNull(driver.board().escaped());
    }

    private void restart(long without) {
        queue = driver.start(without).split(0);
    }

    /** The queue cannot be trusted: latched, told, not touched again, and well after a reset. */
    private void assertBreaks() {
        driver.transport().notify(0);
        assertTrue(driver.awaitNeedsReset());
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertTrue((driver.transport().takeInterrupts() & 2) != 0, "a configuration interrupt");
        int used = queue.usedIndex();
        int raised = driver.board().raised();
        queue.descriptor(0, buffer, 16, WRITE, 0);
        queue.offer(0);
        driver.transport().notify(0);
        driver.transport().notify(1);
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertEquals(used, queue.usedIndex());
        assertEquals(raised, driver.board().raised());
        assertEquals(0, driver.transport().takeInterrupts());
        restart(0);
        queue.add(Buffer.fromDevice(buffer, 8));
        assertEquals(8, driver.complete(queue).written());
    }

    @Test
    void indicesWrapAroundThrough65535() {
        for (int i = 0; i < 70_000; i++) {
            int id = queue.add(Buffer.fromDevice(buffer, 1));
            assertEquals(new DriverQueue.Used(id, 1), driver.complete(queue));
        }
        assertEquals(70_000 & 0xFFFF, queue.usedIndex());
    }

    @Test
    void indicesWrapAroundWithoutEventIndexToo() {
        restart(EVENT_IDX);
        for (int i = 0; i < 66_000; i++) {
            queue.add(Buffer.fromDevice(buffer, 1));
            assertEquals(1, driver.complete(queue).written());
        }
    }

    @Test
    void theWriteFlagOfAnIndirectDescriptorIsIgnored() {
        queue.descriptor(3, queue.table(Buffer.fromDevice(buffer, 7)), 16, INDIRECT | WRITE, 0);
        queue.offer(3);
        assertEquals(new DriverQueue.Used(3, 7), driver.complete(queue));
    }

    @Test
    void aChainMayEndInAnIndirectTable() {
        queue.descriptor(5, buffer, 8, NEXT, 2);
        queue.descriptor(2, queue.table(Buffer.toDevice(buffer, 1), Buffer.fromDevice(buffer, 7)), 32, INDIRECT, 0);
        queue.offer(5);
        assertEquals(new DriverQueue.Used(5, 7), driver.complete(queue));
    }

    @Test
    void anIndirectTableNeedsNoAlignment() {
        long table = driver.allocate(64) + 3;
        queue.write(table, 0, buffer, 6, WRITE, 0);
        queue.descriptor(0, table, 16, INDIRECT, 0);
        queue.offer(0);
        assertEquals(6, driver.complete(queue).written());
    }

    @Test
    void aDescriptorThatFollowsItselfBreaks() {
        queue.descriptor(0, buffer, 8, NEXT, 0);
        queue.offer(0);
        assertBreaks();
    }

    @Test
    void descriptorsInACircleBreak() {
        queue.descriptor(0, buffer, 8, NEXT, 1);
        queue.descriptor(1, buffer, 8, NEXT, 0);
        queue.offer(0);
        assertBreaks();
    }

    @Test
    void aNextBeyondTheTableBreaks() {
        queue.descriptor(0, buffer, 8, NEXT, SIZE);
        queue.offer(0);
        assertBreaks();
    }

    @Test
    void aHeadBeyondTheTableBreaks() {
        queue.offer(SIZE);
        assertBreaks();
    }

    @Test
    void aHeadOf65535Breaks() {
        queue.offer(0xFFFF);
        assertBreaks();
    }

    @Test
    void anAvailableIndexThatJumpsBreaks() {
        queue.availIndex(SIZE + 1);
        assertBreaks();
    }

    @Test
    void anAvailableIndexThatGoesBackBreaks() {
        queue.add(Buffer.fromDevice(buffer, 1));
        driver.complete(queue);
        queue.availIndex(0);
        assertBreaks();
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
    void anIndirectTableInAnIndirectTableBreaks() {
        long inner = queue.table(Buffer.fromDevice(buffer, 8));
        long outer = driver.allocate(16);
        queue.write(outer, 0, inner, 16, INDIRECT, 0);
        queue.descriptor(0, outer, 16, INDIRECT, 0);
        queue.offer(0);
        assertBreaks();
    }

    @Test
    void anIndirectDescriptorWithNextBreaks() {
        queue.descriptor(1, buffer, 8, WRITE, 0);
        queue.descriptor(0, queue.table(Buffer.fromDevice(buffer, 8)), 16, INDIRECT | NEXT, 1);
        queue.offer(0);
        assertBreaks();
    }

    @Test
    void indirectTablesOfImpossibleLengthsBreak() {
        for (long length : new long[] {0, 1, 15, 17, 16 * (SIZE + 1), 0xFFFF_FFF0L, 0xFFFF_FFFFL, 0x8000_0000L}) {
            queue.descriptor(0, buffer, length, INDIRECT, 0);
            queue.offer(0);
            assertBreaks();
        }
    }

    @Test
    void indirectTablesOutsideRamBreak() {
        for (long address : new long[] {0, 0x1000_1000L, PlainMemory.ROM, -16, PlainMemory.RAM - 8, Long.MAX_VALUE}) {
            queue.descriptor(0, address, 16, INDIRECT, 0);
            queue.offer(0);
            assertBreaks();
        }
    }

    @Test
    void aCircleInAnIndirectTableBreaks() {
        long table = driver.allocate(32);
        queue.write(table, 0, buffer, 1, NEXT | WRITE, 1);
        queue.write(table, 1, buffer, 1, NEXT | WRITE, 0);
        queue.descriptor(0, table, 32, INDIRECT, 0);
        queue.offer(0);
        assertBreaks();
    }

    @Test
    void anIndirectNextBeyondItsTableBreaks() {
        long table = driver.allocate(64);
        queue.write(table, 0, buffer, 1, NEXT | WRITE, 2);
        queue.write(table, 2, buffer, 1, WRITE, 0);
        queue.descriptor(0, table, 32, INDIRECT, 0);
        queue.offer(0);
        assertBreaks();
    }

    @Test
    void aChainThatIsLongerThanTheQueueBreaksThoughPartOfItIsIndirect() {
        Buffer[] buffers = new Buffer[SIZE];
        for (int i = 0; i < SIZE; i++) {
            buffers[i] = Buffer.fromDevice(buffer + i, 1);
        }
        queue.descriptor(0, buffer, 8, NEXT, 1);
        queue.descriptor(1, queue.table(buffers), 16 * SIZE, INDIRECT, 0);
        queue.offer(0);
        assertBreaks();
    }

    @Test
    void moreChainsInFlightThanThereAreDescriptorsBreak() {
        probe.hoarding = true;
        queue.descriptor(0, buffer, 1, WRITE, 0);
        for (int i = 0; i < SIZE; i++) {
            // A head that the device has already.
            queue.offer(0);
        }
        queue.kick();
        assertTrue(probe.awaitTaken(SIZE));
        assertFalse(driver.needsReset());
        queue.offer(0);
        driver.transport().notify(0);
        assertTrue(driver.awaitNeedsReset());
    }

    @Test
    void aDeviceThatTouchesABufferOutsideRamBreaks() {
        queue.add(Buffer.fromDevice(0x1000_1000L, 8));
        assertBreaks();
    }

    @Test
    void theRingItselfMayBeABufferAndNothingButTheDeviceSuffers() {
        queue.add(Buffer.fromDevice(queue.used, 4));
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
        queue.descriptor(id, 0x1000_1000L, 0xFFFF_FFFFL, NEXT, id);
        probe.gate.release(10);
        assertEquals(new DriverQueue.Used(id, 16), driver.await(queue));
        assertFalse(driver.needsReset());
    }
}
