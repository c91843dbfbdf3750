package org.vm.mmu.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.vm.api.ConfigurationException;
import org.vm.api.InvalidAddressException;
import org.vm.api.memory.GuestMemory;

/** Guest RAM and ROM in one off-heap segment. Regions lie behind each other in it, in the order in which they were given. */
final class GuestRam implements GuestMemory {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;
    private final List<Region> regions;
    /** The same, for look-ups that allocate nothing. */
    private final Region[] table;

    GuestRam(List<Region> wanted) {
        List<Region> placed = new ArrayList<>();
        long total = 0;
        for (Region region : wanted) {
            check(region);
            placed.add(new Region(region.name(), region.base(), region.size(), total, region.writable()));
            total += region.size();
        }
        placed.sort(Comparator.comparingLong(Region::base));
        for (int i = 1; i < placed.size(); i++) {
            Region low = placed.get(i - 1);
            Region high = placed.get(i);
            if (high.base() - low.base() < low.size()) {
                throw new InvalidAddressException(describe(high) + " overlaps " + describe(low));
            }
        }
        regions = List.copyOf(placed);
        table = placed.toArray(Region[]::new);
        segment = allocate(total);
    }

    private static void check(Region region) {
        if (((region.base() | region.size()) & ~Tlb.PAGE_MASK) != 0 || region.size() <= 0 || region.base() < 0
                || region.base() > PageWalker.PHYSICAL_LIMIT - region.size()) {
            throw new InvalidAddressException(describe(region)
                    + " must start and end on a multiple of 4 KiB below 2^56, and not be empty");
        }
    }

    private static String describe(Region region) {
        return "memory '%s' at 0x%x, 0x%x bytes,".formatted(region.name(), region.base(), region.size());
    }

    private MemorySegment allocate(long total) {
        // Addresses without memory behind them cost nothing, and let generated code mask offsets instead of comparing them.
        long bounded = (Long.highestOneBit(total - 1) << 1) + Long.BYTES;
        MemorySegment mapping = AnonymousMapping.allocate(bounded, arena);
        if (mapping != null) {
            return mapping;
        }
        try {
            return arena.allocate(total, 1 << Tlb.PAGE_SHIFT);
        } catch (OutOfMemoryError e) {
            throw new ConfigurationException("the host cannot give " + (total >> 20)
                    + " MiB of memory to a guest (" + e.getMessage()
                    + "); give the machine less, or raise -XX:MaxDirectMemorySize", e);
        }
    }

    @Override
    public List<Region> regions() {
        return regions;
    }

    @Override
    public MemorySegment segment() {
        return segment;
    }

    @Override
    public long offset(long address, long length) {
        Region region = containing(address, length);
        return region == null ? -1 : address - region.base() + region.offset();
    }

    @Override
    public long writableOffset(long address, long length) {
        Region region = containing(address, length);
        return region == null || !region.writable() ? -1 : address - region.base() + region.offset();
    }

    private Region containing(long address, long length) {
        for (Region region : table) {
            long into = address - region.base();
            if (into >= 0 && into < region.size()) {
                return length >= 0 && length <= region.size() - into ? region : null;
            }
        }
        return null;
    }

    @Override
    public void close() {
        arena.close();
    }
}
