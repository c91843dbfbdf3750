package org.vm.shell.internal.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class StreamSessionTest {
    private final FakeConsole console = new FakeConsole();
    private final CompletableFuture<Integer> ended = new CompletableFuture<>();
    private String farewell = "";
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();

    @Test
    void inputWaitsForAPromptAndEndsWithCtrlD() throws Exception {
        Thread session = start("ls\n", Duration.ofHours(1));
        console.print("[    0.0] booting\n");
        console.print("[    0.1] slow");
        assertNull(console.typed.poll(700, TimeUnit.MILLISECONDS));
        console.print(" line\nroot@linux:~# \033[6n");
        assertEquals("ls\n", console.typed.take());
        assertEquals("\004", console.typed.take());
        ended.complete(0);
        session.join();
        assertEquals("[    0.0] booting\n[    0.1] slow line\nroot@linux:~# \033[6n", output.toString(StandardCharsets.US_ASCII));
    }

    @Test
    void aShellThatWouldComeBackIsToldToPowerOff() throws Exception {
        farewell = "poweroff\n";
        Thread session = start("ls\n", Duration.ofHours(1));
        console.print("# ");
        assertEquals("ls\n", console.typed.take());
        console.print("ls\r\nbin\r\n");
        assertNull(console.typed.poll(700, TimeUnit.MILLISECONDS));
        console.print("# ");
        assertEquals("poweroff\n", console.typed.take());
        ended.complete(0);
        session.join();
    }

    @Test
    void aCommandThatWaitsForInputIsToldOfItsEndFirst() throws Exception {
        farewell = "poweroff\n";
        Thread session = start("cat\n", Duration.ofMillis(100));
        console.print("# ");
        assertEquals("cat\n", console.typed.take());
        console.print("cat\r\n");
        assertEquals("\004", console.typed.take());
        console.print("# ");
        assertEquals("poweroff\n", console.typed.take());
        ended.complete(0);
        session.join();
    }

    @Test
    void aGuestThatPrintsNothingGetsItsInputAfterAWhile() throws Exception {
        Thread session = start("data", Duration.ofMillis(10));
        assertEquals("data", console.typed.take());
        ended.complete(0);
        session.join();
    }

    @Test
    void theSessionEndsWithTheMachineEvenIfInputIsLeft() throws Exception {
        Thread session = start("never", Duration.ofHours(1));
        ended.completeExceptionally(new IllegalStateException("the guest failed"));
        session.join();
        assertNull(console.typed.poll());
    }

    private Thread start(String input, Duration silence) throws InterruptedException {
        StreamSession session = new StreamSession(
                new ByteArrayInputStream(input.getBytes(StandardCharsets.US_ASCII)), output, silence, farewell);
        Thread thread = Thread.ofVirtual().start(() -> {
            try {
                session.run(console, ended);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        console.attached.await();
        return thread;
    }
}
