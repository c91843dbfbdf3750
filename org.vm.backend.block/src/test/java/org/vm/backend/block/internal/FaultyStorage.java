package org.vm.backend.block.internal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.vm.api.backend.BlockBackend;

/** Storage that fails now and then; a write that fails leaves anything behind. */
final class FaultyStorage implements BlockBackend {
    final BlockBackend inner;
    final AtomicBoolean closed = new AtomicBoolean();
    private final Random random;
    volatile double failures;

    FaultyStorage(BlockBackend inner, long seed) {
        this.inner = inner;
        this.random = new Random(seed);
    }

    private boolean fails() {
        synchronized (random) {
            return random.nextDouble() < failures;
        }
    }

    private void mayFail(String what) throws IOException {
        if (closed.get()) {
            throw new IOException(what + " after it was closed");
        }
        if (fails()) {
            throw new IOException(what + " failed for a test");
        }
    }

    @Override
    public String description() {
        return "faulty " + inner.description();
    }

    @Override
    public long size() {
        return inner.size();
    }

    @Override
    public boolean readOnly() {
        return false;
    }

    @Override
    public void read(long offset, List<MemorySegment> into) throws IOException {
        mayFail("reading");
        inner.read(offset, into);
    }

    @Override
    public void write(long offset, List<MemorySegment> from) throws IOException {
        if (fails()) {
            long half = from.getFirst().byteSize() / 2;
            inner.write(offset, List.of(Arena.ofAuto().allocate(half).fill((byte) 0xEE)));
            throw new IOException("writing failed half way for a test");
        }
        mayFail("writing");
        inner.write(offset, from);
    }

    @Override
    public void flush() throws IOException {
        mayFail("flushing");
        inner.flush();
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        mayFail("discarding");
        inner.discard(offset, length);
    }

    @Override
    public void writeZeroes(long offset, long length, boolean unmap) throws IOException {
        mayFail("zeroing");
        inner.writeZeroes(offset, length, unmap);
    }

    @Override
    public void close() throws IOException {
        closed.set(true);
        inner.close();
    }
}
