package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;

/** What a driver of a console says and hears (VirtIO 1.2, section 5.3.6). */
final class ConsoleDriver {
    static final long MULTIPORT = 1L << 1;

    // Control events (5.3.6.2)
    static final int DEVICE_READY = 0;
    static final int DEVICE_ADD = 1;
    static final int DEVICE_REMOVE = 2;
    static final int PORT_READY = 3;
    static final int CONSOLE_PORT = 4;
    static final int RESIZE = 5;
    static final int PORT_OPEN = 6;
    static final int PORT_NAME = 7;

    private final FakeDriver driver;

    ConsoleDriver(FakeDriver driver) {
        this.driver = driver;
    }

    /** A control message. */
    void send(int id, int event, int value) {
        long message = driver.allocate(8);
        driver.put32(message, id);
        driver.put16(message + 4, event);
        driver.put16(message + 6, value);
        driver.queue(3).add(Buffer.toDevice(message, 8));
        assertEquals(0, driver.complete(driver.queue(3)).written());
    }

    void print(int queue, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        driver.queue(queue).add(Buffer.toDevice(driver.place(bytes), bytes.length));
        assertEquals(0, driver.complete(driver.queue(queue)).written());
    }

    String read(int queue, int room) {
        long at = driver.allocate(room);
        driver.queue(queue).add(Buffer.fromDevice(at, room));
        int length = (int) driver.complete(driver.queue(queue)).written();
        return new String(driver.get(at, length), StandardCharsets.UTF_8);
    }
}
