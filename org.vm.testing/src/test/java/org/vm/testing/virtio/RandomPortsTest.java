package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.vm.api.DeviceException;
import org.vm.device.virtio.internal.Console;

/** Serial ports come and go at the host while a driver says and does anything about them that the rings let it. */
class RandomPortsTest {
    private static final int PORTS = 4;
    private static final int STEPS = 120;
    private static final int SIZE = 16;

    @Property(tries = 300, shrinking = ShrinkingMode.OFF)
    void serialPortsSurviveAnyDriver(@ForAll long seed, @ForAll Wiring wiring) {
        Console console = Console.ofPorts("ports", PORTS);
        try (FakeDriver driver = new FakeDriver(wiring, console)) {
            Attack attack = new Attack(new Random(seed), driver, console);
            attack.run();
            assertTrue(driver.board().awaitQuiet(FakeDriver.SOON), "it hangs");
            assertNull(driver.board().escaped());
            assertFalse(driver.needsReset());
            driver.transport().status(0);
            assertTrue(attack.present.stream().noneMatch(port -> port.connected() || port.open()));
            // No number was lost, whatever the driver was told or not.
            attack.present.forEach(console::removePort);
            driver.start(0, SIZE);
            for (int id = 1; id < PORTS; id++) {
                assertEquals(id, console.addPort("again" + id, new FakeTerminal()));
            }
        }
    }

    private static final class Attack {
        private final Random random;
        private final FakeDriver driver;
        private final Console console;
        private final List<FakeTerminal> present = new ArrayList<>();
        /** Buffers that the device has. */
        private int[] offered;

        Attack(Random random, FakeDriver driver, Console console) {
            this.random = random;
            this.driver = driver;
            this.console = console;
        }

        void run() {
            start();
            for (int i = 0; i < STEPS; i++) {
                step();
            }
        }

        private void start() {
            driver.start(0, SIZE);
            offered = new int[2 * PORTS + 2];
        }

        private void step() {
            switch (random.nextInt(8)) {
                case 0 -> add();
                case 1 -> remove();
                case 2 -> {
                    if (!present.isEmpty()) {
                        present.get(random.nextInt(present.size())).type("typed");
                    }
                }
                case 3, 4 -> {
                    long message = driver.allocate(8);
                    driver.put32(message, random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(PORTS + 1));
                    driver.put16(message + 4, random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(9));
                    driver.put16(message + 6, random.nextInt(3));
                    offer(3, Buffer.toDevice(message, random.nextInt(6) == 0 ? 1 + random.nextInt(7) : 8));
                }
                case 5 -> offer(2, Buffer.fromDevice(driver.allocate(64), 1 + random.nextInt(64)));
                case 6 -> {
                    long at = driver.allocate(16);
                    offer(random.nextInt(offered.length),
                            random.nextBoolean() ? Buffer.toDevice(at, 16) : Buffer.fromDevice(at, 16));
                }
                default -> {
                    if (random.nextInt(10) == 0) {
                        start();
                    }
                }
            }
        }

        private void add() {
            FakeTerminal port = new FakeTerminal();
            try {
                console.addPort("port" + random.nextInt(), port);
                present.add(port);
            } catch (DeviceException full) {
                assertTrue(full.getMessage().contains("maxPorts"), full.getMessage());
            }
        }

        private void remove() {
            if (!present.isEmpty()) {
                FakeTerminal port = present.remove(random.nextInt(present.size()));
                console.removePort(port);
                assertFalse(port.connected() || port.open());
            }
        }

        /** Leaves a ring alone that is full: the device may be slow to take what is in it. */
        private void offer(int index, Buffer buffer) {
            DriverQueue ring = driver.queue(index);
            while (ring.poll() != null) {
                offered[index]--;
            }
            if (offered[index] < SIZE) {
                offered[index]++;
                ring.add(buffer);
                ring.kick();
            }
        }
    }
}
