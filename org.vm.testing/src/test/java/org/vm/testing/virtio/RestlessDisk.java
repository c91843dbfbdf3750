package org.vm.testing.virtio;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.vm.api.backend.BlockBackend;

/** A disk that takes its time, now more, now less, and counts. */
record RestlessDisk(MemoryDisk disk, int microseconds, AtomicInteger writes) implements BlockBackend {
    RestlessDisk(int microseconds) {
        this(new MemoryDisk(BlkLoad.DISK_BYTES), microseconds, new AtomicInteger());
    }

    private void dawdle() throws IOException {
        if (microseconds == 0) {
            return;
        }
        try {
            new CountDownLatch(1).await(ThreadLocalRandom.current().nextInt(microseconds), TimeUnit.MICROSECONDS);
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Override
    public String description() {
        return "restless disk";
    }

    @Override
    public long size() {
        return disk.size();
    }

    @Override
    public boolean readOnly() {
        return false;
    }

    @Override
    public void read(long offset, List<MemorySegment> into) throws IOException {
        dawdle();
        disk.read(offset, into);
    }

    @Override
    public void write(long offset, List<MemorySegment> from) throws IOException {
        dawdle();
        disk.write(offset, from);
        writes.incrementAndGet();
    }

    @Override
    public void flush() throws IOException {
        disk.flush();
    }

    @Override
    public void discard(long offset, long length) {
        disk.discard(offset, length);
    }

    @Override
    public void writeZeroes(long offset, long length, boolean unmap) {
        disk.writeZeroes(offset, length, unmap);
    }

    @Override
    public void close() {
        disk.close();
    }
}
