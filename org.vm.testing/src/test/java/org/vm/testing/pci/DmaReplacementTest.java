package org.vm.testing.pci;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.state.DeviceState;
import org.vm.device.dma.internal.DmaEngine;
import org.vm.testing.virtio.PlainMemory;

/** A DMA engine that is replaced by another one while it moves memory. */
class DmaReplacementTest extends DmaDriver {
    private static final long BUNDLE = 3;

    private DmaEngine engine = new DmaEngine("dma", 4);

    DmaReplacementTest() {
        host.offer(engine, PLACE, BUNDLE);
        enable();
    }

    private void replace(DmaEngine next) {
        DeviceKeeper.Hold hold = host.keeper().hold(Set.of(BUNDLE), SOON);
        assertDoesNotThrow(() -> host.release(engine, SOON));
        engine = next;
        host.offer(engine, PLACE, BUNDLE);
        assertDoesNotThrow(() -> hold.filled().toCompletableFuture().get(20, TimeUnit.SECONDS));
        hold.accept();
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
            assertEquals(data.length, read(register(channel, 0x20), 8));
            assertArrayEquals(data, get(PlainMemory.RAM + (2 << 20), data.length), "round " + round);
            assertTrue(board.interrupted());
            replace(new DmaEngine("dma", 4));
            assertTrue(board.interrupted(), "its line is up as long as nobody has seen the end");
            write(register(channel, 0x1c), 4, DONE);
            assertFalse(board.interrupted());
        }
        assertEquals(25, read(register(0, 0x28), 4));
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
            assertEquals(round, read(register(0, 0x28), 4));
            write(register(0, 0x1c), 4, DONE);
        }
    }

    @Test
    void fewerChannelsAreRefusedAndTheOldEngineComesBack() {
        program(3, PlainMemory.RAM, PlainMemory.RAM + 4096, 64, START);
        DeviceKeeper.Hold hold = host.keeper().hold(Set.of(BUNDLE), SOON);
        assertDoesNotThrow(() -> host.release(engine, SOON));
        DmaEngine small = new DmaEngine("dma", 2);
        host.offer(small, PLACE, BUNDLE);
        assertTrue(hold.filled().toCompletableFuture().isCompletedExceptionally());
        assertTrue(host.refused().get("dma").contains("has 2 channels, and the one whose state it is to take has 4"),
                host.refused().toString());
        hold.retake(SOON);
        assertDoesNotThrow(() -> host.release(small, SOON));
        engine = new DmaEngine("dma", 4);
        host.offer(engine, PLACE, BUNDLE);
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
