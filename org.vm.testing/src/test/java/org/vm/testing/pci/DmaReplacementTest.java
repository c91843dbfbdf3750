package org.vm.testing.pci;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vm.api.device.DmaPort;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.state.DeviceState;
import org.vm.device.dma.internal.DmaEngine;
import org.vm.device.pci.internal.PciHost;
import org.vm.testing.virtio.FakeBoard;
import org.vm.testing.virtio.PlainMemory;

/** A DMA engine that is replaced by another one while it moves memory. */
class DmaReplacementTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final long BUNDLE = 3;
    private static final long REGISTERS = 0x4000_0000L;
    private static final int DEVICE = 0x1e << 15;
    private static final long LIST_AT = PlainMemory.RAM + (3 << 20);
    private static final int START = 1;
    private static final int INTERRUPT = 4;
    private static final int RELOAD = 8;
    private static final int TO_DEVICE = 16;
    private static final int LIST = 32;
    private static final int BUSY = 1;
    private static final int DONE = 2;
    private static final int ERROR = 4;

    private final PlainMemory memory = new PlainMemory(4 << 20);
    private final FakeBoard board = new FakeBoard(memory);
    private final PciHost host = new PciHost("pci");
    private DmaEngine engine = new DmaEngine("dma", 4);

    DmaReplacementTest() {
        host.attach(board);
        host.offer(engine, "00:1e", BUNDLE);
        host.write(DEVICE + 0x10, 4, REGISTERS);
        host.write(DEVICE + 4, 2, 6);
    }

    @AfterEach
    void close() {
        host.detach();
        assertTrue(board.awaitQuiet(SOON));
        assertNull(board.escaped());
        memory.close();
    }

    private void replace(DmaEngine next) {
        DeviceKeeper.Hold hold = host.keeper().hold(Set.of(BUNDLE), SOON);
        assertDoesNotThrow(() -> host.release(engine, SOON));
        engine = next;
        host.offer(engine, "00:1e", BUNDLE);
        assertDoesNotThrow(() -> hold.filled().toCompletableFuture().get(20, TimeUnit.SECONDS));
        hold.accept();
    }

    private long read(long offset, int width) {
        var mapping = board.bus().find(REGISTERS);
        return mapping.device().read(REGISTERS + offset - mapping.base(), width);
    }

    private void write(long offset, int width, long value) {
        var mapping = board.bus().find(REGISTERS);
        mapping.device().write(REGISTERS + offset - mapping.base(), width, value);
    }

    private void program(int channel, long source, long target, long length, int control) {
        write(0x40 * channel, 8, source);
        write(0x40 * channel + 0x08, 8, target);
        write(0x40 * channel + 0x10, 8, length);
        write(0x40 * channel + 0x18, 4, control);
    }

    private int status(int channel) {
        return (int) read(0x40 * channel + 0x1c, 4);
    }

    private static byte[] noise(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private void put(long address, byte[] bytes) {
        assertTrue(memory.write(address, MemorySegment.ofArray(bytes)));
    }

    private byte[] get(long address, int length) {
        return memory.slice(address, length).toArray(ValueLayout.JAVA_BYTE);
    }

    @Test
    void whatItMovesArrivesWhole() {
        for (int round = 0; round < 100; round++) {
            byte[] data = noise(1_300_000, round);
            put(PlainMemory.RAM, data);
            program(round % 4, PlainMemory.RAM, PlainMemory.RAM + (2 << 20), data.length, START | INTERRUPT);
            replace(new DmaEngine("dma", 4));
            int channel = round % 4;
            assertTrue(board.await(() -> (status(channel) & BUSY) == 0, SOON));
            assertEquals(DONE, status(channel));
            assertEquals(data.length, read(0x40 * channel + 0x20, 8));
            assertArrayEquals(data, get(PlainMemory.RAM + (2 << 20), data.length), "round " + round);
            assertTrue(board.interrupted());
            replace(new DmaEngine("dma", 4));
            assertTrue(board.interrupted(), "its line is up as long as nobody has seen the end");
            write(0x40 * channel + 0x1c, 4, DONE);
            assertFalse(board.interrupted());
        }
        assertEquals(25, read(0x28, 4));
    }

    /** A FIFO that takes as many bytes as it is told. */
    private static final class Fifo implements DmaPort {
        private final ByteArrayOutputStream taken = new ByteArrayOutputStream();
        private int room;
        private Runnable waiting = () -> { };

        @Override
        public synchronized int take(MemorySegment data) {
            int length = (int) Math.min(room, data.byteSize());
            taken.writeBytes(data.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
            room -= length;
            return length;
        }

        @Override
        public synchronized void whenRoom(Runnable action) {
            waiting = action;
        }

        void makeRoom(int bytes) {
            Runnable action;
            synchronized (this) {
                room += bytes;
                action = waiting;
                waiting = () -> { };
            }
            action.run();
        }

        synchronized byte[] bytes() {
            return taken.toByteArray();
        }
    }

    @Test
    void aListThatWasReadIsNotReadAgainAndAPortMayComeAfterItsEngine() {
        byte[] data = noise(1000, 1);
        put(PlainMemory.RAM, data);
        MemorySegment table = memory.slice(LIST_AT, 32);
        table.setAtIndex(ValueLayout.JAVA_LONG, 0, PlainMemory.RAM + 600);
        table.setAtIndex(ValueLayout.JAVA_LONG, 1, 400);
        table.setAtIndex(ValueLayout.JAVA_LONG, 2, PlainMemory.RAM);
        table.setAtIndex(ValueLayout.JAVA_LONG, 3, 600);
        Fifo fifo = new Fifo();
        fifo.makeRoom(100);
        engine.connect(5, fifo);
        program(2, LIST_AT, 5, 2, START | TO_DEVICE | LIST);
        assertTrue(board.awaitQuiet(SOON));
        table.fill((byte) -1);
        replace(new DmaEngine("dma", 4));
        assertTrue(board.awaitQuiet(SOON));
        assertEquals(BUSY, status(2), "the port is not there yet");
        fifo.makeRoom(2000);
        engine.connect(5, fifo);
        assertTrue(board.await(() -> status(2) == DONE, SOON));
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        expected.write(data, 600, 400);
        expected.write(data, 0, 600);
        assertArrayEquals(expected.toByteArray(), fifo.bytes());
        // The next transfer is its own, and a port that is not there is an error again.
        program(2, PlainMemory.RAM, 6, 8, START | TO_DEVICE);
        assertTrue(board.await(() -> status(2) == ERROR, SOON));
    }

    @Test
    void aReloadedChannelGoesRoundAndRound() {
        put(PlainMemory.RAM, noise(64, 1));
        program(0, PlainMemory.RAM, PlainMemory.RAM + 4096, 64, START | RELOAD | INTERRUPT);
        for (int round = 1; round <= 20; round++) {
            replace(new DmaEngine("dma", 4));
            assertTrue(board.await(() -> status(0) == DONE, SOON));
            assertEquals(round, read(0x28, 4));
            write(0x1c, 4, DONE);
        }
    }

    @Test
    void fewerChannelsAreRefusedAndTheOldEngineComesBack() {
        program(3, PlainMemory.RAM, PlainMemory.RAM + 4096, 64, START);
        DeviceKeeper.Hold hold = host.keeper().hold(Set.of(BUNDLE), SOON);
        assertDoesNotThrow(() -> host.release(engine, SOON));
        DmaEngine small = new DmaEngine("dma", 2);
        host.offer(small, "00:1e", BUNDLE);
        assertTrue(hold.filled().toCompletableFuture().isCompletedExceptionally());
        assertTrue(host.refused().get("dma").contains("has 2 channels, and the one whose state it is to take has 4"),
                host.refused().toString());
        hold.retake(SOON);
        assertDoesNotThrow(() -> host.release(small, SOON));
        engine = new DmaEngine("dma", 4);
        host.offer(engine, "00:1e", BUNDLE);
        hold.accept();
        assertTrue(board.await(() -> status(3) == DONE, SOON));
    }

    @Test
    void aStateThatIsNonsenseMovesNothingBeyondRam() {
        Random random = new Random(5);
        for (int i = 0; i < 200; i++) {
            program(0, PlainMemory.RAM, PlainMemory.RAM + (2 << 20), 100_000, START | (random.nextBoolean() ? LIST : 0));
            engine.suspend(SOON);
            DeviceState state = engine.capture();
            DeviceState channel = state.states("channels").getFirst();
            Map<String, Object> fields = new TreeMap<>(channel.fields());
            fields.put("ranges", noise(random.nextInt(4) * 16, i));
            fields.replaceAll((name, value) -> random.nextInt(3) == 0 && value instanceof Long
                    ? (Object) (random.nextBoolean() ? random.nextLong() : random.nextInt(200_000)) : value);
            fields.put("STATUS", 1L);
            engine.restore(DeviceState.of(state.kind(), 9)
                    .states("channels", List.of(new DeviceState(channel.kind(), 9, fields))).build());
            engine.resume();
            assertTrue(board.awaitQuiet(SOON));
            engine.reset();
        }
    }
}
