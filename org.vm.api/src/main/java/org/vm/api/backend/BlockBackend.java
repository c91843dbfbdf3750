package org.vm.api.backend;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Storage behind a block device. Calls block, and come on worker threads, several at once; ranges are checked by the
 * caller. Buffers are slices of guest RAM: filled or read in place, not kept.
 */
public interface BlockBackend extends AutoCloseable {
    /** Short description for people ({@code "file disk.img"}). */
    String description();

    /** Bytes; may grow. */
    long size();

    boolean readOnly();

    void read(long offset, List<MemorySegment> into) throws IOException;

    void write(long offset, List<MemorySegment> from) throws IOException;

    /** Returns when everything written before is durable. */
    void flush() throws IOException;

    /** The range's contents are no longer needed; they read as anything. */
    void discard(long offset, long length) throws IOException;

    /** @param unmap storage may be freed */
    void writeZeroes(long offset, long length, boolean unmap) throws IOException;

    @Override
    void close() throws IOException;
}
