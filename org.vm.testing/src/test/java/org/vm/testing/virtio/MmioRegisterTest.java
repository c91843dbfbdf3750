package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vm.device.virtio.internal.MmioTransport;

/** Registers of virtio over MMIO (VirtIO 1.2, section 4.2.2), in and out of order. */
class MmioRegisterTest {
    private final Probe probe = new Probe();
    private final MmioTransport device = new MmioTransport(probe);
    private final FakeDriver driver = new FakeDriver(device);

    @AfterEach
    void close() {
        driver.close();
    }

    @Test
    void theDeviceTellsWhatItIs() {
        assertEquals(0x74726976, device.read(0x000, 4));
        assertEquals(2, device.read(0x004, 4));
        assertEquals(42, device.read(0x008, 4));
    }

    @Test
    void accessesOfOtherWidthsOrUnalignedReadZeroAndWriteNothing() {
        for (int width : new int[] {1, 2, 8}) {
            assertEquals(0, device.read(0x000, width));
            device.write(0x070, width, 1);
            assertEquals(0, device.read(0x070, 4));
        }
        for (int offset = 1; offset < 4; offset++) {
            assertEquals(0, device.read(offset, 4));
            device.write(0x070 + offset, 4, 1);
            assertEquals(0, device.read(0x070, 4));
        }
    }

    @Test
    void readOnlyRegistersKeepTheirValues() {
        for (int register : new int[] {0x000, 0x004, 0x008, 0x00c, 0x010, 0x034, 0x060, 0x0fc}) {
            long before = device.read(register, 4);
            device.write(register, 4, 0xFFFF_FFFFL);
            assertEquals(before, device.read(register, 4), "register " + Integer.toHexString(register));
        }
    }

    @Test
    void writeOnlyRegistersReadZero() {
        driver.start(0);
        for (int register : new int[] {0x014, 0x020, 0x024, 0x030, 0x038, 0x050, 0x064, 0x080, 0x090, 0x0a0}) {
            assertEquals(0, device.read(register, 4), "register " + Integer.toHexString(register));
        }
    }

    @Test
    void selectorsOutOfRangeSelectNothing() {
        for (int select : new int[] {2, 64, 0x7FFF_FFFF, 0x8000_0000, -1}) {
            device.write(0x014, 4, Integer.toUnsignedLong(select));
            assertEquals(0, device.read(0x010, 4));
            device.write(0x024, 4, Integer.toUnsignedLong(select));
            device.write(0x020, 4, 0xFFFF_FFFFL);
            device.write(0x030, 4, Integer.toUnsignedLong(select));
            assertEquals(0, device.read(0x034, 4));
            device.write(0x038, 4, 8);
            device.write(0x080, 4, 8);
            device.write(0x044, 4, 1);
            assertEquals(0, device.read(0x044, 4));
        }
        driver.start(0);
        assertFalse(driver.needsReset());
    }

    @Test
    void thereIsNoSharedMemory() {
        device.write(0x0ac, 4, 0);
        for (int register = 0x0b0; register <= 0x0bc; register += 4) {
            assertEquals(0xFFFF_FFFFL, device.read(register, 4));
        }
    }

    @Test
    void theConfigurationSpaceEndsWhereItEnds() {
        probe.config.set(0, 8, 0x1122334455667788L);
        assertEquals(0x88, device.read(0x100, 1));
        assertEquals(0x1122, device.read(0x106, 2));
        assertEquals(0x1122334455667788L, device.read(0x100, 8));
        assertEquals(0, device.read(0x107, 2));
        assertEquals(0, device.read(0x108, 1));
        assertEquals(0, device.read(0xFFF, 8));
        device.write(0x100, 4, 0);
        assertEquals(0x1122334455667788L, device.read(0x100, 8));
    }

    @Test
    void aMillionRandomAccessesThrowNothing() {
        Random random = new Random(1);
        for (int i = 0; i < 1_000_000; i++) {
            long offset = random.nextInt(100) == 0 ? random.nextLong() : random.nextInt(0x110);
            int width = 1 << random.nextInt(4);
            if (random.nextBoolean()) {
                device.read(offset, width);
            } else {
                device.write(offset, width, random.nextInt(4) == 0 ? random.nextLong() : random.nextInt(16));
            }
        }
        driver.start(0).queue(0).add(Buffer.fromDevice(driver.allocate(8), 8));
        assertEquals(8, driver.complete(driver.queue(0)).written());
        assertEquals(null, driver.board().escaped());
    }
}
