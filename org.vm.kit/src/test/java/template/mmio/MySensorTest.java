package template.mmio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.vm.testing.virtio.FakeBoard;
import org.vm.testing.virtio.PlainMemory;

class MySensorTest {
    private final PlainMemory memory = new PlainMemory(1 << 20);
    private final FakeBoard board = new FakeBoard(memory);
    private final MySensor sensor = new MySensor("my-sensor", 30_000);

    @BeforeEach
    void attach() {
        sensor.attach(board);
    }

    @AfterEach
    void detach() {
        sensor.detach();
        memory.close();
    }

    @Test
    void theTemperatureIsRead() {
        assertEquals(30_000, sensor.read(MySensor.TEMPERATURE, 4));
        assertEquals(0, sensor.read(MySensor.TEMPERATURE, 2), "registers have 32 bits");
        assertEquals(0, sensor.read(0xffc, 4), "there is no such register");
    }

    @Test
    void theInterruptIsHighWhileTheLimitIsReached() {
        sensor.write(MySensor.LIMIT, 4, 30_001);
        assertFalse(board.interrupted());
        sensor.write(MySensor.LIMIT, 4, 30_000);
        assertTrue(board.interrupted());
        sensor.reset();
        assertFalse(board.interrupted());
    }
}
