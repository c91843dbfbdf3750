package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.vm.device.virtio.VirtioDevice;
import org.vm.device.virtio.internal.Blk;
import org.vm.device.virtio.internal.Console;
import org.vm.device.virtio.internal.Rng;

/**
 * Random rings: nearly right ones and nonsense. Whatever they hold, nothing is thrown, nothing hangs, and nothing is
 * written but the used rings and what some writable descriptor allows.
 */
class RandomRingTest {
    private static final int SIZE = 16;
    /** Where random buffers lie; the rings are elsewhere. */
    private static final int ARENA = 16 << 10;
    private static final int RAM = 64 << 10;

    @Property(tries = 1500, shrinking = ShrinkingMode.OFF)
    void theEntropyDeviceSurvives(@ForAll long seed, @ForAll Wiring wiring) {
        check(wiring, new Rng("rng", into -> into.fill((byte) 0x5A)), seed);
    }

    @Property(tries = 2500, shrinking = ShrinkingMode.OFF)
    void theBlockDeviceSurvives(@ForAll long seed, @ForAll Wiring wiring) {
        check(wiring, new Blk("disk0", new MemoryDisk(64 * 512), Blk.Settings.DEFAULT), seed);
    }

    @Property(tries = 1500, shrinking = ShrinkingMode.OFF)
    void theConsoleSurvives(@ForAll long seed, @ForAll Wiring wiring) {
        FakeTerminal terminal = new FakeTerminal();
        terminal.type("typed ahead");
        check(wiring, new Console("console0", terminal, 2), seed);
    }

    private static void check(Wiring wiring, VirtioDevice device, long seed) {
        try (FakeDriver driver = new FakeDriver(wiring, device, RAM)) {
            new Attack(driver, new Random(seed)).run();
        }
    }

    /** One random set of rings, put to a device. */
    private static final class Attack {
        private final FakeDriver driver;
        private final Random random;
        private final boolean[] writable = new boolean[ARENA];
        private long arena;

        Attack(FakeDriver driver, Random random) {
            this.driver = driver;
            this.random = random;
        }

        void run() {
            driver.start(random.nextBoolean() ? 0 : FakeDriver.EVENT_IDX, SIZE);
            arena = driver.allocate(ARENA);
            for (int i = 0; i < ARENA; i += 8) {
                // Small numbers, so that headers made of them mean something.
                driver.put64(arena + i, random.nextInt(9) == 0 ? random.nextLong() : random.nextInt(16));
            }
            int queues = 0;
            while (driver.transport().queueMax(queues) != 0) {
                offer(driver.queue(queues++));
            }
            // Mistakes of one or two fields reach deeper than noise.
            for (int i = random.nextInt(4); i > 0; i--) {
                spoil(driver.queue(random.nextInt(queues)));
            }
            byte[] before = driver.get(arena, ARENA);
            for (int i = 0; i < queues; i++) {
                driver.transport().notify(i);
            }
            assertTrue(driver.board().awaitQuiet(FakeDriver.SOON), "it hangs");
            assertNull(driver.board().escaped());
            byte[] after = driver.get(arena, ARENA);
            for (int i = 0; i < ARENA; i++) {
                assertTrue(writable[i] || before[i] == after[i], "byte " + i + " is in no writable buffer");
            }
            driver.transport().status(0);
            assertEquals(0, driver.transport().status());
            byte[] reset = driver.get(PlainMemory.RAM, RAM);
            assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
            assertTrue(Arrays.equals(reset, driver.get(PlainMemory.RAM, RAM)), "written after reset");
        }

        /** Chains as a driver makes them, direct and indirect. */
        private void offer(DriverQueue queue) {
            for (int room = SIZE; room > 0 && random.nextInt(8) > 0;) {
                int toDevice = random.nextInt(4);
                int fromDevice = random.nextInt(4);
                Buffer[] buffers = new Buffer[toDevice + fromDevice];
                for (int i = 0; i < buffers.length; i++) {
                    buffers[i] = buffer(i >= toDevice);
                }
                if (buffers.length == 0 || buffers.length > room) {
                    continue;
                }
                if (random.nextInt(3) == 0) {
                    queue.addIndirect(buffers);
                    room--;
                } else {
                    queue.add(buffers);
                    room -= buffers.length;
                }
            }
        }

        private Buffer buffer(boolean deviceWrites) {
            if (random.nextInt(40) == 0) {
                long address = random.nextBoolean() ? random.nextLong() : PlainMemory.ROM;
                return new Buffer(address, random.nextInt() & 0xFFFF_FFFFL, deviceWrites);
            }
            int length = switch (random.nextInt(5)) {
                case 0, 1 -> 16;
                case 2 -> 512 * (1 + random.nextInt(3));
                case 3 -> 1;
                default -> random.nextInt(600);
            };
            int from = random.nextInt(ARENA - length) & -8;
            if (deviceWrites) {
                Arrays.fill(writable, from, from + length, true);
            }
            return new Buffer(arena + from, length, deviceWrites);
        }

        /** Changes a field of a ring; never so that more of the arena becomes writable. */
        private void spoil(DriverQueue queue) {
            if (queue instanceof SplitDriverQueue split) {
                spoil(split);
            } else if (queue instanceof PackedDriverQueue packed) {
                spoil(packed);
            }
        }

        private void spoil(PackedDriverQueue queue) {
            long descriptor = queue.descriptors + 16L * random.nextInt(SIZE);
            int flags = driver.get16(descriptor + 14);
            switch (random.nextInt(7)) {
                case 0 -> driver.put16(descriptor + 12, random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(SIZE));
                case 1 -> driver.put16(descriptor + 14, flags ^ PackedDriverQueue.NEXT);
                case 2 -> driver.put16(descriptor + 14, flags ^ PackedDriverQueue.INDIRECT);
                case 3 -> driver.put32(descriptor + 8, random.nextBoolean() ? 0 : driver.get32(descriptor + 8) >>> 1);
                case 4 -> driver.put64(descriptor, random.nextLong());
                case 5 -> driver.put16(descriptor + 14, flags ^ PackedDriverQueue.AVAIL);
                default -> driver.put32(queue.driverEvent, random.nextInt());
            }
        }

        private void spoil(SplitDriverQueue queue) {
            long descriptor = queue.descriptors + 16L * random.nextInt(SIZE);
            switch (random.nextInt(7)) {
                case 0 -> driver.put16(descriptor + 14, random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(SIZE));
                case 1 -> driver.put16(descriptor + 12, driver.get16(descriptor + 12) ^ SplitDriverQueue.NEXT);
                case 2 -> driver.put16(descriptor + 12, driver.get16(descriptor + 12) ^ SplitDriverQueue.INDIRECT);
                case 3 -> driver.put32(descriptor + 8, random.nextBoolean() ? 0 : driver.get32(descriptor + 8) >>> 1);
                case 4 -> driver.put64(descriptor, random.nextLong());
                case 5 -> driver.put16(queue.avail + 4 + 2L * random.nextInt(SIZE),
                        random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(SIZE));
                default -> queue.availIndex(random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(2 * SIZE));
            }
        }
    }
}
