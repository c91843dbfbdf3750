package org.vm.bench;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.vm.api.PagingMode;
import org.vm.api.memory.GuestMemory;
import org.vm.api.mmu.Mmu;
import org.vm.mmu.internal.SoftMmuFactory;

/** What one access costs, under Sv39. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class MmuBenchmark {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final long RAM = 0x8000_0000L;
    private static final long TABLES = RAM + (8 << 20);
    private static final long DEVICE = 0x1000_0000L;
    private static final long DEVICE_PAGE = 0x20_0000;
    private static final long LEAF = 0xEF;
    /** More pages than the TLB has entries. */
    private static final long PAGES = 512;

    private GuestMemory memory;
    private Mmu mmu;
    private long address;
    private int asid;

    @Setup
    public void map() {
        SoftMmuFactory factory = new SoftMmuFactory();
        memory = factory.memory(List.of(new GuestMemory.Region("ram", RAM, 16 << 20, 0, true)));
        mmu = factory.mmu(memory, OneDevice.at(DEVICE), 256);
        // Root, second level, two tables of 512 pages.
        pointer(TABLES, TABLES + 0x1000);
        pointer(TABLES + 0x1000, TABLES + 0x2000);
        pointer(TABLES + 0x1008, TABLES + 0x3000);
        for (long page = 0; page < PAGES; page++) {
            write(TABLES + 0x2000 + page * 8, RAM + page * 4096 >>> 2 | LEAF);
        }
        write(TABLES + 0x3000, DEVICE >>> 2 | LEAF);
        mmu.walker(true, true);
        mmu.root(PagingMode.SV39, TABLES, 0);
        mmu.privilege(1, 1, false, false);
    }

    @TearDown
    public void free() {
        memory.close();
    }

    private void pointer(long entry, long table) {
        write(entry, table >>> 2 | 1);
    }

    private void write(long physical, long value) {
        memory.segment().set(LONG, memory.offset(physical, 8), value);
    }

    private long next(long step, long mask) {
        return address = address + step & mask;
    }

    @Benchmark
    public long loadHit() {
        return mmu.load64(next(8, 0xFFF8));
    }

    @Benchmark
    public void storeHit() {
        mmu.store64(next(8, 0xFFF8), 0);
    }

    @Benchmark
    public long fetchTranslationHit() {
        return mmu.translateFetch(next(64, 0xFFC0));
    }

    @Benchmark
    public long atomicAdd() {
        return mmu.update64(0x100, Long::sum, 1);
    }

    @Benchmark
    public boolean loadReservedStoreConditional() {
        return mmu.storeConditional64(0x100, mmu.loadReserved64(0x100) + 1);
    }

    @Benchmark
    public long loadMisaligned() {
        return mmu.load64(next(8, 0x7F8) + 1);
    }

    @Benchmark
    public long loadAcrossPages() {
        return mmu.load64(next(4096, 0xF000) + 0xFFC);
    }

    @Benchmark
    public long loadMissAndWalk() {
        return mmu.load64(next(4096, PAGES * 4096 - 1 & -4096));
    }

    @Benchmark
    public long deviceRead() {
        return mmu.load32(DEVICE_PAGE);
    }

    @Benchmark
    public void privilegeChange() {
        mmu.privilege(0, 0, false, false);
        mmu.privilege(1, 1, false, false);
    }

    @Benchmark
    public void contextSwitch() {
        mmu.root(PagingMode.SV39, TABLES, ++asid & 3);
    }

    @Benchmark
    public void flushPage() {
        mmu.flushPage(DEVICE_PAGE);
    }
}
