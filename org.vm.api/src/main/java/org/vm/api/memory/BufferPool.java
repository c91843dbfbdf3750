package org.vm.api.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;

/**
 * A fixed number of buffers outside of the heap, for data that has no place in guest RAM: they are lent and come back, so
 * no guest decides how much memory the monitor takes. Any thread.
 */
public final class BufferPool implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final ArrayDeque<MemorySegment> free = new ArrayDeque<>();
    private final int buffers;
    private boolean closed;

    public BufferPool(int buffers, long bytes) {
        if (buffers < 1 || bytes < 1) {
            throw new IllegalArgumentException("a pool of " + buffers + " buffers of " + bytes + " bytes");
        }
        this.buffers = buffers;
        for (int i = 0; i < buffers; i++) {
            free.add(arena.allocate(bytes, 64));
        }
    }

    /** A buffer that was lent, with whatever it contains; closing gives it back. */
    public final class Loan implements AutoCloseable {
        private MemorySegment buffer;

        private Loan(MemorySegment buffer) {
            this.buffer = buffer;
        }

        /** @throws IllegalStateException if it was given back */
        public MemorySegment buffer() {
            if (buffer == null) {
                throw new IllegalStateException("the buffer was given back to its pool");
            }
            return buffer;
        }

        @Override
        public void close() {
            if (buffer != null) {
                giveBack(buffer);
                buffer = null;
            }
        }
    }

    /** A buffer, or {@code null} if all are lent. */
    public synchronized Loan lend() {
        MemorySegment buffer = closed ? null : free.poll();
        return buffer == null ? null : new Loan(buffer);
    }

    /** Buffers that can be lent now. */
    public synchronized int available() {
        return closed ? 0 : free.size();
    }

    private synchronized void giveBack(MemorySegment buffer) {
        free.push(buffer);
        release();
    }

    /** Lends no more; the memory is freed when all buffers are back. */
    @Override
    public synchronized void close() {
        closed = true;
        release();
    }

    private void release() {
        if (closed && free.size() == buffers && arena.scope().isAlive()) {
            arena.close();
        }
    }
}
