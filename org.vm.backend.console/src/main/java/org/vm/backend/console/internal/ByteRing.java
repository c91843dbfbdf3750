package org.vm.backend.console.internal;

import java.nio.ByteBuffer;

/** Bytes first in, first out, within a bound; grows up to it as needed. Not thread-safe. */
final class ByteRing {
    private final int bound;
    private byte[] bytes;
    private int start;
    private int size;

    ByteRing(int bound) {
        this.bound = bound;
        this.bytes = new byte[Math.min(bound, 1024)];
    }

    int size() {
        return size;
    }

    int room() {
        return bound - size;
    }

    /** Adds all of {@code from}; where the bound is reached, the oldest bytes go. @return how many went */
    int push(ByteBuffer from) {
        int dropped = 0;
        if (from.remaining() > bound) {
            dropped = from.remaining() - bound;
            from.position(from.position() + dropped);
        }
        int surplus = from.remaining() - room();
        if (surplus > 0) {
            skip(surplus);
            dropped += surplus;
        }
        append(from, from.remaining());
        return dropped;
    }

    /** Adds what fits. @return how many bytes */
    int offer(ByteBuffer from) {
        int count = Math.min(from.remaining(), room());
        append(from, count);
        return count;
    }

    /** Takes the oldest bytes. @return how many */
    int take(ByteBuffer into) {
        int count = Math.min(size, into.remaining());
        copy(into, count);
        skip(count);
        return count;
    }

    /** All bytes, oldest first; they stay. */
    byte[] toArray() {
        ByteBuffer copy = ByteBuffer.allocate(size);
        copy(copy, size);
        return copy.array();
    }

    private void append(ByteBuffer from, int count) {
        if (size + count > bytes.length) {
            grow(size + count);
        }
        int end = (int) (((long) start + size) % bytes.length);
        int first = Math.min(count, bytes.length - end);
        from.get(bytes, end, first);
        from.get(bytes, 0, count - first);
        size += count;
    }

    private void copy(ByteBuffer into, int count) {
        int first = Math.min(count, bytes.length - start);
        into.put(bytes, start, first);
        into.put(bytes, 0, count - first);
    }

    private void skip(int count) {
        start = (int) (((long) start + count) % bytes.length);
        size -= count;
    }

    private void grow(int needed) {
        byte[] larger = new byte[(int) Math.min(bound, Math.max(needed, 2L * bytes.length))];
        copy(ByteBuffer.wrap(larger), size);
        bytes = larger;
        start = 0;
    }
}
