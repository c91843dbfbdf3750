package org.vm.shell.internal.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.jline.terminal.Attributes;
import org.jline.terminal.Attributes.LocalFlag;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.impl.DumbTerminal;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vm.shell.internal.terminal.TerminalSession.End;

@Timeout(30)
class TerminalSessionTest {
    private final FakeConsole console = new FakeConsole();
    private final CompletableFuture<Integer> ended = new CompletableFuture<>();
    private final CompletableFuture<End> result = new CompletableFuture<>();
    private final ByteArrayOutputStream screen = new ByteArrayOutputStream();
    private final PipedOutputStream keyboard = new PipedOutputStream();
    private Terminal terminal;

    @BeforeEach
    void attach() throws Exception {
        terminal = new DumbTerminal("test", "dumb", new PipedInputStream(keyboard), screen, StandardCharsets.UTF_8);
        terminal.setSize(new Size(100, 30));
        Attributes cooked = terminal.getAttributes();
        cooked.setLocalFlag(LocalFlag.ECHO, true);
        terminal.setAttributes(cooked);
        Thread.ofVirtual().start(() -> {
            try {
                result.complete(new TerminalSession(terminal).run(console, ended));
            } catch (Exception e) {
                result.completeExceptionally(e);
            }
        });
        console.attached.await();
    }

    @AfterEach
    void close() throws Exception {
        terminal.close();
    }

    @Test
    void keysGoToTheGuestUntilCtrlAX() throws Exception {
        type("ls\r");
        StringBuilder typed = new StringBuilder();
        while (typed.length() < 3) {
            typed.append(console.typed.take());
        }
        assertEquals("ls\r", typed.toString());
        assertFalse(terminal.getAttributes().getLocalFlag(LocalFlag.ECHO));
        type("\001x");
        assertEquals(End.QUIT, result.get());
        assertTrue(terminal.getAttributes().getLocalFlag(LocalFlag.ECHO), "the terminal's settings come back");
    }

    @Test
    void detachingLeavesTheMachineAlone() throws Exception {
        type("\001d");
        assertEquals(End.DETACHED, result.get());
    }

    @Test
    void theSessionEndsWithTheMachine() throws Exception {
        console.print("bye");
        ended.complete(0);
        assertEquals(End.ENDED, result.get());
        assertEquals("bye\r\n", screen.toString(StandardCharsets.US_ASCII));
    }

    @Test
    void aFailureOfTheMachineEndsTheSessionAndRestoresTheTerminal() throws Exception {
        ended.completeExceptionally(new IllegalStateException("engine gone"));
        assertEquals(End.ENDED, result.get());
        assertTrue(terminal.getAttributes().getLocalFlag(LocalFlag.ECHO));
    }

    @Test
    void theGuestIsToldOfTheSizeAndItsChanges() throws Exception {
        assertEquals("100x30", console.sizes.take());
        terminal.setSize(new Size(132, 43));
        terminal.raise(Signal.WINCH);
        assertEquals("132x43", console.sizes.take());
    }

    private void type(String keys) throws Exception {
        keyboard.write(keys.getBytes(StandardCharsets.US_ASCII));
        keyboard.flush();
    }
}
