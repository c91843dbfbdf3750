package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.vm.testing.virtio.BlkDriver.DISCARD;
import static org.vm.testing.virtio.BlkDriver.FLUSH;
import static org.vm.testing.virtio.BlkDriver.GET_ID;
import static org.vm.testing.virtio.BlkDriver.IN;
import static org.vm.testing.virtio.BlkDriver.IOERR;
import static org.vm.testing.virtio.BlkDriver.OK;
import static org.vm.testing.virtio.BlkDriver.OUT;
import static org.vm.testing.virtio.BlkDriver.UNSUPP;
import static org.vm.testing.virtio.BlkDriver.UNTOUCHED;
import static org.vm.testing.virtio.BlkDriver.WRITE_ZEROES;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.vm.device.virtio.internal.Blk;

@ParameterizedClass
@EnumSource(Wiring.class)
class BlkTest {
    private static final int SECTORS = 256;

    private final MemoryDisk disk = new MemoryDisk(SECTORS * 512);
    private final Wiring wiring;
    private final Blk device;
    private final FakeDriver driver;
    private final BlkDriver blk;

    BlkTest(Wiring wiring) {
        this.wiring = wiring;
        device = new Blk("disk0", disk, Blk.Settings.DEFAULT);
        driver = new FakeDriver(wiring, device);
        blk = new BlkDriver(driver.start(0));
    }

    @AfterEach
    void close() {
        driver.close();
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    @Test
    void whatIsWrittenIsReadBack() {
        byte[] data = random(4096);
        assertEquals(OK, blk.write(8, data));
        assertArrayEquals(data, blk.read(8, 4096));
        assertArrayEquals(data, Arrays.copyOfRange(disk.bytes, 8 * 512, 8 * 512 + 4096));
    }

    @Test
    void theLastSectorCanBeUsedAndTheOneAfterItCannot() {
        byte[] data = random(512);
        assertEquals(OK, blk.write(SECTORS - 1, data));
        assertArrayEquals(data, blk.read(SECTORS - 1, 512));
        assertEquals(IOERR, blk.write(SECTORS, data));
        long buffer = driver.allocate(1024);
        assertEquals(new BlkDriver.Answer(IOERR, 1), blk.request(IN, SECTORS - 1, Buffer.fromDevice(buffer, 1024)));
    }

    @Test
    void aSectorNumberThatOverflowsWhenMultipliedIsAnErrorAndNothingIsWritten() {
        byte[] before = disk.bytes.clone();
        byte[] data = random(512);
        for (long sector : new long[] {1L << 55, (1L << 55) + 1, Long.MAX_VALUE, -1, -SECTORS, Long.MIN_VALUE}) {
            assertEquals(IOERR, blk.write(sector, data), "sector " + sector);
        }
        assertArrayEquals(before, disk.bytes);
    }

    @Test
    void dataThatIsNotWholeSectorsIsAnError() {
        assertEquals(IOERR, blk.write(0, random(511)));
        assertEquals(IOERR, blk.request(IN, 0, Buffer.fromDevice(driver.allocate(513), 513)).status());
    }

    @Test
    void aReadOnlyDiskRefusesEveryChangeAndSaysSoInItsFeatures() {
        disk.readOnly = true;
        driver.start(0);
        assertTrue((driver.transport().deviceFeatures() & 1 << 5) != 0);
        byte[] before = disk.bytes.clone();
        assertEquals(IOERR, blk.write(0, random(512)));
        assertEquals(IOERR, blk.request(DISCARD, 0, blk.ranges(0, 8, 0)).status());
        assertEquals(IOERR, blk.request(WRITE_ZEROES, 0, blk.ranges(0, 8, 0)).status());
        assertArrayEquals(before, disk.bytes);
        assertEquals(OK, blk.request(FLUSH, 0).status());
    }

    @Test
    void anUnknownTypeIsUnsupported() {
        for (int type : new int[] {2, 3, 5, 14, 0x80000000, -1}) {
            assertEquals(new BlkDriver.Answer(UNSUPP, 1), blk.request(type, 0), "type " + type);
        }
    }

    @Test
    void writeZeroesZeroesAndDiscardIsAccepted() {
        disk.write(0, 0x77, 16 * 512);
        assertEquals(OK, blk.request(WRITE_ZEROES, 0, blk.ranges(1, 2, 1, 8, 1, 0)).status());
        for (int sector = 0; sector < 16; sector++) {
            boolean zero = sector == 1 || sector == 2 || sector == 8;
            assertEquals(zero ? 0 : 0x77, disk.bytes[sector * 512], "sector " + sector);
        }
        assertEquals(OK, blk.request(DISCARD, 0, blk.ranges(0, 16, 0)).status());
    }

    @Test
    void unknownFlagsOfRangesAreUnsupportedAndNothingIsWritten() {
        disk.write(0, 0x77, 4096);
        byte[] before = disk.bytes.clone();
        assertEquals(UNSUPP, blk.request(DISCARD, 0, blk.ranges(0, 1, 1)).status());
        assertEquals(UNSUPP, blk.request(WRITE_ZEROES, 0, blk.ranges(0, 1, 0, 1, 1, 2)).status());
        assertEquals(UNSUPP, blk.request(WRITE_ZEROES, 0, blk.ranges(0, 1, 0x80000000)).status());
        assertArrayEquals(before, disk.bytes);
    }

    @Test
    void rangesBeyondTheDiskOrTooManyOrCutOffAreErrorsAndNothingIsWritten() {
        disk.write(0, 0x77, SECTORS * 512);
        byte[] before = disk.bytes.clone();
        assertEquals(IOERR, blk.request(WRITE_ZEROES, 0, blk.ranges(0, 1, 0, SECTORS - 1, 2, 0)).status());
        assertEquals(IOERR, blk.request(WRITE_ZEROES, 0, blk.ranges(-1, 1, 0)).status());
        assertEquals(IOERR, blk.request(WRITE_ZEROES, 0, blk.ranges(0, -1, 0)).status());
        assertEquals(IOERR, blk.request(WRITE_ZEROES, 0, blk.ranges(new long[17 * 3])).status());
        assertEquals(IOERR, blk.request(WRITE_ZEROES, 0, Buffer.toDevice(driver.allocate(17), 17)).status());
        assertEquals(IOERR, blk.request(WRITE_ZEROES, 0).status());
        assertArrayEquals(before, disk.bytes);
    }

    @Test
    void theIdIsTheNameAndNotMoreThanFits() {
        long buffer = driver.allocate(20);
        assertEquals(new BlkDriver.Answer(OK, 21), blk.request(GET_ID, 0, Buffer.fromDevice(buffer, 20)));
        assertArrayEquals(Arrays.copyOf("disk0".getBytes(StandardCharsets.US_ASCII), 20), driver.get(buffer, 20));
        assertEquals(new BlkDriver.Answer(OK, 4), blk.request(GET_ID, 0, Buffer.fromDevice(buffer, 3)));
    }

    @Test
    void theHeaderMayBeCutIntoSingleBytesAndTheDataAnywhere() {
        byte[] data = random(1024);
        long header = blk.header(OUT, 3);
        long at = driver.place(data);
        long status = blk.status();
        DriverQueue queue = driver.start(0, 64).queue(0);
        Buffer[] buffers = new Buffer[16 + 3 + 1];
        for (int i = 0; i < 16; i++) {
            // Apart from each other, so that nothing is read across by chance.
            long apart = driver.allocate(1);
            driver.put8(apart, driver.get8(header + i));
            buffers[i] = Buffer.toDevice(apart, 1);
        }
        buffers[16] = Buffer.toDevice(at, 1);
        buffers[17] = Buffer.toDevice(at + 1, 600);
        buffers[18] = Buffer.toDevice(at + 601, 423);
        buffers[19] = Buffer.fromDevice(status, 1);
        queue.add(buffers);
        assertEquals(1, driver.complete(queue).written());
        assertEquals(OK, driver.get8(status));
        assertArrayEquals(data, Arrays.copyOfRange(disk.bytes, 3 * 512, 5 * 512));
    }

    @Test
    void headerAndDataMayShareABufferAndStatusMayFollowDataInOne() {
        byte[] data = random(512);
        long both = driver.allocate(16 + 512);
        driver.put(both, driver.get(blk.header(OUT, 9), 16));
        driver.put(both + 16, data);
        long status = blk.status();
        DriverQueue queue = driver.queue(0);
        queue.add(Buffer.toDevice(both, 16 + 512), Buffer.fromDevice(status, 1));
        assertEquals(1, driver.complete(queue).written());
        assertEquals(OK, driver.get8(status));
        long answer = driver.allocate(513);
        queue.add(Buffer.toDevice(blk.header(IN, 9), 16), Buffer.fromDevice(answer, 513));
        assertEquals(513, driver.complete(queue).written());
        assertArrayEquals(data, driver.get(answer, 512));
        assertEquals(OK, driver.get8(answer + 512));
    }

    @Test
    void aRequestWithoutAStatusByteIsUsedWithLengthZeroAndNothingIsWritten() {
        byte[] before = disk.bytes.clone();
        DriverQueue queue = driver.queue(0);
        queue.add(Buffer.toDevice(blk.header(OUT, 0), 16), Buffer.toDevice(driver.place(random(512)), 512));
        assertEquals(0, driver.complete(queue).written());
        assertArrayEquals(before, disk.bytes);
        assertFalse(driver.needsReset());
    }

    @Test
    void aHeaderThatIsTooShortIsAnError() {
        DriverQueue queue = driver.queue(0);
        long status = blk.status();
        queue.add(Buffer.toDevice(blk.header(FLUSH, 0), 15), Buffer.fromDevice(status, 1));
        assertEquals(1, driver.complete(queue).written());
        assertEquals(IOERR, driver.get8(status));
    }

    @Test
    void dataOutsideRamIsAnErrorAndTheNextRequestWorks() {
        long[][] bad = {{0x1000_1000L, 512}, {PlainMemory.ROM, 512}, {PlainMemory.RAM - 256, 512},
                {PlainMemory.RAM + (4 << 20) - 256, 512}, {-256, 512}, {0, 512}, {Long.MIN_VALUE, 512},
                {PlainMemory.RAM, 0xFFFF_FFFFL}, {PlainMemory.RAM, 0x8000_0000L}, {PlainMemory.RAM, 0}};
        for (long[] range : bad) {
            assertEquals(new BlkDriver.Answer(IOERR, 1),
                    blk.request(IN, 0, Buffer.fromDevice(range[0], range[1])), Long.toHexString(range[0]));
            assertEquals(IOERR, blk.request(OUT, 0, Buffer.toDevice(range[0], range[1])).status());
        }
        assertEquals(OK, blk.write(0, random(512)));
        assertFalse(driver.needsReset());
    }

    @Test
    void buffersThatAreTogetherLongerThan4GiBAreAnError() {
        int megabytes = 17;
        try (FakeDriver large = new FakeDriver(wiring, new Blk("disk1", disk, Blk.Settings.DEFAULT),
                (megabytes + 1) << 20)) {
            BlkDriver requests = new BlkDriver(large.start(0, 256));
            Buffer[] buffers = new Buffer[256];
            Arrays.fill(buffers, Buffer.fromDevice(PlainMemory.RAM + (1 << 20), (long) megabytes << 20));
            buffers[0] = Buffer.toDevice(requests.header(IN, 0), 16);
            long status = requests.status();
            buffers[255] = Buffer.fromDevice(status, 1);
            large.queue(0).add(buffers);
            assertEquals(1, large.complete(large.queue(0)).written());
            assertEquals(IOERR, large.get8(status));
        }
    }

    @Test
    void manyDescriptorsOfLengthZeroAreAnError() {
        driver.start(0, 64);
        Buffer[] data = new Buffer[60];
        Arrays.fill(data, Buffer.fromDevice(driver.allocate(16), 0));
        assertEquals(new BlkDriver.Answer(IOERR, 1), blk.request(IN, 0, data));
    }

    @Test
    void aStatusByteOutsideRamBreaksTheDevice() {
        DriverQueue queue = driver.queue(0);
        queue.add(Buffer.toDevice(blk.header(FLUSH, 0), 16), Buffer.fromDevice(0x1000_1000L, 1));
        queue.kick();
        assertTrue(driver.awaitNeedsReset());
    }

    @Test
    void aBackendThatFailsIsAnErrorOfTheRequestAlone() {
        disk.failing = true;
        assertEquals(IOERR, blk.write(0, random(512)));
        assertEquals(IOERR, blk.request(FLUSH, 0).status());
        disk.failing = false;
        assertEquals(OK, blk.write(0, random(512)));
    }

    @Test
    void aFlushCompletesAfterTheBackendHasFlushedWhatWasWritten() {
        assertEquals(OK, blk.write(0, random(512)));
        assertEquals(0, disk.flushes.get());
        assertEquals(OK, blk.request(FLUSH, 0).status());
        assertEquals(1, disk.flushes.get());
    }

    @Test
    void inWriteThroughModeEveryWriteIsFlushed() {
        driver.transport().config(32, 1, 0);
        assertEquals(OK, blk.write(0, random(512)));
        assertEquals(1, disk.flushes.get());
        driver.transport().config(32, 1, 1);
        assertEquals(OK, blk.write(0, random(512)));
        assertEquals(1, disk.flushes.get());
    }

    @Test
    void aDriverThatCannotFlushGetsEveryWriteFlushed() {
        driver.start(1L << 9 | 1L << 11);
        assertEquals(OK, blk.write(0, random(512)));
        assertEquals(1, disk.flushes.get());
    }

    @Test
    void discardIsUnsupportedWhenItWasNotNegotiated() {
        driver.start(1L << 13 | 1L << 14);
        assertEquals(UNSUPP, blk.request(DISCARD, 0, blk.ranges(0, 1, 0)).status());
    }

    @Test
    void theConfigurationSpaceTellsCapacityAndBlockSize() {
        assertEquals(SECTORS, driver.transport().config(0, 8));
        assertEquals(SECTORS, driver.transport().config(0, 4));
        assertEquals(512, driver.transport().config(20, 4));
        driver.transport().config(0, 8, 1);
        assertEquals(SECTORS, driver.transport().config(0, 8));
        assertEquals(0, driver.transport().config(4096 - 0x100, 4));
    }

    @Test
    void aDiskThatGrowsTellsItsDriverAndTheNewSectorsWork() {
        disk.size = SECTORS / 2 * 512;
        device.storageChanged();
        assertEquals(SECTORS / 2, driver.transport().config(0, 8));
        assertEquals(IOERR, blk.write(SECTORS - 1, random(512)));
        driver.transport().takeInterrupts();
        int generation = driver.transport().configGeneration();
        disk.size = SECTORS * 512;
        assertEquals(IOERR, blk.write(SECTORS - 1, random(512)), "the device does not know yet");
        driver.transport().takeInterrupts();
        device.storageChanged();
        assertEquals(2, driver.transport().takeInterrupts() & 2, "configuration change");
        assertTrue(generation != driver.transport().configGeneration());
        assertEquals(SECTORS, driver.transport().config(0, 8));
        assertEquals(OK, blk.write(SECTORS - 1, random(512)));
        device.storageChanged();
        assertEquals(0, driver.transport().takeInterrupts() & 2, "nothing has changed");
    }

    @Test
    void aDiskThatGrewWhileItsDriverStartedTellsIt() {
        disk.size = SECTORS / 2 * 512;
        device.storageChanged();
        driver.prepare(0, 16);
        assertEquals(SECTORS / 2, driver.transport().config(0, 8));
        driver.transport().takeInterrupts();
        disk.size = SECTORS * 512;
        driver.transport().status(15);
        assertEquals(2, driver.transport().takeInterrupts() & 2, "configuration change");
        assertEquals(SECTORS, driver.transport().config(0, 8));
    }

    @Test
    void severalRequestsAreWorkedOnAtATimeAndMayCompleteInAnyOrder() {
        assumeTrue((driver.features() & FakeDriver.IN_ORDER) == 0, "in order they complete one after the other");
        disk.hold();
        DriverQueue queue = driver.queue(0);
        long first = blk.status();
        queue.add(Buffer.toDevice(blk.header(IN, 0), 16), Buffer.fromDevice(driver.allocate(512), 512),
                Buffer.fromDevice(first, 1));
        queue.kick();
        assertTrue(disk.awaitHeld());
        long second = blk.status();
        int id = queue.add(Buffer.toDevice(blk.header(GET_ID, 0), 16), Buffer.fromDevice(driver.allocate(20), 20),
                Buffer.fromDevice(second, 1));
        assertEquals(new DriverQueue.Used(id, 21), driver.complete(queue));
        assertEquals(UNTOUCHED, driver.get8(first));
        disk.release();
        assertEquals(513, driver.await(queue).written());
        assertEquals(OK, driver.get8(first));
    }
}
