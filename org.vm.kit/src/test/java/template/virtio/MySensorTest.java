package template.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vm.testing.virtio.Buffer;
import org.vm.testing.virtio.DriverQueue;
import org.vm.testing.virtio.FakeDriver;
import org.vm.testing.virtio.Wiring;

/** Through its ring, as a driver uses it. */
class MySensorTest {
    @ParameterizedTest
    @EnumSource(Wiring.class)
    void aBufferIsFilled(Wiring wiring) {
        try (FakeDriver driver = new FakeDriver(wiring, new MySensor("my-sensor", (byte) 7))) {
            DriverQueue queue = driver.start(0).queue(0); // 0: agree on all features
            long buffer = driver.allocate(4);
            queue.add(Buffer.fromDevice(buffer, 3));
            assertEquals(3, driver.complete(queue).written());
            assertArrayEquals(new byte[] {7, 7, 7, 0}, driver.get(buffer, 4));
        }
    }

    @Test
    void aHugeRequestIsCapped() {
        try (FakeDriver driver = new FakeDriver(Wiring.MMIO, new MySensor("my-sensor", (byte) 7))) {
            DriverQueue queue = driver.start(0).queue(0);
            queue.add(Buffer.fromDevice(driver.allocate(1 << 20), 1 << 20));
            assertEquals(MySensor.MOST, driver.complete(queue).written());
        }
    }
}
