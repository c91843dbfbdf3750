package org.vm.backend.console.internal;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vm.api.DeviceException;
import org.vm.api.backend.AttachableConsole;
import org.vm.api.backend.AttachableConsole.Attachment;
import org.vm.api.backend.ConsoleBackend;
import org.vm.api.replace.BundleReplacer;

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

    /** Keeps what one console leaves for the next. */
    private static final class Notary implements Heritage {
        private Function<AttachableConsole, Estate> left;
        private Runnable end;

        @Override
        public Optional<Estate> take(AttachableConsole heir) {
            Optional<Estate> estate = Optional.ofNullable(left).map(pass -> pass.apply(heir));
            left = null;
            return estate;
        }

        @Override
        public boolean leave(Function<AttachableConsole, Estate> pass, Runnable nobody) {
            left = pass;
            end = nobody;
            return true;
        }
    }

    @Test
    void aSuccessorHasScrollBackInputAndViewersAndWhoeverAttachedThemNoticesNothing() throws Exception {
        Notary notary = new Notary();
        ConsoleHub first = new ConsoleHub("console", 100, notary);
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        Attachment attachment = first.attach(seen::write, 1000);
        attachment.resize(132, 43);
        ConsoleHub last = first;
        StringBuilder expected = new StringBuilder();
        StringBuilder typed = new StringBuilder();
        for (int i = 0; i < 30; i++) {
            last.write(bytes("line " + i + "\n"));
            assertEquals(5, first.type(bytes("key" + i % 10 + " ")));
            last.close();
            assertEquals(1, first.type(bytes(".")), "keys between the two");
            last = new ConsoleHub("console", 100, notary);
            expected.append("line ").append(i).append('\n');
            typed.append("key").append(i % 10).append(" .");
        }
        assertTrue(attachment.drain(LONG));
        assertEquals(expected.toString(), seen.toString(US_ASCII));
        assertEquals(expected.substring(expected.length() - 100), new String(last.recent(), US_ASCII));
        assertArrayEquals(last.recent(), first.recent());
        assertEquals(132, last.columns());
        assertEquals(43, last.rows());
        ByteBuffer read = ByteBuffer.allocate(1000);
        last.read(read);
        assertEquals(typed.toString(), new String(read.array(), 0, read.position(), US_ASCII));
        assertTrue(last.description().contains("1 attached"));
        attachment.close();
        assertTrue(last.description().contains("nobody attached"));
    }

    @Test
    void aViewerThatIsSlowSeesEverythingInOrderAcrossTheChange() throws Exception {
        Notary notary = new Notary();
        ConsoleHub first = new ConsoleHub("console", 100, notary);
        CountDownLatch shows = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        Attachment attachment = first.attach((chunk, offset, length) -> {
            shows.countDown();
            await(goOn);
            seen.write(chunk, offset, length);
        }, 1000);
        first.write(bytes("old "));
        await(shows);
        first.write(bytes("waiting "));
        first.close();
        ConsoleHub second = new ConsoleHub("console", 100, notary);
        second.write(bytes("new"));
        goOn.countDown();
        assertTrue(attachment.drain(LONG));
        assertEquals("old waiting new", seen.toString(US_ASCII));
    }

    @Test
    void withoutASuccessorTheViewersLeaveInTheEnd() throws Exception {
        Notary notary = new Notary();
        ConsoleHub alone = new ConsoleHub("console", 100, notary);
        alone.attach((chunk, offset, length) -> { }, 1000);
        alone.close();
        assertTrue(alone.description().contains("1 attached"));
        notary.end.run();
        assertTrue(alone.description().contains("nobody attached"));
    }

    @Test
    void whatIsLeftForAnotherVersionIsOfTheJdksClassesAndTheApis() throws Exception {
        Map<String, Object> left = new HashMap<>();
        BundleReplacer replacer = (BundleReplacer) Proxy.newProxyInstance(getClass().getClassLoader(),
                new Class<?>[] {BundleReplacer.class}, (proxy, method, arguments) -> {
                    String key = arguments[0] + "/" + arguments[1] + "/" + arguments[2];
                    return method.getName().equals("take") ? Optional.ofNullable(left.remove(key))
                            : left.put(key, arguments[3]) == null;
                });
        ConsoleHub first = new ConsoleHub("serial0", 100, Heritage.of(() -> Optional.of(replacer), "linux", "serial0"));
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        Attachment attachment = first.attach(seen::write, 1000);
        first.write(bytes("before "));
        first.close();
        assertEquals(List.of("linux//console serial0"), List.copyOf(left.keySet()));
        ConsoleHub second = new ConsoleHub("serial0", 100, Heritage.of(() -> Optional.of(replacer), "linux", "serial0"));
        second.write(bytes("after"));
        assertTrue(attachment.drain(LONG));
        assertEquals("before after", seen.toString(US_ASCII));
        assertTrue(left.isEmpty());
    }
}
