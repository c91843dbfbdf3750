package org.vm.api.memory;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The RAM (and ROM) of a machine: one off-heap segment that backs one or more guest-physical regions. The bounds of the
 * segment are checked on every access; nothing that a guest chooses can reach beyond it. Any thread.
 */
public interface GuestMemory extends AutoCloseable {
    /**
     * @param base     guest-physical address
     * @param size     bytes
     * @param offset   of the region's first byte in {@link #segment()}
     * @param writable {@code false} for ROM: CPU stores and DMA writes fail
     */
    record Region(String name, long base, long size, long offset, boolean writable) {}

    /** The regions, sorted by base. */
    List<Region> regions();

    /** Everything, as one segment; there may be more of it than the regions take. */
    MemorySegment segment();

    /**
     * Offset into {@link #segment()} of a guest-physical range, for reading.
     *
     * @return -1 if the range is not wholly inside one region; any {@code long}s may be passed
     */
    long offset(long address, long length);

    /** As {@link #offset}, for writing: -1 for ROM as well. */
    long writableOffset(long address, long length);

    /**
     * The bytes of a guest-physical range, without a copy: what a device uses for DMA.
     *
     * @return {@code null} if the range is not wholly RAM, so that guest mistakes cost no exception
     */
    default MemorySegment slice(long address, long length) {
        long offset = writableOffset(address, length);
        return offset < 0 ? null : segment().asSlice(offset, length);
    }

    /** Copies bytes out of the guest. @return whether the range is wholly RAM; if not, nothing was copied */
    default boolean read(long address, MemorySegment into) {
        MemorySegment from = slice(address, into.byteSize());
        if (from != null) {
            into.copyFrom(from);
        }
        return from != null;
    }

    /** Copies bytes into the guest. @return whether the range is wholly RAM; if not, nothing was copied */
    default boolean write(long address, MemorySegment from) {
        MemorySegment into = slice(address, from.byteSize());
        if (into != null) {
            into.copyFrom(from);
        }
        return into != null;
    }

    /** Frees the memory; only after every user has stopped. */
    @Override
    void close();
}
