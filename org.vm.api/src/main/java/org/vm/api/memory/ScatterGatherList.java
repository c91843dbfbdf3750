package org.vm.api.memory;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Ranges of guest RAM in a row, as if they were one: what a device reads from or writes to in place. A range is checked
 * when it is added, and never again; nothing reaches beyond it. Used by one thread at a time.
 */
public final class ScatterGatherList {
    private final GuestMemory memory;
    private final List<MemorySegment> segments = new ArrayList<>();
    private long size;

    public ScatterGatherList(GuestMemory memory) {
        this.memory = memory;
    }

    /**
     * Appends a guest-physical range; any {@code long}s may be passed.
     *
     * @return whether it is wholly RAM; if not, nothing was added
     */
    public boolean add(long address, long length) {
        MemorySegment segment = length < 0 ? null : memory.slice(address, length);
        if (segment == null || size + length < 0) {
            return false;
        }
        if (length > 0) {
            segments.add(segment);
            size += length;
        }
        return true;
    }

    public void clear() {
        segments.clear();
        size = 0;
    }

    /** Bytes of all ranges together. */
    public long size() {
        return size;
    }

    /** All of it, without a copy. */
    public List<MemorySegment> segments() {
        return List.copyOf(segments);
    }

    /**
     * A part of it, without a copy.
     *
     * @throws IndexOutOfBoundsException if it is not wholly inside
     */
    public List<MemorySegment> segments(long from, long length) {
        if (from < 0 || length < 0 || from > size - length) {
            throw new IndexOutOfBoundsException(length + " bytes at " + from + " of a list of " + size);
        }
        List<MemorySegment> part = new ArrayList<>();
        long skip = from;
        long rest = length;
        for (MemorySegment segment : segments) {
            long available = segment.byteSize() - skip;
            if (available > 0 && rest > 0) {
                long step = Math.min(available, rest);
                part.add(segment.asSlice(skip, step));
                rest -= step;
                skip = 0;
            } else {
                skip = Math.max(0, -available);
            }
        }
        return part;
    }

    /** Copies bytes out, from a position on, as many as there are and fit. @return bytes copied */
    public long copyTo(long from, MemorySegment into) {
        long length = Math.clamp(size - from, 0, into.byteSize());
        long done = 0;
        for (MemorySegment segment : segments(Math.min(from, size), length)) {
            MemorySegment.copy(segment, 0, into, done, segment.byteSize());
            done += segment.byteSize();
        }
        return done;
    }

    /** Copies bytes in, to a position on, as many as there are and fit. @return bytes copied */
    public long copyFrom(MemorySegment from, long to) {
        long length = Math.clamp(size - to, 0, from.byteSize());
        long done = 0;
        for (MemorySegment segment : segments(Math.min(to, size), length)) {
            MemorySegment.copy(from, done, segment, 0, segment.byteSize());
            done += segment.byteSize();
        }
        return done;
    }
}
