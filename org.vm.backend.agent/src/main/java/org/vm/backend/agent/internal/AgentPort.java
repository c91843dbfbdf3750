package org.vm.backend.agent.internal;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.vm.api.DeviceException;
import org.vm.api.backend.PortBackend;

/**
 * The host's end of the port that an agent has open: requests go out, lines come in. The guest may send what it likes:
 * lines that are too long, and the oldest of those that nobody has read, are dropped. One client thread; it alone blocks.
 */
public final class AgentPort implements PortBackend {
    /** How the port stands, as far as the host can see. */
    enum State { NO_DRIVER, NOT_OPEN, OPEN }

    /** Longest line that is kept, in bytes. */
    static final int LINE = 128 << 10;
    /** Most lines that wait to be read. */
    private static final int LINES = 16;

    private final String name;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<String> lines = new ArrayDeque<>();
    /** Requests that the guest has not taken yet. */
    private ByteBuffer outgoing = ByteBuffer.allocate(0);
    private byte[] line = new byte[256];
    private int length;
    private boolean tooLong;
    private Listener listener;
    private boolean open;
    /** Counts openings, so that a program which comes and goes is not taken for another. */
    private long opening;
    private volatile Runnable whenChanged = () -> { };

    public AgentPort(String name) {
        this.name = name;
    }

    public String name() {
        return name;
    }

    State state() {
        lock.lock();
        try {
            return listener == null ? State.NO_DRIVER : open ? State.OPEN : State.NOT_OPEN;
        } finally {
            lock.unlock();
        }
    }

    // The client's side

    /** What to do when the port was opened or closed, or its device comes or goes; must not block. */
    void whenChanged(Runnable action) {
        whenChanged = action;
    }

    /**
     * Waits until a program in the guest has the port open.
     *
     * @return which opening this is
     */
    long awaitOpen() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!open) {
                changed.await();
            }
            return opening;
        } finally {
            lock.unlock();
        }
    }

    /** Whether an opening is not over. */
    boolean isOpen(long which) {
        lock.lock();
        try {
            return open && opening == which;
        } finally {
            lock.unlock();
        }
    }

    /** Sends bytes in place of whatever the guest has not read yet, and forgets what it has sent so far. */
    void send(byte[] request) {
        Listener told;
        lock.lock();
        try {
            outgoing = ByteBuffer.wrap(request);
            lines.clear();
            told = listener;
        } finally {
            lock.unlock();
        }
        if (told != null) {
            told.inputAvailable();
        }
    }

    /**
     * The next line, without its end, a byte a character.
     *
     * @param deadline of {@link System#nanoTime}
     * @return {@code null} if there was none in time, or the opening is over
     */
    String receive(long which, long deadline) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (true) {
                String next = isOpen(which) ? lines.poll() : null;
                long left = deadline - System.nanoTime();
                if (next != null || left <= 0 || !isOpen(which)) {
                    return next;
                }
                changed.await(left, TimeUnit.NANOSECONDS);
            }
        } finally {
            lock.unlock();
        }
    }

    // The device's side

    @Override
    public String description() {
        return "guest agent, " + switch (state()) {
            case NO_DRIVER -> "no driver in the guest";
            case NOT_OPEN -> "not open in the guest";
            case OPEN -> "open in the guest";
        };
    }

    @Override
    public void connect(Listener device) {
        lock.lock();
        try {
            if (listener != null) {
                throw new DeviceException("port '" + name + "' of the guest agent is in a device already; give each machine an agent of its own");
            }
            listener = device;
            clear(false);
        } finally {
            lock.unlock();
        }
        whenChanged.run();
    }

    @Override
    public void disconnect(Listener device) {
        lock.lock();
        try {
            if (listener == device) {
                listener = null;
                clear(false);
            }
        } finally {
            lock.unlock();
        }
        whenChanged.run();
    }

    @Override
    public void opened(boolean byGuest) {
        lock.lock();
        try {
            if (listener != null) {
                clear(byGuest);
            }
        } finally {
            lock.unlock();
        }
        whenChanged.run();
    }

    private void clear(boolean nowOpen) {
        open = nowOpen;
        opening++;
        outgoing = ByteBuffer.allocate(0);
        lines.clear();
        length = 0;
        tooLong = false;
        changed.signalAll();
    }

    @Override
    public int read(ByteBuffer into) {
        lock.lock();
        try {
            int count = Math.min(into.remaining(), outgoing.remaining());
            into.put(outgoing.slice().limit(count));
            outgoing.position(outgoing.position() + count);
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
                take(from.get());
            }
        } finally {
            lock.unlock();
        }
    }

    private void take(byte next) {
        if (next == '\n') {
            if (!tooLong) {
                if (lines.size() == LINES) {
                    lines.remove();
                }
                lines.add(new String(line, 0, length, StandardCharsets.ISO_8859_1));
                changed.signalAll();
            }
            length = 0;
            tooLong = false;
        } else if (length == LINE) {
            tooLong = true;
        } else {
            if (length == line.length) {
                line = Arrays.copyOf(line, Math.min(2 * length, LINE));
            }
            line[length++] = next;
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
