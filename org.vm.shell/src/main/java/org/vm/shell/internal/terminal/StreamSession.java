package org.vm.shell.internal.terminal;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.backend.AttachableConsole;
import org.vm.api.backend.AttachableConsole.Attachment;

/**
 * A pipe, file or dumb terminal on a machine's console. Input waits until the guest asks for it with a prompt,
 * because a kernel throws away what was typed before it opened its console. The end of the input reaches the guest as
 * keys, too.
 */
public final class StreamSession {
    private static final Logger LOG = LoggerFactory.getLogger(StreamSession.class);
    /** Scripts want everything: a reader may be this far behind before output is lost. */
    private static final int BACKLOG = 64 << 20;
    private static final Duration ROOM = Duration.ofSeconds(1);
    private static final Duration LAST_WORDS = Duration.ofSeconds(30);

    private static final String END_OF_INPUT = "\004";

    private final InputStream input;
    private final OutputStream output;
    private final PromptWatch watch;
    private final String farewell;

    /**
     * @param silence  after which input is passed on even without a prompt
     * @param farewell what is typed at the prompt when the input has ended; empty: Ctrl-D, wherever the guest is
     */
    public StreamSession(InputStream input, OutputStream output, Duration silence, String farewell) {
        this.input = input;
        this.output = output;
        this.watch = new PromptWatch(silence);
        this.farewell = farewell;
    }

    /** Connects the streams with the console until {@code ended} is done. */
    public void run(AttachableConsole console, Future<?> ended) throws InterruptedException {
        try (Attachment attachment = console.attach(this::show, BACKLOG)) {
            Thread feeder = Thread.ofPlatform().daemon().name("console input").start(() -> feed(console));
            try {
                ended.get();
            } catch (ExecutionException e) {
                LOG.debug("the machine's end is reported by whoever started it", e);
            }
            attachment.drain(LAST_WORDS);
            feeder.interrupt();
        }
    }

    private void show(byte[] bytes, int offset, int length) throws IOException {
        output.write(bytes, offset, length);
        output.flush();
        watch.output(bytes, offset, length);
    }

    private void feed(AttachableConsole console) {
        try {
            watch.await();
            byte[] chunk = new byte[4096];
            for (int count = input.read(chunk); count >= 0; count = input.read(chunk)) {
                type(console, ByteBuffer.wrap(chunk, 0, count));
            }
            sayFarewell(console);
        } catch (IOException e) {
            LOG.warn("standard input cannot be read any more: {}", e.getMessage());
        } catch (InterruptedException e) {
            LOG.debug("the machine ended before its input did");
        }
    }

    private void sayFarewell(AttachableConsole console) throws InterruptedException {
        if (farewell.isEmpty()) {
            type(console, END_OF_INPUT);
            return;
        }
        if (!watch.await()) {
            // Not at the prompt: a command waits for the input that has ended.
            type(console, END_OF_INPUT);
            watch.await();
        }
        type(console, farewell);
    }

    private static void type(AttachableConsole console, String text) throws InterruptedException {
        type(console, ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
    }

    private static void type(AttachableConsole console, ByteBuffer bytes) throws InterruptedException {
        while (bytes.hasRemaining()) {
            if (console.type(bytes) == 0) {
                console.awaitRoom(ROOM);
            }
        }
    }
}
