package org.vm.backend.console.internal;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vm.api.DeviceException;
import org.vm.api.backend.AttachableConsole.Attachment;
import org.vm.api.backend.ConsoleBackend;

@Timeout(20)
class ConsoleHubTest {
    private static final Duration LONG = Duration.ofSeconds(10);

    private final ConsoleHub hub = new ConsoleHub("console", 16);

    @Test
    void scrollBackKeepsTheLatestOutput() {
        write("0123456789");
        write("abcdefghij");
        assertEquals("456789abcdefghij", new String(hub.recent(), US_ASCII));
    }

    @Test
    void aViewerSeesWhatWasThereBeforeAndWhatComesAfter() throws Exception {
        write("before ");
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        try (Attachment attachment = hub.attach(seen::write, 1000)) {
            write("after");
            assertTrue(attachment.drain(LONG));
        }
        write("gone");
        assertEquals("before after", seen.toString(US_ASCII));
    }

    @Test
    void questionsToTheTerminalAreNotRepeatedFromTheScrollBack() throws Exception {
        write("\033[1m# \033[6n");
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        try (Attachment attachment = hub.attach(seen::write, 1000)) {
            write("\033[6n");
            assertTrue(attachment.drain(LONG));
        }
        assertEquals("\033[1m# \033[6n", seen.toString(US_ASCII));
    }

    @Test
    void everyViewerSeesEverything() throws Exception {
        ByteArrayOutputStream one = new ByteArrayOutputStream();
        ByteArrayOutputStream two = new ByteArrayOutputStream();
        try (Attachment a = hub.attach(one::write, 100_000); Attachment b = hub.attach(two::write, 100_000)) {
            for (int i = 0; i < 5000; i++) {
                write("line " + i + "\n");
            }
            assertTrue(a.drain(LONG));
            assertTrue(b.drain(LONG));
        }
        assertTrue(one.toString(US_ASCII).endsWith("line 4999\n"));
        assertArrayEquals(one.toByteArray(), two.toByteArray());
    }

    @Test
    void aViewerThatStandsStillNeitherBlocksTheWriterNorTheOthersAndLosesTheOldest() throws Exception {
        CountDownLatch shown = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        try (Attachment slow = hub.attach((bytes, offset, length) -> {
            shown.countDown();
            await(release);
            seen.write(bytes, offset, length);
        }, 10)) {
            write("x");
            assertTrue(shown.await(10, TimeUnit.SECONDS));
            write("0123456789abcdef");
            assertFalse(slow.drain(Duration.ofMillis(1)));
            release.countDown();
            assertTrue(slow.drain(LONG));
        }
        assertEquals("x6789abcdef", seen.toString(US_ASCII));
    }

    @Test
    void aViewerWhoseStreamBreaksIsDetachedAndTheConsoleGoesOn() throws Exception {
        try (Attachment broken = hub.attach((bytes, offset, length) -> {
            throw new IOException("broken pipe");
        }, 10)) {
            write("a");
            broken.drain(LONG);
            write("b");
        }
        assertEquals("ab", new String(hub.recent(), US_ASCII));
        assertEquals("console console, nobody attached", hub.description());
    }

    @Test
    void whatWasTypedBeforeADeviceConnectsIsDeliveredThen() {
        hub.type(bytes("ls\n"));
        Recorder device = new Recorder();
        hub.connect(device);
        assertEquals(1, device.inputs.get());
        assertEquals("ls\n", read(10));
        hub.type(bytes("x"));
        assertEquals(2, device.inputs.get());
    }

    @Test
    void aSecondDeviceIsRefusedUntilTheFirstLeaves() {
        Recorder first = new Recorder();
        hub.connect(first);
        assertThrows(DeviceException.class, () -> hub.connect(new Recorder()));
        hub.disconnect(first);
        hub.connect(new Recorder());
    }

    @Test
    void typedBytesBeyondTheBoundAreRefusedUntilTheGuestReads() throws Exception {
        int taken = hub.type(ByteBuffer.allocate(100_000));
        assertEquals(64 << 10, taken);
        assertFalse(hub.awaitRoom(Duration.ofMillis(1)));
        Thread reader = Thread.ofVirtual().start(() -> read(10));
        assertTrue(hub.awaitRoom(LONG));
        reader.join();
        assertEquals(10, hub.type(ByteBuffer.allocate(11)));
    }

    @Test
    void theDeviceIsToldOfTheTerminalsSize() {
        Recorder device = new Recorder();
        hub.connect(device);
        try (Attachment attachment = hub.attach((bytes, offset, length) -> { }, 10)) {
            attachment.resize(132, 43);
        }
        assertEquals("132x43", device.size);
        assertEquals(132, hub.columns());
        assertEquals(43, hub.rows());
    }

    private static void await(CountDownLatch latch) throws IOException {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    private static final class Recorder implements ConsoleBackend.Listener {
        final AtomicInteger inputs = new AtomicInteger();
        volatile String size;

        @Override
        public void inputAvailable() {
            inputs.incrementAndGet();
        }

        @Override
        public void resized(int columns, int rows) {
            size = columns + "x" + rows;
        }
    }

    private void write(String text) {
        hub.write(bytes(text));
    }

    private String read(int count) {
        ByteBuffer into = ByteBuffer.allocate(count);
        hub.read(into);
        return new String(into.array(), 0, into.position(), US_ASCII);
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(US_ASCII));
    }
}
