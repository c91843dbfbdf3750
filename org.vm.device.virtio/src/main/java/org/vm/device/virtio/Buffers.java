package org.vm.device.virtio;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.vm.device.virtio.internal.RingException;

/**
 * One half of a {@link DescriptorChain}: slices of guest RAM in a row, read and written as if they were one, little
 * endian, at a position that moves on. Used by one thread at a time.
 *
 * <p>Going beyond the end or into a buffer that is not in RAM throws; devices look at {@link #remaining} first.
 */
public final class Buffers {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment memory;
    /** Offset of each buffer in {@link #memory}; -1: not in RAM. */
    private long[] offsets = new long[4];
    private long[] lengths = new long[4];
    private int count;
    private long size;
    private long position;
    /** The buffer that {@link #position} is in, and where in it. */
    private int current;
    private long within;

    /** @param memory what {@link #add}'s offsets refer to */
    public Buffers(MemorySegment memory) {
        this.memory = memory;
    }

    /** Starts over, empty. For those who make chains. */
    public void clear() {
        count = 0;
        size = 0;
        seek(0);
    }

    /** Appends a buffer; offset -1 for one that is not in RAM. For those who make chains. */
    public void add(long offset, long length) {
        if (count == offsets.length) {
            offsets = Arrays.copyOf(offsets, count * 2);
            lengths = Arrays.copyOf(lengths, count * 2);
        }
        offsets[count] = offset;
        lengths[count++] = length;
        size += length;
        advance(0);
    }

    /** Number of buffers. */
    public int count() {
        return count;
    }

    /** Bytes of all buffers together. */
    public long size() {
        return size;
    }

    public long position() {
        return position;
    }

    public long remaining() {
        return size - position;
    }

    /** Moves to a position from 0 to {@link #size}. */
    public Buffers seek(long to) {
        if (to < 0 || to > size) {
            throw new IndexOutOfBoundsException("position " + to + " in buffers of " + size + " bytes");
        }
        if (to < position || to == 0) {
            position = 0;
            current = 0;
            within = 0;
        }
        advance(to - position);
        return this;
    }

    /** Whether the byte at {@code index} exists and is in RAM. */
    public boolean inRam(long index) {
        if (index < 0 || index >= size) {
            return false;
        }
        int i = 0;
        long rest = index;
        while (rest >= lengths[i]) {
            rest -= lengths[i++];
        }
        return offsets[i] >= 0;
    }

    public int get8() {
        long at = here();
        advance(1);
        return memory.get(ValueLayout.JAVA_BYTE, at) & 0xFF;
    }

    public int get16() {
        return contiguous(2) ? memory.get(U16, take(2)) & 0xFFFF : get8() | get8() << 8;
    }

    /** 32 bits; {@link Integer#toUnsignedLong} where the sign matters. */
    public int get32() {
        return contiguous(4) ? memory.get(U32, take(4)) : get16() | get16() << 16;
    }

    public long get64() {
        return contiguous(8) ? memory.get(U64, take(8)) : get32() & 0xFFFF_FFFFL | (long) get32() << 32;
    }

    public Buffers put8(int value) {
        long at = here();
        advance(1);
        memory.set(ValueLayout.JAVA_BYTE, at, (byte) value);
        return this;
    }

    public Buffers put16(int value) {
        if (contiguous(2)) {
            memory.set(U16, take(2), (short) value);
            return this;
        }
        return put8(value).put8(value >>> 8);
    }

    public Buffers put32(int value) {
        if (contiguous(4)) {
            memory.set(U32, take(4), value);
            return this;
        }
        return put16(value).put16(value >>> 16);
    }

    public Buffers put64(long value) {
        if (contiguous(8)) {
            memory.set(U64, take(8), value);
            return this;
        }
        return put32((int) value).put32((int) (value >>> 32));
    }

    /** Copies bytes in at the position, as many as fit. @return bytes copied */
    public int put(byte[] from) {
        int length = (int) Math.min(from.length, remaining());
        for (int done = 0; done < length;) {
            long at = here();
            int step = (int) Math.min(length - done, lengths[current] - within);
            MemorySegment.copy(from, done, memory, ValueLayout.JAVA_BYTE, at, step);
            advance(step);
            done += step;
        }
        return length;
    }

    /** Copies bytes out from the position, as many as there are. @return bytes copied */
    public int get(byte[] into) {
        int length = (int) Math.min(into.length, remaining());
        for (int done = 0; done < length;) {
            long at = here();
            int step = (int) Math.min(length - done, lengths[current] - within);
            MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, at, into, done, step);
            advance(step);
            done += step;
        }
        return length;
    }

    /** The next {@code length} bytes without a copy, as slices of guest RAM; moves beyond them. */
    public List<MemorySegment> slices(long length) {
        if (length < 0 || length > remaining()) {
            throw new IndexOutOfBoundsException(length + " bytes at " + position + " of buffers of " + size);
        }
        List<MemorySegment> slices = new ArrayList<>(Math.min(count - current, 16));
        for (long rest = length; rest > 0;) {
            long at = here();
            long step = Math.min(rest, lengths[current] - within);
            slices.add(memory.asSlice(at, step));
            advance(step);
            rest -= step;
        }
        return slices;
    }

    /** Offset in memory of the byte at the position. */
    private long here() {
        if (position >= size) {
            throw new IndexOutOfBoundsException("end of buffers of " + size + " bytes");
        }
        if (offsets[current] < 0) {
            throw new RingException("buffer " + current + " of a chain is not in RAM");
        }
        return offsets[current] + within;
    }

    private boolean contiguous(int bytes) {
        return current < count && lengths[current] - within >= bytes;
    }

    private long take(int bytes) {
        long at = here();
        advance(bytes);
        return at;
    }

    /** Leaves the position in a buffer that has a byte left, or at the end. */
    private void advance(long bytes) {
        position += bytes;
        within += bytes;
        while (current < count && within >= lengths[current]) {
            within -= lengths[current++];
        }
    }
}
