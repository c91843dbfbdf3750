package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.vm.testing.virtio.ConsoleDriver.CONSOLE_PORT;
import static org.vm.testing.virtio.ConsoleDriver.DEVICE_ADD;
import static org.vm.testing.virtio.ConsoleDriver.DEVICE_READY;
import static org.vm.testing.virtio.ConsoleDriver.DEVICE_REMOVE;
import static org.vm.testing.virtio.ConsoleDriver.MULTIPORT;
import static org.vm.testing.virtio.ConsoleDriver.PORT_NAME;
import static org.vm.testing.virtio.ConsoleDriver.PORT_OPEN;
import static org.vm.testing.virtio.ConsoleDriver.PORT_READY;
import static org.vm.testing.virtio.ConsoleDriver.RESIZE;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.vm.device.virtio.internal.Console;

/** A console is replaced while people type and programs print; what is behind its ports stays. */
@ParameterizedClass
@EnumSource(Wiring.class)
class ConsoleReplacementTest {
    private static final int PORTS = 4;

    private final FakeTerminal terminal = new FakeTerminal();
    private final FakeTerminal agent = new FakeTerminal();
    private final FakeTerminal log = new FakeTerminal();
    private final FakeDriver driver;
    private final ConsoleDriver guest;
    private final Socket socket;
    private final Deque<Long> messages = new ArrayDeque<>();

    ConsoleReplacementTest(Wiring wiring) {
        Console first = new Console("console0", terminal, PORTS);
        first.addPort("agent", agent);
        first.addPort("log", log);
        Socket.Plugged plugged = Socket.plug(wiring, first);
        driver = plugged.driver();
        guest = new ConsoleDriver(driver);
        socket = plugged.socket();
    }

    @AfterEach
    void close() {
        driver.close();
        assertNull(driver.board().escaped());
        assertFalse(terminal.connected());
    }

    private Console next() {
        return new Console("console0", terminal, PORTS);
    }

    /** Gives the device room for control messages. */
    private void listen(int count) {
        for (int i = 0; i < count; i++) {
            long at = driver.allocate(64);
            messages.add(at);
            driver.queue(2).add(Buffer.fromDevice(at, 64));
        }
        driver.queue(2).kick();
    }

    private void expect(int id, int event) {
        driver.await(driver.queue(2));
        long at = messages.remove();
        assertEquals(id, driver.get32(at));
        assertEquals(event, driver.get16(at + 4));
    }

    private void quiet() {
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(driver.queue(2).hasUsed(), "a control message that nobody expects");
    }

    /** Brings all ports up and opens them. */
    private void open() {
        driver.start(0);
        listen(12);
        guest.send(-1, DEVICE_READY, 1);
        for (int id = 0; id < 3; id++) {
            expect(id, DEVICE_ADD);
        }
        for (int id = 0; id < 3; id++) {
            guest.send(id, PORT_READY, 1);
            if (id == 0) {
                expect(id, CONSOLE_PORT);
            }
            expect(id, PORT_NAME);
            expect(id, PORT_OPEN);
            if (id == 0) {
                expect(id, RESIZE);
            }
            guest.send(id, PORT_OPEN, 1);
        }
        quiet();
    }

    @Test
    void noByteIsLostOrDoubledEitherWay() throws InterruptedException {
        driver.start(MULTIPORT);
        int lines = 400;
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < lines; i++) {
            expected.append("line ").append(i).append('\n');
        }
        AtomicReference<Throwable> failed = new AtomicReference<>();
        Thread replacer = Thread.ofPlatform().start(() -> {
            try {
                for (int i = 0; i < 60; i++) {
                    socket.replace(next());
                }
            } catch (Throwable e) {
                failed.set(e);
            }
        });
        Thread typist = Thread.ofPlatform().start(() -> expected.toString().lines().forEach(line -> terminal.type(line + "\n")));
        StringBuilder read = new StringBuilder();
        long in = driver.allocate(16);
        long out = driver.allocate(32);
        for (int i = 0; i < lines || read.length() < expected.length(); i++) {
            if (read.length() < expected.length()) {
                driver.queue(0).add(Buffer.fromDevice(in, 16));
                int length = (int) driver.complete(driver.queue(0)).written();
                read.append(new String(driver.get(in, length), StandardCharsets.UTF_8));
            }
            if (i < lines) {
                byte[] line = ("line " + i + "\n").getBytes(StandardCharsets.UTF_8);
                driver.put(out, line);
                driver.queue(1).add(Buffer.toDevice(out, line.length));
                driver.complete(driver.queue(1));
            }
        }
        replacer.join();
        typist.join();
        assertNull(failed.get());
        assertEquals(expected.toString(), read.toString());
        assertEquals(expected.toString(), terminal.screen());
    }

    @Test
    void aBufferThatWaitsForInputWaitsOn() {
        driver.start(MULTIPORT);
        long at = driver.allocate(8);
        driver.queue(0).add(Buffer.fromDevice(at, 8));
        driver.queue(0).kick();
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        socket.replace(next());
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(driver.queue(0).hasUsed());
        terminal.type("abc");
        assertEquals(3, driver.await(driver.queue(0)).written());
        assertEquals('c', driver.get8(at + 2));
    }

    @Test
    void portsThatAreHereAgainKeepTheirNumbersAndTheGuestHearsNothing() {
        open();
        Console next = next();
        // Another order: by itself it would give them other numbers.
        assertEquals(1, next.addPort("log", log));
        assertEquals(2, next.addPort("agent", agent));
        socket.replace(next);
        quiet();
        assertTrue(agent.open() && log.open() && terminal.open());
        guest.print(5, "to the agent");
        guest.print(7, "to the log");
        assertEquals("to the agent", agent.screen());
        assertEquals("to the log", log.screen());
        agent.type("from the agent");
        assertEquals("from the agent", guest.read(4, 32));
        log.type("from the log");
        assertEquals("from the log", guest.read(6, 32));
        terminal.type("typed");
        assertEquals("typed", guest.read(0, 32));
        next.removePort(log);
        listen(1);
        expect(2, DEVICE_REMOVE);
        quiet();
    }

    @Test
    void theGuestHearsOfPortsThatHaveComeAndGone() {
        open();
        Console next = next();
        FakeTerminal other = new FakeTerminal();
        next.addPort("other", other);
        next.addPort("log", log);
        listen(4);
        socket.replace(next);
        expect(1, DEVICE_REMOVE);
        expect(3, DEVICE_ADD);
        quiet();
        guest.send(3, PORT_READY, 1);
        expect(3, PORT_NAME);
        expect(3, PORT_OPEN);
        assertEquals(1, next.addPort("late", new FakeTerminal()));
        listen(1);
        expect(1, DEVICE_ADD);
        quiet();
    }

    @Test
    void whatTheGuestWasOwedItIsToldByTheSuccessor() {
        driver.start(0);
        guest.send(-1, DEVICE_READY, 1);
        Console next = next();
        next.addPort("agent", agent);
        next.addPort("log", log);
        socket.replace(next);
        listen(3);
        for (int id = 0; id < 3; id++) {
            expect(id, DEVICE_ADD);
        }
        quiet();
    }

    @Test
    void anotherSizeOfTheTerminalIsTold() {
        open();
        Console next = next();
        next.addPort("agent", agent);
        next.addPort("log", log);
        listen(1);
        socket.still(() -> {
            var old = socket.transport();
            old.suspend(Socket.LIMIT);
            var state = old.capture();
            Socket.detach(old);
            var transport = socket.attach(next);
            terminal.resize(132, 43);
            transport.restore(state);
            socket.put(transport);
            transport.resume();
        });
        expect(0, RESIZE);
        assertEquals(132, driver.transport().config(0, 2));
    }
}
