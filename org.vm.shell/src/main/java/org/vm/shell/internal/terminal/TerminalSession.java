package org.vm.shell.internal.terminal;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.EnumSet;
import java.util.concurrent.Future;
import org.jline.terminal.Attributes;
import org.jline.terminal.Attributes.ControlChar;
import org.jline.terminal.Attributes.InputFlag;
import org.jline.terminal.Attributes.LocalFlag;
import org.jline.terminal.Attributes.OutputFlag;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.Terminal.SignalHandler;
import org.jline.utils.NonBlocking;
import org.jline.utils.NonBlockingInputStream;
import org.vm.api.backend.AttachableConsole;
import org.vm.api.backend.AttachableConsole.Attachment;

/**
 * A person's terminal on a machine's console: raw, so that every key but Ctrl-A goes to the guest. The terminal's own
 * settings come back at the end, however it comes.
 */
public final class TerminalSession {
    /** How a session ends. */
    public enum End { QUIT, SHELL, DETACHED, ENDED }

    /** A terminal that is this far behind loses the oldest output. */
    private static final int BACKLOG = 1 << 20;
    private static final long POLL_MILLIS = 100;
    private static final Duration LAST_WORDS = Duration.ofSeconds(2);

    private final Terminal terminal;

    public TerminalSession(Terminal terminal) {
        this.terminal = terminal;
    }

    /** Connects the terminal with the console until the person leaves or {@code ended} is done. */
    public End run(AttachableConsole console, Future<?> ended) throws IOException, InterruptedException {
        terminal.flush();
        Attributes before = terminal.getAttributes();
        terminal.setAttributes(raw(before));
        OutputStream output = terminal.output();
        try (Attachment attachment = console.attach((bytes, offset, length) -> {
            output.write(bytes, offset, length);
            output.flush();
        }, BACKLOG)) {
            attachment.resize(terminal.getWidth(), terminal.getHeight());
            SignalHandler resized = terminal.handle(Signal.WINCH,
                    signal -> attachment.resize(terminal.getWidth(), terminal.getHeight()));
            try {
                End end = pump(console, output, ended);
                if (end == End.ENDED) {
                    attachment.drain(LAST_WORDS);
                }
                return end;
            } finally {
                terminal.handle(Signal.WINCH, resized);
            }
        } finally {
            terminal.setAttributes(before);
            output.write("\r\n".getBytes(StandardCharsets.US_ASCII));
            output.flush();
        }
    }

    private End pump(AttachableConsole console, OutputStream output, Future<?> ended) throws IOException {
        NonBlockingInputStream keys = nonBlocking(terminal.input());
        EscapeKeys escape = new EscapeKeys();
        while (!ended.isDone()) {
            int key = keys.read(POLL_MILLIS);
            if (key == NonBlockingInputStream.EOF) {
                return End.DETACHED;
            }
            while (key >= 0) {
                switch (escape.accept(key)) {
                    case QUIT -> {
                        return End.QUIT;
                    }
                    case SHELL -> {
                        return End.SHELL;
                    }
                    case DETACH -> {
                        return End.DETACHED;
                    }
                    case HELP -> {
                        output.write(("\r\n" + EscapeKeys.HELP.replace("\n", "\r\n")).getBytes(StandardCharsets.US_ASCII));
                        output.flush();
                    }
                    case NONE -> { }
                }
                key = keys.available() > 0 ? keys.read(1L) : NonBlockingInputStream.READ_EXPIRED;
            }
            // A guest that does not read loses keys, as on a real line: the keys of the monitor must go on working.
            console.type(ByteBuffer.wrap(escape.typed()));
        }
        return End.ENDED;
    }

    private static NonBlockingInputStream nonBlocking(InputStream input) {
        return input instanceof NonBlockingInputStream stream ? stream
                : NonBlocking.nonBlocking("console", input);
    }

    /** As cfmakeraw(3): the guest's own terminal driver does the rest. */
    private static Attributes raw(Attributes cooked) {
        Attributes raw = new Attributes(cooked);
        raw.setLocalFlags(EnumSet.of(LocalFlag.ICANON, LocalFlag.ECHO, LocalFlag.ECHONL, LocalFlag.IEXTEN,
                LocalFlag.ISIG), false);
        raw.setInputFlags(EnumSet.of(InputFlag.IXON, InputFlag.ICRNL, InputFlag.INLCR, InputFlag.IGNCR,
                InputFlag.ISTRIP, InputFlag.BRKINT, InputFlag.PARMRK), false);
        raw.setOutputFlag(OutputFlag.OPOST, false);
        raw.setControlChar(ControlChar.VMIN, 0);
        raw.setControlChar(ControlChar.VTIME, 1);
        return raw;
    }
}
