package org.vm.bench.guest;

import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Text that arrives, and when which part of it did. One thread writes, others wait. */
final class Transcript extends OutputStream {
    /** What a guest prints is far less; a guest that prints for ever fills nobody's memory. */
    private static final int MOST = 4 << 20;

    private record Arrival(int end, long nanos) {}

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition grown = lock.newCondition();
    private final StringBuilder text = new StringBuilder();
    private final List<Arrival> arrivals = new ArrayList<>();
    private boolean closed;

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        lock.lock();
        try {
            int room = Math.min(length, MOST - text.length());
            if (room > 0) {
                text.append(new String(bytes, offset, room, StandardCharsets.ISO_8859_1));
                long now = System.nanoTime();
                if (!arrivals.isEmpty() && now - arrivals.getLast().nanos() < 1_000_000) {
                    arrivals.removeLast();
                }
                arrivals.add(new Arrival(text.length(), now));
            }
            grown.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Nothing more will come. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            grown.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for {@code phrase} until {@code deadline} ({@link System#nanoTime}).
     *
     * @return when it was there; empty: it did not come
     */
    OptionalLong await(String phrase, long deadline) throws InterruptedException {
        lock.lock();
        try {
            int from = 0;
            while (true) {
                int at = text.indexOf(phrase, from);
                if (at >= 0) {
                    int end = at + phrase.length();
                    return arrivals.stream().filter(a -> a.end() >= end).mapToLong(Arrival::nanos).findFirst();
                }
                long left = deadline - System.nanoTime();
                if (closed || left <= 0) {
                    return OptionalLong.empty();
                }
                from = Math.max(0, text.length() - phrase.length());
                grown.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits until nothing more will come, or until {@code deadline} ({@link System#nanoTime}). */
    void awaitEnd(long deadline) throws InterruptedException {
        lock.lock();
        try {
            for (long left = deadline - System.nanoTime(); !closed && left > 0; left = deadline - System.nanoTime()) {
                grown.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    String text() {
        lock.lock();
        try {
            return text.toString();
        } finally {
            lock.unlock();
        }
    }

    /** The last lines, for a message. */
    String tail() {
        List<String> lines = text().lines().filter(line -> !line.isBlank()).toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 12), lines.size()));
    }
}
