package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.vm.api.DeviceException;
import org.vm.backend.console.internal.ConsoleHub;
import org.vm.device.virtio.internal.Console;

/** The console device as its driver sees it (VirtIO 1.2, section 5.3). */
@ParameterizedClass
@EnumSource(Wiring.class)
class ConsoleTest {
    private final FakeTerminal terminal = new FakeTerminal();
    private final FakeTerminal agent = new FakeTerminal();
    private final Console console = new Console("console0", terminal, 3);
    private final FakeDriver driver;
    private final ConsoleDriver guest;

    ConsoleTest(Wiring wiring) {
        driver = new FakeDriver(wiring, console);
        guest = new ConsoleDriver(driver);
    }

    @AfterEach
    void close() {
        driver.close();
        assertNull(driver.board().escaped());
        assertFalse(terminal.connected());
    }

    private record Control(int id, int event, int value, byte[] more) {
        String text() {
            return new String(more, StandardCharsets.UTF_8);
        }
    }

    /** The device's next control message, into a buffer that is given to it for this. */
    private Control receive() {
        long message = driver.allocate(64);
        driver.queue(2).add(Buffer.fromDevice(message, 64));
        int length = (int) driver.complete(driver.queue(2)).written();
        return new Control(driver.get32(message), driver.get16(message + 4), driver.get16(message + 6),
                driver.get(message + 8, length - 8));
    }

    private void expect(int id, int event) {
        Control control = receive();
        assertEquals(id, control.id);
        assertEquals(event, control.event);
        assertEquals(1, control.value);
    }

    /** Brings port 0 up as Linux does. */
    private void open() {
        driver.start(0);
        guest.send(-1, DEVICE_READY, 1);
        expect(0, DEVICE_ADD);
        guest.send(0, PORT_READY, 1);
        expect(0, CONSOLE_PORT);
        assertEquals("console0", receive().text());
        expect(0, PORT_OPEN);
        expect(0, RESIZE);
        guest.send(0, PORT_OPEN, 1);
    }

    @Test
    void withoutMultiportQueues0And1AreTheTerminal() {
        driver.start(MULTIPORT);
        guest.print(1, "hello\n");
        assertEquals("hello\n", terminal.screen());
        terminal.type("ls\n");
        assertEquals("ls\n", guest.read(0, 16));
        terminal.type("longer than the buffer");
        assertEquals("longer", guest.read(0, 6));
        assertEquals(" than the buffer", guest.read(0, 100));
    }

    @Test
    void whatWasTypedBeforeTheDriverCameIsDelivered() {
        terminal.type("early");
        driver.start(MULTIPORT);
        assertEquals("early", guest.read(0, 16));
    }

    @Test
    void aBufferWaitsForInput() {
        driver.start(MULTIPORT);
        long at = driver.allocate(16);
        driver.queue(0).add(Buffer.fromDevice(at, 1), Buffer.fromDevice(at + 8, 8));
        driver.queue(0).kick();
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(driver.queue(0).hasUsed());
        terminal.type("abc");
        assertEquals(3, driver.await(driver.queue(0)).written());
        assertEquals('a', driver.get8(at));
        assertEquals('b', driver.get8(at + 8));
    }

    @Test
    void portZeroIsAnnouncedAsConsoleWithNameAndSize() {
        open();
        guest.print(1, "hvc0");
        assertEquals("hvc0", terminal.screen());
        terminal.type("x");
        assertEquals("x", guest.read(0, 4));
    }

    @Test
    void aPortThatTheGuestHasNotOpenedKeepsItsInput() {
        open();
        guest.send(0, PORT_OPEN, 0);
        terminal.type("later");
        driver.queue(0).add(Buffer.fromDevice(driver.allocate(8), 8));
        driver.queue(0).kick();
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(driver.queue(0).hasUsed());
        guest.send(0, PORT_OPEN, 1);
        assertEquals(5, driver.await(driver.queue(0)).written());
    }

    @Test
    void resizingTellsColumnsThenRows() {
        open();
        terminal.resize(132, 50);
        Control resize = receive();
        assertEquals(RESIZE, resize.event);
        assertEquals(132, resize.more[0] & 0xFF);
        assertEquals(50, resize.more[2]);
        assertEquals(132, driver.transport().config(0, 2));
        assertEquals(50, driver.transport().config(2, 2));
    }

    @Test
    void withoutMultiportResizingIsAConfigurationChange() {
        driver.start(MULTIPORT);
        driver.transport().takeInterrupts();
        int generation = driver.transport().configGeneration();
        terminal.resize(100, 30);
        assertEquals(2, driver.transport().takeInterrupts());
        assertEquals(100, driver.transport().config(0, 2));
        assertTrue(generation != driver.transport().configGeneration());
    }

    @Test
    void anotherTerminalTakesOverWhatWasTypedAndNotRead() {
        open();
        guest.print(1, "one");
        driver.queue(0).add(Buffer.fromDevice(driver.allocate(1), 1));
        terminal.type("xyz");
        driver.complete(driver.queue(0));
        ConsoleHub next = new ConsoleHub("next", 1024);
        terminal.resize(100, 30);
        receive();
        console.bindTerminal(next);
        Control resize = receive();
        assertEquals(RESIZE, resize.event);
        assertEquals(80, resize.more[0]);
        assertFalse(terminal.connected());
        guest.print(1, "two");
        assertEquals("one", terminal.screen());
        assertEquals("two", new String(next.recent(), StandardCharsets.UTF_8));
        next.type(StandardCharsets.UTF_8.encode("!"));
        assertEquals("yz!", guest.read(0, 8));
        terminal.type("back");
        console.bindTerminal(terminal);
        receive();
        assertTrue(terminal.open());
        assertEquals("back", guest.read(0, 8));
    }

    @Test
    void aPortIsAddedNamedUsedAndRemovedWhileTheGuestRuns() {
        open();
        assertEquals(1, console.addPort("agent", agent));
        expect(1, DEVICE_ADD);
        guest.send(1, PORT_READY, 1);
        Control name = receive();
        assertEquals(PORT_NAME, name.event);
        assertEquals("agent", name.text());
        expect(1, PORT_OPEN);
        assertFalse(agent.open());
        guest.send(1, PORT_OPEN, 1);
        assertTrue(agent.open());
        guest.print(5, "to the agent");
        assertEquals("to the agent", agent.screen());
        agent.type("back");
        assertEquals("back", guest.read(4, 8));
        console.removePort(agent);
        expect(1, DEVICE_REMOVE);
        assertFalse(agent.connected());
        guest.print(5, "nobody there");
        assertEquals("to the agent", agent.screen());
        assertEquals(1, console.addPort("second", agent));
        expect(1, DEVICE_ADD);
    }

    @Test
    void whoIsBehindAPortHearsWhetherTheGuestHasItOpen() {
        console.addPort("agent", agent);
        open();
        assertTrue(terminal.open());
        expect(1, DEVICE_ADD);
        for (int event : new int[] {1, 0, 7, 0xFFFF}) {
            guest.send(1, PORT_OPEN, event);
            assertEquals(event == 1, agent.open());
        }
        guest.send(1, PORT_OPEN, 1);
        console.removePort(agent);
        assertFalse(agent.open());
        expect(1, DEVICE_REMOVE);
        guest.send(1, PORT_OPEN, 1);
        assertFalse(agent.open());
        driver.transport().status(0);
        assertFalse(terminal.open());
    }

    @Test
    void morePortsThanThereIsRoomForAreRefused() {
        console.addPort("a", new FakeTerminal());
        console.addPort("b", new FakeTerminal());
        assertThrows(DeviceException.class, () -> console.addPort("c", agent));
    }

    @Test
    void unknownPortsAndEventsAreIgnored() {
        open();
        for (int id : new int[] {1, 2, 3, 31, 0x7FFF_FFFF, 0x8000_0000, -1}) {
            guest.send(id, PORT_READY, 1);
            guest.send(id, PORT_OPEN, 1);
        }
        for (int event : new int[] {1, 2, 4, 5, 7, 8, 0xFFFF}) {
            guest.send(0, event, 1);
        }
        driver.queue(3).add(Buffer.toDevice(driver.allocate(3), 3));
        driver.complete(driver.queue(3));
        assertFalse(driver.needsReset());
        guest.print(1, "still here");
        assertEquals("still here", terminal.screen());
    }

    @Test
    void aDriverThatAsksWithoutListeningIsToldOnce() {
        driver.start(0);
        for (int i = 0; i < 1000; i++) {
            guest.send(-1, DEVICE_READY, 1);
            guest.send(0, PORT_READY, 1);
        }
        expect(0, DEVICE_ADD);
        expect(0, CONSOLE_PORT);
        receive();
        receive();
        expect(0, RESIZE);
        driver.queue(2).add(Buffer.fromDevice(driver.allocate(64), 64));
        driver.queue(2).kick();
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(driver.queue(2).hasUsed());
    }

    @Test
    void aControlBufferThatIsTooShortGetsWhatFits() {
        driver.start(0);
        guest.send(-1, DEVICE_READY, 1);
        driver.queue(2).add(Buffer.fromDevice(driver.allocate(4), 4));
        assertEquals(4, driver.complete(driver.queue(2)).written());
    }

    @Test
    void emergencyWritesReachTheTerminalWithoutADriver() {
        driver.transport().config(8, 4, '!');
        assertEquals("!", terminal.screen());
    }

    @Test
    void buffersTheWrongWayRoundMoveNothing() {
        driver.start(MULTIPORT);
        terminal.type("x");
        driver.queue(0).add(Buffer.toDevice(driver.allocate(8), 8));
        assertEquals(0, driver.complete(driver.queue(0)).written());
        driver.queue(1).add(Buffer.fromDevice(driver.allocate(8), 8));
        assertEquals(0, driver.complete(driver.queue(1)).written());
        assertEquals("", terminal.screen());
        assertEquals("x", guest.read(0, 8));
    }

    @Test
    void afterAResetItStartsOver() {
        open();
        open();
        guest.print(1, "twice");
        assertEquals("twice", terminal.screen());
    }
}
