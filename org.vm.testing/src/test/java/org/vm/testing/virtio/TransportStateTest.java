package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.vm.api.DeviceException;
import org.vm.api.device.DeviceStatus;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/** What transports say of themselves, and take from others: any rings, and any states, nonsense too. */
class TransportStateTest {
    private static final int SIZE = 8;
    private static final int STEPS = 40;

    @Property(tries = 400, shrinking = ShrinkingMode.OFF)
    void aSuccessorSaysOfItselfWhatItsPredecessorSaidAndGivesBackEveryChainOnce(@ForAll long seed, @ForAll Wiring wiring) {
        Hoarder hoarder = new Hoarder();
        Socket.Plugged plugged = Socket.plug(wiring, hoarder);
        try (FakeDriver driver = plugged.driver()) {
            Random random = new Random(seed);
            driver.start(random.nextInt(3) == 0 ? FakeDriver.EVENT_IDX : 0, SIZE);
            Requests requests = new Requests(driver, random);
            for (int i = 0; i < STEPS; i++) {
                switch (random.nextInt(8)) {
                    case 0, 1, 2 -> requests.add();
                    case 3 -> requests.takeUsed();
                    case 4, 5 -> hoarder.give(random, 1 + random.nextInt(4));
                    case 6 -> requests.queue.interrupts(random.nextBoolean());
                    default -> hoarder = replace(plugged.socket(), hoarder);
                }
                assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
            }
            requests.queue.kick();
            assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
            while (!requests.out.isEmpty()) {
                hoarder.give(random, SIZE);
                // Tasks of a device have no order.
                assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
                hoarder.publish();
                assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
                assertTrue(requests.takeUsed() > 0, "requests that nobody has: " + requests.out);
            }
            assertEquals(0, hoarder.held());
            assertNull(driver.board().escaped());
        }
    }

    private static Hoarder replace(Socket socket, Hoarder former) {
        Hoarder next = new Hoarder();
        socket.still(() -> {
            Stateful old = socket.transport();
            old.suspend(Socket.LIMIT);
            DeviceState state = old.capture();
            assertTrue(States.same(state, old.capture()));
            Socket.detach(old);
            Stateful transport = socket.attach(next);
            transport.restore(state);
            assertTrue(States.same(state, transport.capture()), () -> state + "\n" + transport.capture());
            socket.put(transport);
            transport.resume();
        });
        assertEquals(0, former.held());
        return next;
    }

    private static final class Requests {
        private final FakeDriver driver;
        private final Random random;
        private final DriverQueue queue;
        /** How many bytes each chain that is out will be said to be written. */
        private final Map<Integer, Long> out = new HashMap<>();
        private int descriptors;
        private final Map<Integer, Integer> spans = new HashMap<>();
        private final long buffer;

        Requests(FakeDriver driver, Random random) {
            this.driver = driver;
            this.random = random;
            queue = driver.queue(0);
            buffer = driver.allocate(256);
        }

        void add() {
            int readable = random.nextInt(3);
            int writable = random.nextInt(3);
            boolean indirect = random.nextInt(4) == 0;
            int span = indirect ? 1 : readable + writable;
            if (readable + writable == 0 || descriptors + span > SIZE) {
                return;
            }
            Buffer[] buffers = new Buffer[readable + writable];
            long written = 0;
            for (int i = 0; i < buffers.length; i++) {
                int length = 1 + random.nextInt(100);
                buffers[i] = new Buffer(buffer, length, i >= readable);
                written += i >= readable ? length : 0;
            }
            int id = indirect ? queue.addIndirect(buffers) : queue.add(buffers);
            assertNull(out.put(id, written));
            spans.put(id, span);
            descriptors += span;
            if (random.nextInt(3) > 0) {
                queue.kick();
            }
        }

        int takeUsed() {
            int taken = 0;
            for (DriverQueue.Used used = queue.poll(); used != null; used = queue.poll()) {
                Long written = out.remove(used.id());
                assertNotNull(written, "chain " + used.id() + " was used twice");
                assertEquals(written, used.written());
                descriptors -= spans.get(used.id());
                taken++;
            }
            queue.kick();
            driver.transport().takeInterrupts();
            return taken;
        }
    }

    @Property(tries = 1200, shrinking = ShrinkingMode.OFF)
    void aStateThatIsNonsenseIsRefusedOrServed(@ForAll long seed, @ForAll Wiring wiring) {
        Random random = new Random(seed);
        Hoarder hoarder = new Hoarder();
        Socket.Plugged plugged = Socket.plug(wiring, hoarder);
        try (FakeDriver driver = plugged.driver()) {
            driver.start(0, SIZE);
            Requests requests = new Requests(driver, random);
            for (int i = random.nextInt(6); i >= 0; i--) {
                requests.add();
                requests.queue.kick();
            }
            assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
            hoarder.give(random, 2);
            assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
            Socket socket = plugged.socket();
            socket.transport().suspend(Socket.LIMIT);
            DeviceState state = socket.transport().capture();
            List<String> paths = States.paths(state);
            for (int i = 1 + random.nextInt(3); i > 0; i--) {
                String path = paths.get(random.nextInt(paths.size()));
                try {
                    state = States.with(state, path, nonsense(random, state));
                } catch (ClassCastException | NullPointerException | IndexOutOfBoundsException | NumberFormatException gone) {
                    // What was there was changed already.
                    continue;
                }
            }
            Socket.detach(socket.transport());
            Hoarder next = new Hoarder();
            Stateful transport = socket.attach(next);
            try {
                transport.restore(state);
                socket.put(transport);
                transport.resume();
                for (int i = 0; i < 3; i++) {
                    driver.transport().notify(0);
                    assertTrue(driver.board().awaitQuiet(FakeDriver.SOON), "it hangs");
                    if (driver.deviceStatus() == DeviceStatus.ACTIVE) {
                        next.give(random, SIZE);
                    }
                }
                assertTrue(driver.board().awaitQuiet(FakeDriver.SOON), "it hangs");
                transport.suspend(Socket.LIMIT);
                transport.capture();
                transport.resume();
            } catch (DeviceException refused) {
                assertTrue(refused.getMessage().contains("'hoarder'"), refused.getMessage());
                Socket.detach(transport);
                transport = socket.attach(new Hoarder());
                socket.put(transport);
            }
            driver.transport().status(0);
            assertEquals(0, driver.transport().status());
            driver.start(0, SIZE);
            assertNull(driver.board().escaped());
        }
    }

    private static Object nonsense(Random random, DeviceState state) {
        return switch (random.nextInt(9)) {
            case 0 -> null;
            case 1 -> random.nextLong();
            case 2 -> (long) random.nextInt(20) - 2;
            case 3 -> Long.MAX_VALUE >> random.nextInt(64);
            case 4 -> "text";
            case 5 -> {
                byte[] bytes = new byte[random.nextInt(200)];
                random.nextBytes(bytes);
                yield bytes;
            }
            case 6 -> state;
            case 7 -> List.of();
            default -> List.of(state, state, state);
        };
    }
}
