package org.vm.testing.pci;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.vm.api.device.DmaPort;
import org.vm.device.dma.internal.DmaEngine;
import org.vm.testing.virtio.FakeBoard;
import org.vm.testing.virtio.PlainMemory;

/** The DMA engine behind a host bridge, by its registers. */
class DmaEngineTest extends DmaDriver {
    private static final long TABLE = 0x4000_1000L;

    private final DmaEngine engine = new DmaEngine("dma", 4);

    DmaEngineTest() {
        host.plug(engine, PLACE);
        configure(0x14, 4, TABLE);
        enable();
    }

    private boolean ends(int channel) {
        assertTrue(board.awaitQuiet(SOON));
        return (status(channel) & BUSY) == 0;
    }

    private static byte[] noise(int length) {
        return noise(length, length);
    }

    @Test
    void aChannelCopiesMemoryAndSaysWhenItHas() {
        byte[] data = noise(1_000_003);
        put(PlainMemory.RAM + 5, data);
        program(2, PlainMemory.RAM + 5, PlainMemory.RAM + (2 << 20), data.length, START | INTERRUPT);
        assertTrue(board.await(board::interrupted, SOON));
        assertEquals(DONE, status(2));
        assertEquals(4, read(REGISTERS + 0x800, 4));
        assertEquals(data.length, read(register(2, 0x20), 8));
        assertArrayEquals(data, get(PlainMemory.RAM + (2 << 20), data.length));
        write(register(2, 0x1c), 4, DONE);
        assertFalse(board.interrupted());
        assertEquals(0, status(2));
        assertEquals(1, read(register(2, 0x28), 4));
        assertEquals(4, read(REGISTERS + 0x804, 4));
    }

    @Test
    void onlyRamIsReached() {
        long good = PlainMemory.RAM;
        long end = PlainMemory.RAM + (4 << 20);
        long[][] bad = {{0x1000_1000L, good, 8}, {good, 0x1000_1000L, 8}, {good, REGISTERS, 8}, {good, PlainMemory.ROM, 8},
                {good, 0x3000_0000L, 8}, {-8, good, 16}, {end - 4, good, 8}, {good, end - 4, 8}, {good, good + 64, 0},
                {good, good + 64, -1}, {good, good, Long.MAX_VALUE}, {Long.MAX_VALUE, Long.MIN_VALUE, 1}};
        for (long[] one : bad) {
            program(0, one[0], one[1], one[2], START);
            assertTrue(ends(0));
            assertEquals(ERROR, status(0) & ERROR, "from " + one[0] + " to " + one[1]);
            write(register(0, 0x1c), 4, ERROR);
        }
        program(0, good, good + 64, 8, START);
        assertTrue(ends(0));
        assertEquals(DONE, status(0));
    }

    @Test
    void aChannelFeedsADeviceAsFastAsThatTakes() {
        Fifo fifo = new Fifo();
        engine.connect(7, fifo);
        byte[] data = noise(1000);
        put(PlainMemory.RAM, data);
        program(1, PlainMemory.RAM, 7, data.length, START | TO_DEVICE);
        assertTrue(board.awaitQuiet(SOON));
        assertEquals(BUSY, status(1));
        fifo.makeRoom(300);
        assertTrue(board.awaitQuiet(SOON));
        assertEquals(BUSY, status(1));
        assertEquals(300, read(register(1, 0x20), 8));
        fifo.makeRoom(1000);
        assertTrue(ends(1));
        assertEquals(DONE, status(1));
        assertArrayEquals(data, fifo.bytes());
        program(1, PlainMemory.RAM, 8, data.length, START | TO_DEVICE);
        assertTrue(ends(1));
        assertEquals(ERROR, status(1), "there is no port 8");
        fifo.failure = new IllegalStateException("out of order");
        program(1, PlainMemory.RAM, 7, data.length, START | TO_DEVICE);
        assertTrue(ends(1));
        assertEquals(ERROR, status(1));
        assertTrue(engine.info().get("channel 1").contains("out of order"));
    }

    /** Writes a list of ranges: address, length, and so on. */
    private void list(long... values) {
        MemorySegment table = memory.slice(LIST_AT, 8L * values.length);
        for (int i = 0; i < values.length; i++) {
            table.setAtIndex(ValueLayout.JAVA_LONG, i, values[i]);
        }
    }

    @Test
    void whatLiesInSeveralPlacesIsMovedToOneInTheOrderOfAList() {
        byte[] data = noise(300_000);
        put(PlainMemory.RAM, data);
        list(PlainMemory.RAM + 200_000, 100_000, PlainMemory.RAM, 0, PlainMemory.RAM + 3, 1, PlainMemory.RAM, 200_000);
        program(0, LIST_AT, PlainMemory.RAM + (2 << 20), 4, START | LIST);
        assertTrue(ends(0));
        assertEquals(DONE, status(0));
        assertEquals(300_001, read(register(0, 0x20), 8));
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        expected.write(data, 200_000, 100_000);
        expected.write(data, 3, 1);
        expected.write(data, 0, 200_000);
        assertArrayEquals(expected.toByteArray(), get(PlainMemory.RAM + (2 << 20), 300_001));
    }

    @Test
    void aDeviceGetsWhatLiesInSeveralPlacesInOnePiece() {
        byte[] data = noise(100);
        put(PlainMemory.RAM, data);
        AtomicInteger calls = new AtomicInteger();
        Fifo fifo = new Fifo();
        engine.connect(7, new DmaPort() {
            @Override
            public int take(MemorySegment piece) {
                calls.incrementAndGet();
                return fifo.take(piece);
            }

            @Override
            public void whenRoom(Runnable action) {
                fifo.whenRoom(action);
            }
        });
        fifo.makeRoom(1000);
        list(PlainMemory.RAM, 10, PlainMemory.RAM + 10, 40, PlainMemory.RAM + 50, 50);
        program(1, LIST_AT, 7, 3, START | TO_DEVICE | LIST);
        assertTrue(ends(1));
        assertEquals(DONE, status(1));
        assertEquals(1, calls.get());
        assertArrayEquals(data, fifo.bytes());
    }

    @Test
    void aListIsReadOnce() {
        Fifo fifo = new Fifo();
        engine.connect(1, fifo);
        put(PlainMemory.RAM, noise(64));
        list(PlainMemory.RAM, 32, PlainMemory.RAM + 32, 32);
        program(0, LIST_AT, 1, 2, START | TO_DEVICE | LIST);
        assertTrue(board.awaitQuiet(SOON));
        list(0, 32, -1, -1);
        fifo.makeRoom(1000);
        assertTrue(ends(0));
        assertEquals(DONE, status(0));
        assertArrayEquals(noise(64), fifo.bytes());
    }

    @Test
    void aListThatCannotBeTrustedMovesNothing() {
        long good = PlainMemory.RAM;
        long target = PlainMemory.RAM + (2 << 20);
        list(good, 8, 0x1000_1000L, 8);
        for (long[] bad : new long[][] {{LIST_AT, 2}, {LIST_AT, 0}, {LIST_AT, -1}, {LIST_AT, 1025}, {LIST_AT, Long.MAX_VALUE},
                {LIST_AT, 1L << 60}, {0x1000_1000L, 1}, {PlainMemory.RAM + (4 << 20) - 8, 1}, {-8, 1}}) {
            program(0, bad[0], target, bad[1], START | LIST);
            assertTrue(ends(0));
            assertEquals(ERROR, status(0), bad[1] + " ranges at " + bad[0]);
            assertEquals(0, read(register(0, 0x20), 8));
        }
        for (long[] bad : new long[][] {{good, -1}, {good, Long.MAX_VALUE}, {-4, 8}, {REGISTERS, 8}, {good, 0}}) {
            list(bad);
            program(0, LIST_AT, target, 1, START | LIST);
            assertTrue(ends(0));
            assertEquals(ERROR, status(0), bad[1] + " bytes at " + bad[0]);
        }
        list(good, 8);
        program(0, LIST_AT, target, 1, START | LIST);
        assertTrue(ends(0));
        assertEquals(DONE, status(0));
    }

    @Test
    void aReloadedChannelBeginsAgainWhenItsEndWasSeen() {
        put(PlainMemory.RAM, noise(64));
        program(0, PlainMemory.RAM, PlainMemory.RAM + 4096, 64, START | RELOAD | INTERRUPT);
        for (int round = 1; round <= 5; round++) {
            int expected = round;
            assertTrue(board.await(() -> read(register(0, 0x28), 4) == expected, SOON));
            assertTrue(board.awaitQuiet(SOON));
            assertEquals(round, read(register(0, 0x28), 4));
            assertTrue(board.interrupted());
            write(register(0, 0x1c), 4, DONE);
        }
        assertTrue(board.awaitQuiet(SOON));
        write(register(0, 0x18), 4, STOP);
        long rounds = read(register(0, 0x28), 4);
        write(register(0, 0x1c), 4, DONE);
        assertTrue(board.awaitQuiet(SOON));
        assertEquals(rounds, read(register(0, 0x28), 4));
    }

    @Test
    void aBusyChannelIgnoresAStartAndCanBeStopped() {
        Fifo fifo = new Fifo();
        engine.connect(1, fifo);
        program(0, PlainMemory.RAM, 1, 100, START | TO_DEVICE);
        assertTrue(board.awaitQuiet(SOON));
        program(0, PlainMemory.RAM, PlainMemory.RAM + 4096, 8, START);
        assertTrue(board.awaitQuiet(SOON));
        assertEquals(BUSY, status(0));
        write(register(0, 0x18), 4, STOP);
        assertEquals(0, status(0));
        fifo.makeRoom(1000);
        assertTrue(board.awaitQuiet(SOON));
        assertEquals(0, fifo.bytes().length);
        program(0, PlainMemory.RAM, PlainMemory.RAM + 4096, 8, START);
        assertTrue(ends(0));
        assertEquals(DONE, status(0));
    }

    @Test
    void messagesTellTheChannel() {
        for (int channel = 0; channel < 4; channel++) {
            write(TABLE + 16 * channel, 8, FakeBoard.MESSAGES);
            write(TABLE + 16 * channel + 8, 4, 1 << channel);
            write(TABLE + 16 * channel + 12, 4, 0);
        }
        int capability = (int) host.read(DEVICE + 0x34, 1);
        while (host.read(DEVICE + capability, 1) != 0x11) {
            capability = (int) host.read(DEVICE + capability + 1, 1);
        }
        host.write(DEVICE + capability + 2, 2, 0x8000);
        program(3, PlainMemory.RAM, PlainMemory.RAM + 4096, 8, START | INTERRUPT);
        assertTrue(ends(3));
        assertEquals(8, board.takeMessages());
        assertFalse(board.interrupted());
    }

    @Test
    void afterAResetNothingIsWritten() {
        put(PlainMemory.RAM, noise(2 << 20));
        for (int i = 0; i < 50; i++) {
            program(0, PlainMemory.RAM, PlainMemory.RAM + (2 << 20), 2 << 20, START | INTERRUPT);
            engine.reset();
            byte[] before = get(PlainMemory.RAM + (2 << 20), 2 << 20);
            assertEquals(0, status(0));
            assertTrue(board.awaitQuiet(SOON));
            assertArrayEquals(before, get(PlainMemory.RAM + (2 << 20), 2 << 20));
            assertFalse(board.interrupted());
        }
    }

    @Test
    void withoutBusMasteringNothingIsWritten() {
        put(PlainMemory.RAM, noise(2 << 20));
        program(0, PlainMemory.RAM, PlainMemory.RAM + (2 << 20), 2 << 20, START);
        host.write(DEVICE + 4, 2, 2);
        byte[] before = get(PlainMemory.RAM + (2 << 20), 2 << 20);
        assertTrue(board.awaitQuiet(SOON));
        assertArrayEquals(before, get(PlainMemory.RAM + (2 << 20), 2 << 20));
        assertEquals(0, status(0));
    }

    @Test
    void randomAccessesThrowNothing() {
        Random random = new Random(3);
        for (int i = 0; i < 200_000; i++) {
            long at = REGISTERS + (random.nextInt(10) == 0 ? random.nextInt(0x1000) : random.nextInt(0x100));
            int width = 1 << random.nextInt(4);
            at -= at % width;
            if (random.nextBoolean()) {
                read(at, width);
            } else {
                write(at, width, random.nextBoolean() ? random.nextInt(64) : random.nextLong());
            }
        }
        engine.reset();
        assertTrue(board.awaitQuiet(SOON));
    }
}
