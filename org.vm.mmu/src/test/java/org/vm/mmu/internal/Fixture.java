package org.vm.mmu.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.vm.api.PagingMode;
import org.vm.api.bus.Bus;
import org.vm.api.bus.Mapping;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.memory.GuestMemory;
import org.vm.api.memory.GuestMemory.Region;
import org.vm.api.mmu.MemoryFault;
import org.vm.api.mmu.MemoryFault.Access;
import org.vm.api.mmu.MemoryFault.Kind;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

/** A small machine: ROM, RAM for data, RAM for page tables, one device, one MMU. */
final class Fixture implements AutoCloseable {
    static final long ROM = 0x1000;
    static final long DEVICE = 0x1000_0000;
    static final long RAM = 0x8000_0000L;
    static final long RAM_SIZE = 4 << 20;
    /** Page tables lie where no superpage that tests make reaches them. */
    static final long TABLES = 6L << 39;
    static final long TABLES_SIZE = 1 << 20;

    static final int V = 1;
    static final int R = 1 << 1;
    static final int W = 1 << 2;
    static final int X = 1 << 3;
    static final int U = 1 << 4;
    static final int G = 1 << 5;
    static final int A = 1 << 6;
    static final int D = 1 << 7;
    static final int RWX = V | R | W | X | A | D;
    static final int RW = V | R | W | A | D;

    static final int USER = 0;
    static final int SUPERVISOR = 1;
    static final int MACHINE = 3;

    final GuestMemory memory = new GuestRam(List.of(
            new Region("rom", ROM, 0x2000, 0, false),
            new Region("ram", RAM, RAM_SIZE, 0, true),
            new Region("tables", TABLES, TABLES_SIZE, 0, true)));
    final RecordingDevice device = new RecordingDevice();
    final Bus bus = new FixedBus(List.of(new Mapping(DEVICE, device.size(), device)));
    final SoftMmu mmu = new SoftMmu(memory, bus, 64);
    private long freeTable = TABLES;

    /** A page of zeroes for a table. */
    long table() {
        long table = freeTable;
        freeTable += 4096;
        return table;
    }

    static long pte(long physical, long flags) {
        return physical >>> 12 << 10 | flags;
    }

    /** Address of the entry for a virtual address in the table at a level below {@code root}, making tables on the way. */
    long entry(PagingMode mode, long root, long address, int level) {
        long table = root;
        for (int i = mode.levels() - 1; i > level; i--) {
            long entry = table + (address >>> 12 + 9 * i & 0x1FF) * 8;
            if (peek(entry) == 0) {
                poke(entry, pte(table(), V));
            }
            table = peek(entry) >>> 10 << 12;
        }
        return table + (address >>> 12 + 9 * level & 0x1FF) * 8;
    }

    /** Maps a page of 4 KiB, or a superpage at a higher level. */
    void map(PagingMode mode, long root, long address, int level, long physical, long flags) {
        poke(entry(mode, root, address, level), pte(physical, flags));
    }

    /** An Sv39 table in use by the supervisor. @return its root */
    long sv39() {
        long root = table();
        mmu.root(PagingMode.SV39, root, 0);
        mmu.privilege(SUPERVISOR, SUPERVISOR, false, false);
        mmu.walker(true, true);
        return root;
    }

    long peek(long physical) {
        return memory.segment().get(LittleEndian.LONG, memory.offset(physical, 8));
    }

    void poke(long physical, long value) {
        memory.segment().set(LittleEndian.LONG, memory.offset(physical, 8), value);
    }

    static void assertFault(Kind kind, Access access, long address, Runnable action) {
        MemoryFault fault = assertThrows(MemoryFault.class, action::run);
        assertEquals(new MemoryFault().of(kind, access, address).getMessage(), fault.getMessage());
    }

    @Override
    public void close() {
        memory.close();
    }

    private record FixedBus(List<Mapping> mappings) implements Bus {
        @Override
        public Mapping find(long address) {
            for (Mapping mapping : mappings) {
                if (mapping.contains(address)) {
                    return mapping;
                }
            }
            return null;
        }

        @Override
        public Mapping map(long base, MmioDevice device) {
            throw new UnsupportedOperationException("the map is fixed");
        }

        @Override
        public void unmap(Mapping mapping) {
            throw new UnsupportedOperationException("the map is fixed");
        }
    }

    /** Writes down what is done to it; reads give the offset in each byte's place. */
    static final class RecordingDevice implements MmioDevice {
        final List<String> log = new ArrayList<>();
        boolean quiet;

        @Override
        public long size() {
            return 0x100;
        }

        @Override
        public long read(long offset, int width) {
            if (!quiet) {
                log.add("read%d %x".formatted(width, offset));
            }
            return 0xF1F2F3F4F5F6F700L + offset;
        }

        @Override
        public void write(long offset, int width, long value) {
            log.add("write%d %x %x".formatted(width, offset, value));
        }

        @Override
        public void attach(DeviceContext context) {}

        @Override
        public void detach() {}

        @Override
        public String name() {
            return "recorder";
        }

        @Override
        public DeviceType type() {
            return DeviceType.CUSTOM;
        }

        @Override
        public DeviceStatus status() {
            return DeviceStatus.ATTACHED;
        }

        @Override
        public Map<String, String> info() {
            return Map.of();
        }
    }
}
