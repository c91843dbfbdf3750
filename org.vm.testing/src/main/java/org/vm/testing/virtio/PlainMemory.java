package org.vm.testing.virtio;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.vm.api.memory.GuestMemory;

/** Guest memory without a machine: RAM at {@link #RAM}, a page of ROM at {@link #ROM}, holes elsewhere. */
public final class PlainMemory implements GuestMemory {
    public static final long RAM = 0x8000_0000L;
    public static final long ROM = 0x1000;
    public static final long ROM_SIZE = 0x1000;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;
    private final List<Region> regions;

    public PlainMemory(long ramBytes) {
        segment = arena.allocate(ramBytes + ROM_SIZE, 4096);
        regions = List.of(new Region("rom", ROM, ROM_SIZE, ramBytes, false), new Region("ram", RAM, ramBytes, 0, true));
    }

    public long ramBytes() {
        return regions.get(1).size();
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
        return find(address, length, false);
    }

    @Override
    public long writableOffset(long address, long length) {
        return find(address, length, true);
    }

    private long find(long address, long length, boolean write) {
        for (Region region : regions) {
            long at = address - region.base();
            if (at >= 0 && length >= 0 && at <= region.size() && length <= region.size() - at
                    && (region.writable() || !write)) {
                return region.offset() + at;
            }
        }
        return -1;
    }

    @Override
    public void close() {
        arena.close();
    }
}
