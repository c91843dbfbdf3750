package org.vm.device.virtio.internal;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.vm.device.virtio.Buffers;
import org.vm.device.virtio.DescriptorChain;

/**
 * A checked request to a block device (VirtIO 1.2, section 5.2.6): what it says can be done without another look at the
 * chain.
 *
 * <pre>
 * struct virtio_blk_req { le32 type; le32 reserved; le64 sector; u8 data[]; u8 status; };
 * struct virtio_blk_discard_write_zeroes { le64 sector; le32 num_sectors; le32 flags; };
 * </pre>
 */
sealed interface BlkRequest {
    int SECTOR = 512;
    int HEADER = 16;
    int RANGE = 16;

    int T_IN = 0;
    int T_OUT = 1;
    int T_FLUSH = 4;
    int T_GET_ID = 8;
    int T_DISCARD = 11;
    int T_WRITE_ZEROES = 13;

    int S_OK = 0;
    int S_IOERR = 1;
    int S_UNSUPP = 2;

    /** Flag of a range: storage may be freed. */
    int UNMAP = 1;

    record Read(long offset, long length, List<MemorySegment> into) implements BlkRequest {}

    record Write(long offset, List<MemorySegment> from) implements BlkRequest {}

    record Flush() implements BlkRequest {}

    record GetId(Buffers into) implements BlkRequest {}

    record Discard(List<Range> ranges) implements BlkRequest {}

    record WriteZeroes(List<Range> ranges) implements BlkRequest {}

    /** Nothing to do but to answer. */
    record Rejected(int status) implements BlkRequest {}

    record Range(long offset, long length, boolean unmap) {}

    /**
     * What requests are checked against.
     *
     * @param sectors     capacity
     * @param trim        whether discard and write-zeroes were negotiated
     * @param maxRanges   ranges in one discard or write-zeroes request
     */
    record Limits(long sectors, boolean readOnly, boolean trim, int maxRanges, long maxDiscardSectors,
            long maxZeroSectors) {
        /** Whether {@code count} sectors from {@code sector} on exist; any numbers, both unsigned. */
        boolean contain(long sector, long count) {
            return sector >= 0 && sector <= sectors && count >= 0 && count <= sectors - sector;
        }
    }

    /** Reads a chain that has a status byte, which is in RAM. */
    static BlkRequest parse(DescriptorChain chain, Limits limits) {
        Buffers in = chain.readable();
        if (!chain.wellFormed() || in.size() < HEADER) {
            return new Rejected(S_IOERR);
        }
        int type = in.get32();
        in.get32();
        long sector = in.get64();
        return switch (type) {
            case T_IN -> read(chain.writable(), sector, limits);
            case T_OUT -> write(in, sector, limits);
            case T_FLUSH -> new Flush();
            case T_GET_ID -> new GetId(chain.writable());
            case T_DISCARD, T_WRITE_ZEROES -> trim(type, in, limits);
            default -> new Rejected(S_UNSUPP);
        };
    }

    private static BlkRequest read(Buffers out, long sector, Limits limits) {
        long length = out.size() - 1;
        return length % SECTOR == 0 && limits.contain(sector, length / SECTOR)
                ? new Read(sector * SECTOR, length, out.slices(length))
                : new Rejected(S_IOERR);
    }

    private static BlkRequest write(Buffers in, long sector, Limits limits) {
        long length = in.remaining();
        return length % SECTOR == 0 && limits.contain(sector, length / SECTOR) && !limits.readOnly
                ? new Write(sector * SECTOR, in.slices(length))
                : new Rejected(S_IOERR);
    }

    private static BlkRequest trim(int type, Buffers in, Limits limits) {
        long length = in.remaining();
        if (limits.readOnly) {
            return new Rejected(S_IOERR);
        }
        if (!limits.trim) {
            return new Rejected(S_UNSUPP);
        }
        if (length == 0 || length % RANGE != 0 || length / RANGE > limits.maxRanges) {
            return new Rejected(S_IOERR);
        }
        int allowed = type == T_DISCARD ? 0 : UNMAP;
        long max = type == T_DISCARD ? limits.maxDiscardSectors : limits.maxZeroSectors;
        List<Range> ranges = new ArrayList<>(limits.maxRanges);
        while (in.remaining() > 0) {
            long sector = in.get64();
            long count = Integer.toUnsignedLong(in.get32());
            int flags = in.get32();
            if ((flags & ~allowed) != 0) {
                return new Rejected(S_UNSUPP);
            }
            if (count > max || !limits.contain(sector, count)) {
                return new Rejected(S_IOERR);
            }
            ranges.add(new Range(sector * SECTOR, count * SECTOR, (flags & UNMAP) != 0));
        }
        return type == T_DISCARD ? new Discard(ranges) : new WriteZeroes(ranges);
    }
}
