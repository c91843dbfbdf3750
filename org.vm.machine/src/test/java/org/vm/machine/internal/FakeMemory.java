package org.vm.machine.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.vm.api.memory.GuestMemory;

/** Memory on the heap's own terms, for tests of what stands above it. */
final class FakeMemory implements GuestMemory {
    private final List<Region> regions = new ArrayList<>();
    private final MemorySegment segment;

    FakeMemory(List<Region> wanted) {
        long offset = 0;
        for (Region region : wanted) {
            regions.add(new Region(region.name(), region.base(), region.size(), offset, region.writable()));
            offset += region.size();
        }
        segment = Arena.ofAuto().allocate(offset, 4096);
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
        for (Region region : regions) {
            if (address >= region.base() && length >= 0 && address - region.base() <= region.size() - length) {
                return address - region.base() + region.offset();
            }
        }
        return -1;
    }

    @Override
    public long writableOffset(long address, long length) {
        return offset(address, length);
    }

    @Override
    public void close() {
        // collected with the arena
    }
}
