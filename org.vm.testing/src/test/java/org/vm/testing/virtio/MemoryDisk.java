package org.vm.testing.virtio;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.vm.api.backend.BlockBackend;

/** A disk that a test looks into, breaks and holds up. */
final class MemoryDisk implements BlockBackend {
    final byte[] bytes;
    final AtomicInteger flushes = new AtomicInteger();
    volatile long size;
    volatile boolean readOnly;
    volatile boolean failing;
    private volatile CountDownLatch held = new CountDownLatch(1);
    private volatile CountDownLatch released = new CountDownLatch(0);

    MemoryDisk(int size) {
        bytes = new byte[size];
        this.size = size;
    }

    /** Reads wait from now on, before they touch their buffers. */
    void hold() {
        held = new CountDownLatch(1);
        released = new CountDownLatch(1);
    }

    boolean awaitHeld() {
        try {
            return held.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    void release() {
        released.countDown();
    }

    void write(int offset, int value, int length) {
        Arrays.fill(bytes, offset, offset + length, (byte) value);
    }

    private void check() throws IOException {
        if (failing) {
            throw new IOException("the test wants this to fail");
        }
    }

    @Override
    public String description() {
        return "test disk";
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(long offset, List<MemorySegment> into) throws IOException {
        check();
        held.countDown();
        try {
            released.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
        int position = (int) offset;
        for (MemorySegment segment : into) {
            segment.copyFrom(MemorySegment.ofArray(bytes).asSlice(position, segment.byteSize()));
            position += (int) segment.byteSize();
        }
    }

    @Override
    public void write(long offset, List<MemorySegment> from) throws IOException {
        check();
        int position = (int) offset;
        for (MemorySegment segment : from) {
            MemorySegment.ofArray(bytes).asSlice(position, segment.byteSize()).copyFrom(segment);
            position += (int) segment.byteSize();
        }
    }

    @Override
    public void flush() throws IOException {
        check();
        flushes.incrementAndGet();
    }

    @Override
    public void discard(long offset, long length) {}

    @Override
    public void writeZeroes(long offset, long length, boolean unmap) {
        write((int) offset, 0, (int) length);
    }

    @Override
    public void close() {}
}
