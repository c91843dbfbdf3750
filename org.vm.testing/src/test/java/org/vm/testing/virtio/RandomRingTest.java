package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.vm.device.virtio.VirtioDevice;
import org.vm.device.virtio.internal.Blk;
import org.vm.device.virtio.internal.Console;
import org.vm.device.virtio.internal.MmioTransport;
import org.vm.device.virtio.internal.Rng;

/**
 * Random rings: nearly right ones and nonsense. Whatever they hold, nothing is thrown, nothing hangs, and nothing is
 * written but the used rings and what some writable descriptor allows.
 */
class RandomRingTest {
    private static final int SIZE = 8;
    /** Where random buffers lie; the rings are elsewhere. */
    private static final int ARENA = 16 << 10;

    @Property(tries = 1500, shrinking = ShrinkingMode.OFF)
    void theEntropyDeviceSurvives(@ForAll long seed) {
        check(new Rng("rng", into -> into.fill((byte) 0x5A)), seed);
    }

    @Property(tries = 2500, shrinking = ShrinkingMode.OFF)
    void theBlockDeviceSurvives(@ForAll long seed) {
        check(new Blk("disk0", new MemoryDisk(64 * 512), Blk.Settings.DEFAULT), seed);
    }

    @Property(tries = 1500, shrinking = ShrinkingMode.OFF)
    void theConsoleSurvives(@ForAll long seed) {
        FakeTerminal terminal = new FakeTerminal();
        terminal.type("typed ahead");
        check(new Console("console0", terminal, 2), seed);
    }

    private static void check(VirtioDevice device, long seed) {
        Random random = new Random(seed);
        try (FakeDriver driver = new FakeDriver(new MmioTransport(device), 128 << 10)) {
            driver.start(random.nextBoolean() ? 0 : FakeDriver.EVENT_IDX, SIZE);
            long arena = driver.allocate(ARENA);
            for (int i = 0; i < ARENA; i += 8) {
                // Small numbers, so that headers among them mean something.
                driver.put64(arena + i, random.nextInt(4) == 0 ? random.nextLong() : random.nextInt(16));
            }
            boolean[] writable = new boolean[ARENA];
            List<Long> tables = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                tables.add(driver.allocate(16L * SIZE));
            }
            byte[] before = driver.get(arena, ARENA);
            for (int index = 0; driver.transport().queueMax(index) != 0; index++) {
                SplitDriverQueue queue = driver.queue(index);
                for (long table : tables) {
                    fill(queue, table, arena, tables, writable, random);
                }
                fill(queue, queue.descriptors, arena, tables, writable, random);
                for (int i = random.nextInt(SIZE); i >= 0; i--) {
                    queue.offer(random.nextInt(20) == 0 ? random.nextInt(0x10000) : random.nextInt(SIZE));
                }
                if (random.nextInt(20) == 0) {
                    queue.availIndex(random.nextInt());
                }
                driver.transport().notify(index);
            }
            assertTrue(driver.board().awaitQuiet(FakeDriver.SOON), "it hangs");
            assertNull(driver.board().escaped());
            byte[] after = driver.get(arena, ARENA);
            for (int i = 0; i < ARENA; i++) {
                assertTrue(writable[i] || before[i] == after[i], "byte " + i + " is in no writable buffer");
            }
            driver.transport().status(0);
            assertEquals(0, driver.transport().status());
            byte[] reset = driver.get(PlainMemory.RAM, 128 << 10);
            assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
            assertTrue(Arrays.equals(reset, driver.get(PlainMemory.RAM, 128 << 10)), "written after reset");
        }
    }

    private static void fill(SplitDriverQueue queue, long table, long arena, List<Long> tables, boolean[] writable,
            Random random) {
        for (int i = 0; i < SIZE; i++) {
            int flags = random.nextInt(10) == 0 ? random.nextInt(16)
                    : (random.nextInt(3) == 0 ? 0 : SplitDriverQueue.NEXT) | (i < SIZE / 2 ? 0 : SplitDriverQueue.WRITE);
            if (random.nextInt(6) == 0) {
                flags = SplitDriverQueue.INDIRECT;
            }
            boolean indirect = (flags & SplitDriverQueue.INDIRECT) != 0;
            int from = random.nextInt(ARENA);
            int length = switch (random.nextInt(4)) {
                case 0 -> 16;
                case 1 -> 512 * (1 + random.nextInt(3));
                case 2 -> 1;
                default -> random.nextInt(ARENA);
            };
            long address = indirect ? tables.get(random.nextInt(tables.size())) : arena + from;
            if (indirect) {
                length = 16 * (1 + random.nextInt(SIZE));
            }
            if (random.nextInt(15) == 0) {
                address = random.nextBoolean() ? random.nextLong() : PlainMemory.ROM;
            } else if (!indirect && from + length > ARENA) {
                length = ARENA - from;
            }
            if (random.nextInt(30) == 0 && !(address >= arena && address < arena + ARENA)) {
                length = random.nextInt();
            }
            if ((flags & SplitDriverQueue.WRITE) != 0 && address == arena + from) {
                Arrays.fill(writable, from, from + length, true);
            }
            queue.write(table, i, address, length, flags, random.nextInt(12) == 0 ? random.nextInt(0x10000) : (i + 1) % SIZE);
        }
    }
}
