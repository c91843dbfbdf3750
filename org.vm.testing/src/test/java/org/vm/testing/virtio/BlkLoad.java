package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/**
 * Random reads and writes, many at a time, each verified: what is read is what was written, every request is answered once,
 * with the right length, and none is lost. Each slot has sectors of its own, so that order does not matter.
 */
final class BlkLoad {
    static final int SLOTS = 6;
    private static final int SECTORS = 4;
    private static final int SLOT_BYTES = SECTORS * 512;
    static final int DISK_BYTES = SLOTS * SLOT_BYTES;

    private final FakeDriver driver;
    private final Random random;
    private final DriverQueue queue;
    private final Slot[] slots = new Slot[SLOTS];
    private final Map<Integer, Slot> out = new HashMap<>();
    private int writes;

    BlkLoad(FakeDriver driver, long seed) {
        this.driver = driver;
        random = new Random(seed);
        queue = driver.queue(0);
        for (int i = 0; i < SLOTS; i++) {
            slots[i] = new Slot(i, driver.allocate(16), driver.allocate(SLOT_BYTES), driver.allocate(1));
        }
    }

    /** Writes that were answered. */
    int writes() {
        return writes;
    }

    /** Keeps as many requests in flight as there are slots, until that many were answered and none is out. */
    void run(int requests) {
        for (int begun = 0, answered = 0; answered < requests; answered++) {
            while (begun < requests && out.size() < SLOTS) {
                begin();
                begun++;
            }
            queue.kick();
            DriverQueue.Used used = driver.await(queue);
            Slot slot = out.remove(used.id());
            assertNotNull(slot, "chain " + used.id() + " was used and is not out");
            slot.check(used.written());
        }
        assertEquals(0, out.size());
    }

    private void begin() {
        Slot slot = slots[random.nextInt(SLOTS)];
        while (out.containsValue(slot)) {
            slot = slots[(slot.number + 1) % SLOTS];
        }
        out.put(slot.begin(), slot);
    }

    private final class Slot {
        private final int number;
        private final long header;
        private final long data;
        private final long status;
        private final byte[] expected = new byte[SLOT_BYTES];
        private boolean write;
        private int sector;
        private int length;

        Slot(int number, long header, long data, long status) {
            this.number = number;
            this.header = header;
            this.data = data;
            this.status = status;
        }

        int begin() {
            write = random.nextBoolean();
            sector = random.nextInt(SECTORS);
            length = 512 * (1 + random.nextInt(SECTORS - sector));
            driver.put32(header, write ? BlkDriver.OUT : BlkDriver.IN);
            driver.put64(header + 8, (long) number * SECTORS + sector);
            driver.put8(status, BlkDriver.UNTOUCHED);
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            driver.put(data, bytes);
            if (write) {
                System.arraycopy(bytes, 0, expected, sector * 512, length);
            }
            Buffer[] buffers = {Buffer.toDevice(header, 16), new Buffer(data, length, !write), Buffer.fromDevice(status, 1)};
            // Tables are never given back.
            return (driver.features() & FakeDriver.INDIRECT_DESC) != 0 && random.nextInt(4) == 0 ? queue.addIndirect(buffers)
                    : queue.add(buffers);
        }

        void check(long written) {
            assertEquals(BlkDriver.OK, driver.get8(status));
            assertEquals(write ? 1 : length + 1, written);
            if (write) {
                writes++;
            } else {
                assertArrayEquals(Arrays.copyOfRange(expected, sector * 512, sector * 512 + length), driver.get(data, length));
            }
        }
    }
}
