package org.vm.testing;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.vm.api.DeviceException;
import org.vm.api.backend.ConsoleBackend;

/** A console that keeps all output and types what a test wants. */
public final class CapturedConsole implements ConsoleBackend {
    private static final int TAIL = 3000;
    private static final long LOOK = TimeUnit.MILLISECONDS.toNanos(50);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private final Queue<Byte> input = new ArrayDeque<>();
    private Listener listener;
    /** What was expected before ends here. */
    private int seen;
    private String ended;

    /** All output so far. */
    public String output() {
        lock.lock();
        try {
            return output.toString(StandardCharsets.ISO_8859_1);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until {@code text} comes in the output after what was expected last.
     *
     * @return the output between the two
     * @throws AssertionError with the end of the output if it does not come
     */
    public String expect(String text, Duration timeout) {
        lock.lock();
        try {
            long until = System.nanoTime() + timeout.toNanos();
            while (true) {
                String all = output.toString(StandardCharsets.ISO_8859_1);
                int at = all.indexOf(text, seen);
                if (at >= 0) {
                    String between = all.substring(seen, at);
                    seen = at + text.length();
                    return between;
                }
                long left = until - System.nanoTime();
                if (left <= 0 || ended != null) {
                    throw new AssertionError("'" + text + "' did not come "
                            + (ended == null ? "within " + timeout.toSeconds() + " s" : "before the machine ended (" + ended + ")")
                            + "; the output ends with:\n" + all.substring(Math.max(0, all.length() - TAIL)));
                }
                // Looking through all of it at each byte would cost more than the guest.
                changed.awaitNanos(Math.min(left, LOOK));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for '" + text + "'", e);
        } finally {
            lock.unlock();
        }
    }

    /** Types text as a person would; a line ends with a carriage return. */
    public void type(String text) {
        Listener reader;
        lock.lock();
        try {
            for (byte b : text.replace('\n', '\r').getBytes(StandardCharsets.UTF_8)) {
                input.add(b);
            }
            reader = listener;
        } finally {
            lock.unlock();
        }
        if (reader != null) {
            reader.inputAvailable();
        }
    }

    /** Nothing more will come. */
    void end(String why) {
        lock.lock();
        try {
            ended = why;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String description() {
        return "captured console";
    }

    @Override
    public void connect(Listener device) {
        lock.lock();
        try {
            if (listener != null) {
                throw new DeviceException("the captured console is connected to a device already");
            }
            listener = device;
        } finally {
            lock.unlock();
        }
        device.inputAvailable();
    }

    @Override
    public void disconnect(Listener device) {
        lock.lock();
        try {
            listener = listener == device ? null : listener;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int read(ByteBuffer into) {
        lock.lock();
        try {
            int count = 0;
            while (into.hasRemaining() && !input.isEmpty()) {
                into.put(input.remove());
                count++;
            }
            return count;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void write(ByteBuffer from) {
        lock.lock();
        try {
            while (from.hasRemaining()) {
                output.write(from.get());
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int columns() {
        return 80;
    }

    @Override
    public int rows() {
        return 24;
    }
}
