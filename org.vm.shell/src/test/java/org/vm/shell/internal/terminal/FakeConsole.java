package org.vm.shell.internal.terminal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.vm.api.backend.AttachableConsole;

/** A console without a machine: the test prints, and reads what was typed. */
public final class FakeConsole implements AttachableConsole {
    public final LinkedBlockingQueue<String> typed = new LinkedBlockingQueue<>();
    public final CountDownLatch attached = new CountDownLatch(1);
    public final LinkedBlockingQueue<String> sizes = new LinkedBlockingQueue<>();
    private volatile Viewer viewer;

    public void print(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        try {
            viewer.show(bytes, 0, bytes.length);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public byte[] recent() {
        return new byte[0];
    }

    @Override
    public Attachment attach(Viewer newViewer, int bound) {
        viewer = newViewer;
        attached.countDown();
        return new Attachment() {
            @Override
            public void resize(int columns, int rows) {
                sizes.add(columns + "x" + rows);
            }

            @Override
            public boolean drain(Duration timeout) {
                return true;
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public int type(ByteBuffer keys) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        while (keys.hasRemaining()) {
            bytes.write(keys.get());
        }
        if (bytes.size() > 0) {
            typed.add(bytes.toString(StandardCharsets.US_ASCII));
        }
        return bytes.size();
    }

    @Override
    public boolean awaitRoom(Duration timeout) {
        return true;
    }

    @Override
    public String description() {
        return "fake";
    }

    @Override
    public void connect(Listener listener) {}

    @Override
    public void disconnect(Listener listener) {}

    @Override
    public int read(ByteBuffer into) {
        return 0;
    }

    @Override
    public void write(ByteBuffer from) {}

    @Override
    public int columns() {
        return 80;
    }

    @Override
    public int rows() {
        return 24;
    }
}
