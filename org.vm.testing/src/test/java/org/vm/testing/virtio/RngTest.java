package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.vm.device.virtio.internal.Rng;

@ParameterizedClass
@EnumSource(Wiring.class)
class RngTest {
    private final FakeDriver driver;

    RngTest(Wiring wiring) {
        driver = new FakeDriver(wiring, new Rng("rng", into -> into.fill((byte) 0x5A)));
    }

    @AfterEach
    void close() {
        driver.close();
    }

    @Test
    void aBufferIsFilledWholly() {
        DriverQueue queue = driver.start(0).queue(0);
        long buffer = driver.allocate(100);
        int id = queue.add(Buffer.fromDevice(buffer, 33), Buffer.fromDevice(buffer + 50, 1));
        assertEquals(new DriverQueue.Used(id, 34), driver.complete(queue));
        byte[] expected = new byte[100];
        Arrays.fill(expected, 0, 33, (byte) 0x5A);
        expected[50] = 0x5A;
        assertArrayEquals(expected, driver.get(buffer, 100));
    }

    @Test
    void aHugeRequestIsCapped() {
        DriverQueue queue = driver.start(0).queue(0);
        long buffer = driver.allocate(1 << 20);
        queue.add(Buffer.fromDevice(buffer, 1 << 20));
        assertEquals(64 << 10, driver.complete(queue).written());
        assertEquals(0, driver.get8(buffer + (64 << 10)));
    }

    @Test
    void aRequestWithoutAWritableBufferIsUsedWithLengthZero() {
        DriverQueue queue = driver.start(0).queue(0);
        queue.add(Buffer.toDevice(driver.allocate(16), 16));
        assertEquals(0, driver.complete(queue).written());
        assertFalse(driver.needsReset());
    }

    @Test
    void descriptorsOfLengthZeroHoldNothing() {
        DriverQueue queue = driver.start(0).queue(0);
        long buffer = driver.allocate(8);
        queue.add(Buffer.fromDevice(buffer, 0), Buffer.fromDevice(buffer, 3), Buffer.fromDevice(buffer, 0));
        assertEquals(3, driver.complete(queue).written());
        queue.add(Buffer.fromDevice(buffer, 0));
        assertEquals(0, driver.complete(queue).written());
    }

    @Test
    void aBufferOutsideRamBreaksTheDeviceUntilReset() {
        DriverQueue queue = driver.start(0).queue(0);
        queue.add(Buffer.fromDevice(0x1000_1000L, 16));
        queue.kick();
        assertTrue(driver.awaitNeedsReset());
        queue = driver.start(0).queue(0);
        queue.add(Buffer.fromDevice(driver.allocate(8), 8));
        assertEquals(8, driver.complete(queue).written());
    }
}
