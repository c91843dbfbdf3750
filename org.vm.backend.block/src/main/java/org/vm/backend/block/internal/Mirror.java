package org.vm.backend.block.internal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.Predicate;
import org.vm.api.backend.BlockBackend;
import org.vm.api.memory.BufferPool;

/**
 * Storage on its way into another: what is written goes to both, except where the copy has yet to come. Reads are served by
 * the source, and so are errors: what goes wrong at the target is no request's business as long as there is a way back.
 *
 * <p>The target gets what the source has, never the guest's buffer a second time: a guest may change that meanwhile.
 */
final class Mirror implements BlockBackend {
    /** What is copied at a time, while writes to it wait. */
    static final int CHUNK = 256 << 10;
    private static final int BUFFERS = 4;
    private static final MemorySegment ZEROES = Arena.global().allocate(CHUNK).asReadOnly();

    private final BlockBackend source;
    private final BlockBackend target;
    private final Predicate<Throwable> wayBack;
    private final Ranges ranges = new Ranges();
    private final BufferPool pool = new BufferPool(BUFFERS + 1, CHUNK);
    /** Buffers for requests; the last one is the copier's. */
    private final Semaphore free = new Semaphore(BUFFERS);
    /** Chunks that the copy has yet to come to, and those of the target that are as new; both under the first one's monitor. */
    private final BitSet dirty = new BitSet();
    private final BitSet blank = new BitSet();
    private boolean finished;
    private volatile boolean parted;
    private volatile boolean settled;
    private volatile long size;

    /**
     * @param blank   whether the target reads as zeroes
     * @param wayBack told what went wrong at the target, by any thread; whether the source is still good without it
     */
    Mirror(BlockBackend source, BlockBackend target, boolean blank, Predicate<Throwable> wayBack) {
        this.source = source;
        this.target = target;
        this.wayBack = wayBack;
        size = source.size();
        dirty.set(0, chunks(size));
        if (blank) {
            this.blank.set(0, chunks(size));
        }
    }

    private static int chunks(long bytes) {
        return Math.toIntExact((bytes + CHUNK - 1) / CHUNK);
    }

    /** Copies a chunk. One thread. @return false if all is copied */
    boolean copyNext() throws IOException {
        int chunk;
        synchronized (dirty) {
            chunk = dirty.nextSetBit(0);
        }
        if (chunk < 0) {
            return false;
        }
        long offset = (long) chunk * CHUNK;
        try (Ranges.Held _ = ranges.hold(offset, CHUNK); BufferPool.Loan loan = pool.lend()) {
            int length = (int) Math.min(CHUNK, size - offset);
            MemorySegment buffer = loan.buffer().asSlice(0, length);
            source(offset, buffer);
            boolean zero = buffer.mismatch(ZEROES.asSlice(0, length)) < 0;
            boolean untouched;
            synchronized (dirty) {
                untouched = blank.get(chunk);
                blank.clear(chunk);
            }
            if (!zero) {
                target.write(offset, List.of(buffer));
            } else if (!untouched) {
                target.writeZeroes(offset, length, true);
            }
            synchronized (dirty) {
                // It may have grown meanwhile.
                if (length == Math.min(CHUNK, size - offset)) {
                    dirty.clear(chunk);
                }
            }
        }
        return true;
    }

    private void source(long offset, MemorySegment buffer) throws IOException {
        try {
            source.read(offset, List.of(buffer));
        } catch (IOException e) {
            throw new IOException(source.description() + " cannot be read at " + offset + ": " + e.getMessage(), e);
        }
    }

    /** From now on a flush is one of both; what was flushed before is durable in the target, too, on return. */
    void settle() throws IOException {
        settled = true;
        target.flush();
    }

    /** The end of copying, if all is equal. @return whether it is, and remains so */
    boolean finish() {
        synchronized (dirty) {
            finished |= dirty.isEmpty();
            return finished;
        }
    }

    boolean isEqual() {
        synchronized (dirty) {
            return dirty.isEmpty();
        }
    }

    /** The target gets nothing any more. */
    void part() {
        parted = true;
    }

    /** The source has become larger. */
    void grown() {
        synchronized (dirty) {
            long now = source.size();
            if (now > size) {
                dirty.set((int) (size / CHUNK), chunks(now));
                size = now;
            }
        }
    }

    /** Bytes that are equal. */
    long copied() {
        synchronized (dirty) {
            long left = (long) dirty.cardinality() * CHUNK;
            return Math.max(0, size - left);
        }
    }

    /** Whether the target must follow a change: nothing will be copied later where the copy has been. */
    private boolean follows(long offset, long length) {
        int from = (int) (offset / CHUNK);
        int to = chunks(offset + length);
        synchronized (dirty) {
            if (parted || length == 0 || dirty.nextClearBit(from) >= to) {
                return false;
            }
            blank.clear(from, to);
            return true;
        }
    }

    /** A change failed, so nobody knows what the source has there. */
    private void spoiled(long offset, long length) {
        synchronized (dirty) {
            if (!finished && length > 0) {
                dirty.set((int) (offset / CHUNK), chunks(offset + length));
            }
        }
    }

    private interface Change {
        void on(BlockBackend storage) throws IOException;
    }

    private void change(long offset, long length, Change change, Change following) throws IOException {
        try (Ranges.Held _ = ranges.hold(offset, length)) {
            try {
                change.on(source);
            } catch (IOException | RuntimeException e) {
                spoiled(offset, length);
                throw e;
            }
            if (follows(offset, length)) {
                follow(following);
            }
        }
    }

    /** An error at the target ends the mirror; after the switch it is the request's. */
    private void follow(Change following) throws IOException {
        try {
            following.on(target);
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            if (!wayBack.test(e)) {
                throw e instanceof IOException known ? known : new IOException(e.toString(), e);
            }
        }
    }

    /** Gives the target what the source has. */
    private void bring(long offset, long length) throws IOException {
        free.acquireUninterruptibly();
        try (BufferPool.Loan loan = pool.lend()) {
            for (long done = 0; done < length;) {
                MemorySegment piece = loan.buffer().asSlice(0, Math.min(CHUNK, length - done));
                source(offset + done, piece);
                target.write(offset + done, List.of(piece));
                done += piece.byteSize();
            }
        } finally {
            free.release();
        }
    }

    @Override
    public String description() {
        return source.description();
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean readOnly() {
        return false;
    }

    @Override
    public void read(long offset, List<MemorySegment> into) throws IOException {
        source.read(offset, into);
    }

    @Override
    public void write(long offset, List<MemorySegment> from) throws IOException {
        long length = from.stream().mapToLong(MemorySegment::byteSize).sum();
        change(offset, length, storage -> storage.write(offset, from), _ -> bring(offset, length));
    }

    @Override
    public void flush() throws IOException {
        source.flush();
        if (settled && !parted) {
            follow(BlockBackend::flush);
        }
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        Change discard = storage -> storage.discard(offset, length);
        change(offset, length, discard, discard);
    }

    @Override
    public void writeZeroes(long offset, long length, boolean unmap) throws IOException {
        Change zeroes = storage -> storage.writeZeroes(offset, length, unmap);
        change(offset, length, zeroes, zeroes);
    }

    /** Frees its buffers; the storages are others'. */
    @Override
    public void close() {
        pool.close();
    }
}
