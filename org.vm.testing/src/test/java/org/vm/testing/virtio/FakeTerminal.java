package org.vm.testing.virtio;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.vm.api.DeviceException;
import org.vm.api.backend.PortBackend;

/** A terminal whose keyboard and screen are a test's, and which remembers whether the guest has opened it. */
final class FakeTerminal implements PortBackend {
    private final ByteArrayOutputStream screen = new ByteArrayOutputStream();
    private byte[] typed = {};
    private Listener listener;
    private boolean open;
    private int columns = 80;
    private int rows = 24;

    synchronized String screen() {
        return screen.toString(StandardCharsets.UTF_8);
    }

    synchronized boolean connected() {
        return listener != null;
    }

    synchronized boolean open() {
        return open;
    }

    @Override
    public synchronized void opened(boolean byGuest) {
        open = byGuest && listener != null;
    }

    void type(String text) {
        Listener told;
        synchronized (this) {
            byte[] more = text.getBytes(StandardCharsets.UTF_8);
            typed = ByteBuffer.allocate(typed.length + more.length).put(typed).put(more).array();
            told = listener;
        }
        if (told != null) {
            told.inputAvailable();
        }
    }

    void resize(int newColumns, int newRows) {
        Listener told;
        synchronized (this) {
            columns = newColumns;
            rows = newRows;
            told = listener;
        }
        if (told != null) {
            told.resized(newColumns, newRows);
        }
    }

    @Override
    public String description() {
        return "test terminal";
    }

    @Override
    public synchronized void connect(Listener newListener) {
        if (listener != null) {
            throw new DeviceException("connected already");
        }
        listener = newListener;
        if (typed.length > 0) {
            newListener.inputAvailable();
        }
    }

    @Override
    public synchronized void disconnect(Listener oldListener) {
        listener = listener == oldListener ? null : listener;
        open = open && listener != null;
    }

    @Override
    public synchronized int read(ByteBuffer into) {
        int count = Math.min(into.remaining(), typed.length);
        into.put(typed, 0, count);
        typed = Arrays.copyOfRange(typed, count, typed.length);
        return count;
    }

    @Override
    public synchronized void write(ByteBuffer from) {
        while (from.hasRemaining()) {
            screen.write(from.get());
        }
    }

    @Override
    public synchronized int columns() {
        return columns;
    }

    @Override
    public synchronized int rows() {
        return rows;
    }
}
