package org.vm.mmu.internal;

import java.lang.foreign.MemorySegment;
import java.util.function.IntBinaryOperator;
import java.util.function.LongBinaryOperator;
import org.vm.api.PagingMode;
import org.vm.api.TlbStats;
import org.vm.api.bus.Bus;
import org.vm.api.bus.Mapping;
import org.vm.api.memory.GuestMemory;
import org.vm.api.mmu.MemoryFault;
import org.vm.api.mmu.MemoryFault.Access;
import org.vm.api.mmu.MemoryFault.Kind;
import org.vm.api.mmu.Mmu;
import org.vm.api.mmu.PhysicalProtection;

/**
 * An MMU in software. Each access is a small method that HotSpot inlines into the code of the instruction: a {@link Tlb}
 * hit and one access to the segment. All else is in the slow methods below: refills, misaligned and page-crossing
 * accesses, devices, faults.
 *
 * <p>A <em>place</em> is where an access goes: an offset in the memory segment, or, negative, the complement of a
 * physical address that is not memory.
 */
final class SoftMmu implements Mmu {
    private static final long NO_RESERVATION = -1;
    private static final int MACHINE = 3;
    private static final int USER = 0;

    private final GuestMemory memory;
    private final MemorySegment segment;
    private final Bus bus;
    private final PageWalker walker;
    private final TlbPool tlbs;
    private final int entries;
    private final MemoryFault fault = new MemoryFault();

    /** Words of the TLBs of the present regime, for loads and stores and for fetches. */
    private long[] data;
    private long[] code;
    private Tlb dataTlb;
    private Tlb codeTlb;

    private PagingMode mode = PagingMode.BARE;
    /** Format of the tables that translations in the TLBs come from. */
    private PagingMode lastTranslated = PagingMode.BARE;
    private long root;
    private int fetchPrivilege = MACHINE;
    private int dataPrivilege = MACHINE;
    private boolean sum;
    private boolean mxr;
    private PhysicalProtection protection;

    /** Offset of the reserved bytes in the segment, their number and what they held. */
    private long reserved = NO_RESERVATION;
    private int reservedSize;
    private long reservedValue;

    private long misses;
    private long walks;
    private long faults;
    private long flushes;

    SoftMmu(GuestMemory memory, Bus bus, int tlbEntries) {
        this.memory = memory;
        this.segment = memory.segment();
        this.bus = bus;
        this.walker = new PageWalker(memory);
        this.tlbs = new TlbPool(tlbEntries);
        this.entries = tlbEntries;
        selectTlbs();
    }

    // Loads and stores

    @Override
    public byte load8(long address) {
        long[] tlb = data;
        int i = Tlb.index(tlb, address);
        return tlb[i] == (address & Tlb.PAGE_MASK)
                ? segment.get(LittleEndian.BYTE, address + tlb[i + Tlb.ADDEND])
                : (byte) loadSlow(address, 1);
    }

    @Override
    public short load16(long address) {
        long[] tlb = data;
        int i = Tlb.index(tlb, address);
        return tlb[i] == (address & (Tlb.PAGE_MASK | 1))
                ? segment.get(LittleEndian.SHORT, address + tlb[i + Tlb.ADDEND])
                : (short) loadSlow(address, 2);
    }

    @Override
    public int load32(long address) {
        long[] tlb = data;
        int i = Tlb.index(tlb, address);
        return tlb[i] == (address & (Tlb.PAGE_MASK | 3))
                ? segment.get(LittleEndian.INT, address + tlb[i + Tlb.ADDEND])
                : (int) loadSlow(address, 4);
    }

    @Override
    public long load64(long address) {
        long[] tlb = data;
        int i = Tlb.index(tlb, address);
        return tlb[i] == (address & (Tlb.PAGE_MASK | 7))
                ? segment.get(LittleEndian.LONG, address + tlb[i + Tlb.ADDEND])
                : loadSlow(address, 8);
    }

    @Override
    public void store8(long address, byte value) {
        long[] tlb = data;
        int i = Tlb.index(tlb, address);
        if (tlb[i + Tlb.STORE] == (address & Tlb.PAGE_MASK)) {
            segment.set(LittleEndian.BYTE, address + tlb[i + Tlb.ADDEND], value);
        } else {
            storeSlow(address, 1, value & 0xFF);
        }
    }

    @Override
    public void store16(long address, short value) {
        long[] tlb = data;
        int i = Tlb.index(tlb, address);
        if (tlb[i + Tlb.STORE] == (address & (Tlb.PAGE_MASK | 1))) {
            segment.set(LittleEndian.SHORT, address + tlb[i + Tlb.ADDEND], value);
        } else {
            storeSlow(address, 2, value & 0xFFFF);
        }
    }

    @Override
    public void store32(long address, int value) {
        long[] tlb = data;
        int i = Tlb.index(tlb, address);
        if (tlb[i + Tlb.STORE] == (address & (Tlb.PAGE_MASK | 3))) {
            segment.set(LittleEndian.INT, address + tlb[i + Tlb.ADDEND], value);
        } else {
            storeSlow(address, 4, value & 0xFFFF_FFFFL);
        }
    }

    @Override
    public void store64(long address, long value) {
        long[] tlb = data;
        int i = Tlb.index(tlb, address);
        if (tlb[i + Tlb.STORE] == (address & (Tlb.PAGE_MASK | 7))) {
            segment.set(LittleEndian.LONG, address + tlb[i + Tlb.ADDEND], value);
        } else {
            storeSlow(address, 8, value);
        }
    }

    private long loadSlow(long address, int size) {
        int inFirst = bytesInPage(address, size);
        if (inFirst < size) {
            return loadAcross(address, size, inFirst);
        }
        long place = place(address, size, Access.LOAD);
        if (place < 0) {
            return readDevice(~place, size, address);
        }
        return switch (size) {
            case 1 -> segment.get(LittleEndian.BYTE, place);
            case 2 -> segment.get(LittleEndian.SHORT, place);
            case 4 -> segment.get(LittleEndian.INT, place);
            default -> segment.get(LittleEndian.LONG, place);
        };
    }

    private void storeSlow(long address, int size, long value) {
        int inFirst = bytesInPage(address, size);
        if (inFirst < size) {
            storeAcross(address, size, inFirst, value);
            return;
        }
        long place = place(address, size, Access.STORE);
        if (place < 0) {
            writeDevice(~place, size, value, address);
            return;
        }
        switch (size) {
            case 1 -> segment.set(LittleEndian.BYTE, place, (byte) value);
            case 2 -> segment.set(LittleEndian.SHORT, place, (short) value);
            case 4 -> segment.set(LittleEndian.INT, place, (int) value);
            default -> segment.set(LittleEndian.LONG, place, value);
        }
    }

    private long loadAcross(long address, int size, int inFirst) {
        long first = memoryPlace(address, inFirst, Access.LOAD);
        long second = memoryPlace(address + inFirst, size - inFirst, Access.LOAD);
        long value = 0;
        for (int i = size - 1; i >= 0; i--) {
            long place = i < inFirst ? first + i : second + i - inFirst;
            value = value << 8 | segment.get(LittleEndian.BYTE, place) & 0xFF;
        }
        return value;
    }

    private void storeAcross(long address, int size, int inFirst, long value) {
        long first = memoryPlace(address, inFirst, Access.STORE);
        long second = memoryPlace(address + inFirst, size - inFirst, Access.STORE);
        for (int i = 0; i < size; i++) {
            long place = i < inFirst ? first + i : second + i - inFirst;
            segment.set(LittleEndian.BYTE, place, (byte) (value >>> 8 * i));
        }
    }

    private static int bytesInPage(long address, int size) {
        return (int) Math.min(size, (address | ~Tlb.PAGE_MASK) - address + 1);
    }

    private long readDevice(long physical, int size, long address) {
        Mapping mapping = device(physical, size, Access.LOAD, address);
        try {
            return mapping.device().read(physical - mapping.base(), size);
        } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
            // A device may be anybody's; what it does wrong is its own business, not the guest's and not the vCPU's.
            bus.failed(mapping, e);
            return 0;
        }
    }

    private void writeDevice(long physical, int size, long value, long address) {
        Mapping mapping = device(physical, size, Access.STORE, address);
        try {
            mapping.device().write(physical - mapping.base(), size, value);
        } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
            bus.failed(mapping, e);
        }
    }

    /** The device of an aligned access; anything else than that is an access fault, as is an address without a device. */
    private Mapping device(long physical, int size, Access access, long address) {
        Mapping mapping = bus.find(physical);
        if (mapping == null || (physical & size - 1) != 0 || physical - mapping.base() > mapping.size() - size) {
            throw fault(Kind.ACCESS, access, address);
        }
        return mapping;
    }

    // Atomics

    @Override
    public int update32(long address, IntBinaryOperator f, int operand) {
        long offset = atomicOffset(address, 4);
        while (true) {
            int old = (int) LittleEndian.ATOMIC_INT.getVolatile(segment, offset);
            if (LittleEndian.ATOMIC_INT.compareAndSet(segment, offset, old, f.applyAsInt(old, operand))) {
                return old;
            }
        }
    }

    @Override
    public long update64(long address, LongBinaryOperator f, long operand) {
        long offset = atomicOffset(address, 8);
        while (true) {
            long old = (long) LittleEndian.ATOMIC_LONG.getVolatile(segment, offset);
            if (LittleEndian.ATOMIC_LONG.compareAndSet(segment, offset, old, f.applyAsLong(old, operand))) {
                return old;
            }
        }
    }

    @Override
    public int loadReserved32(long address) {
        long offset = reservableOffset(address, 4);
        int value = (int) LittleEndian.ATOMIC_INT.getVolatile(segment, offset);
        reserve(offset, 4, value);
        return value;
    }

    @Override
    public long loadReserved64(long address) {
        long offset = reservableOffset(address, 8);
        long value = (long) LittleEndian.ATOMIC_LONG.getVolatile(segment, offset);
        reserve(offset, 8, value);
        return value;
    }

    @Override
    public boolean storeConditional32(long address, int value) {
        long offset = atomicOffset(address, 4);
        boolean holds = reserved == offset && reservedSize == 4;
        reserved = NO_RESERVATION;
        return holds && LittleEndian.ATOMIC_INT.compareAndSet(segment, offset, (int) reservedValue, value);
    }

    @Override
    public boolean storeConditional64(long address, long value) {
        long offset = atomicOffset(address, 8);
        boolean holds = reserved == offset && reservedSize == 8;
        reserved = NO_RESERVATION;
        return holds && LittleEndian.ATOMIC_LONG.compareAndSet(segment, offset, reservedValue, value);
    }

    @Override
    public void clearReservation() {
        reserved = NO_RESERVATION;
    }

    private void reserve(long offset, int size, long value) {
        reserved = offset;
        reservedSize = size;
        reservedValue = value;
    }

    private long atomicOffset(long address, int size) {
        long[] tlb = data;
        int i = Tlb.index(tlb, address);
        return tlb[i + Tlb.STORE] == (address & (Tlb.PAGE_MASK | size - 1))
                ? address + tlb[i + Tlb.ADDEND]
                : alignedOffset(address, size, Access.STORE);
    }

    private long reservableOffset(long address, int size) {
        long[] tlb = data;
        int i = Tlb.index(tlb, address);
        return tlb[i] == (address & (Tlb.PAGE_MASK | size - 1))
                ? address + tlb[i + Tlb.ADDEND]
                : alignedOffset(address, size, Access.LOAD);
    }

    private long alignedOffset(long address, int size, Access access) {
        if ((address & size - 1) != 0) {
            throw fault(Kind.MISALIGNED, access, address);
        }
        return memoryPlace(address, size, access);
    }

    // Code

    @Override
    public int fetch16(long address) {
        return segment.get(LittleEndian.SHORT, fetchOffset(address)) & 0xFFFF;
    }

    private long fetchOffset(long address) {
        long[] tlb = code;
        int i = Tlb.index(tlb, address);
        return tlb[i] == (address & (Tlb.PAGE_MASK | 1))
                ? address + tlb[i + Tlb.ADDEND]
                : alignedOffset(address, 2, Access.FETCH);
    }

    @Override
    public boolean fetches(long address, short[] parcels) {
        for (int done = 0; done < parcels.length; ) {
            long at = address + 2L * done;
            long offset = fetchOffset(at);
            int end = Math.min(parcels.length, done + (bytesInPage(at, 2 * (parcels.length - done)) >> 1));
            for (; done < end; done++, offset += 2) {
                if (segment.get(LittleEndian.SHORT, offset) != parcels[done]) {
                    return false;
                }
            }
        }
        return true;
    }

    @Override
    public long translateFetch(long address) {
        long[] tlb = code;
        int i = Tlb.index(tlb, address);
        return tlb[i] == (address & Tlb.PAGE_MASK) ? address + tlb[i + Tlb.PHYSICAL] : translateFetchSlow(address);
    }

    private long translateFetchSlow(long address) {
        memoryPlace(address, 1, Access.FETCH);
        return bare(fetchPrivilege) ? address : walker.physical(address);
    }

    // Probes

    @Override
    public void probeStore(long address, int size) {
        probe(address, size, Access.STORE);
    }

    @Override
    public void probeLoad(long address, int size) {
        probe(address, size, Access.LOAD);
    }

    private void probe(long address, int size, Access access) {
        int done = 0;
        while (done < size) {
            int length = bytesInPage(address + done, size - done);
            long place = place(address + done, length, access);
            if (place < 0) {
                Mapping mapping = bus.find(~place);
                if (mapping == null || ~place - mapping.base() > mapping.size() - length) {
                    throw fault(Kind.ACCESS, access, address + done);
                }
            }
            done += length;
        }
    }

    // Misses

    /** As {@link #place}, where only memory will do. */
    private long memoryPlace(long address, int size, Access access) {
        long place = place(address, size, access);
        if (place < 0) {
            throw fault(Kind.ACCESS, access, address);
        }
        return place;
    }

    /** Where an access within one page goes. */
    private long place(long address, int size, Access access) {
        long[] tlb = access == Access.FETCH ? code : data;
        int i = Tlb.index(tlb, address);
        return tlb[access == Access.STORE ? i + Tlb.STORE : i] == (address & Tlb.PAGE_MASK)
                ? address + tlb[i + Tlb.ADDEND]
                : refill(address, size, access);
    }

    private long refill(long address, int size, Access access) {
        misses++;
        long physical = translate(address, access);
        int privilege = privilege(access);
        if (protection != null && !protection.permits(physical, size, access, privilege)) {
            throw fault(Kind.ACCESS, access, address);
        }
        long offset = access == Access.STORE ? memory.writableOffset(physical, size) : memory.offset(physical, size);
        if (offset < 0) {
            return ~physical;
        }
        long page = physical & Tlb.PAGE_MASK;
        if (protection == null || protection.uniform(page, 1 << Tlb.PAGE_SHIFT)) {
            cache(address, physical, offset, access, privilege);
        }
        return offset;
    }

    /** Puts a page of memory into the TLB, with all that its last walk allows besides the access that missed. */
    private void cache(long address, long physical, long offset, Access access, int privilege) {
        long tag = address & Tlb.PAGE_MASK;
        long addend = offset - address;
        boolean bare = bare(privilege);
        int order = bare ? Tlb.PAGE_SHIFT : walker.order();
        boolean global = bare || walker.global();
        if (access == Access.FETCH) {
            codeTlb.put(address, tag, physical - address, addend, order, global);
            return;
        }
        long page = physical & Tlb.PAGE_MASK;
        boolean load = access == Access.LOAD || (bare || walker.readable(mxr)) && permits(page, Access.LOAD, privilege);
        boolean store = access == Access.STORE || (bare || walker.writable()) && permits(page, Access.STORE, privilege)
                && memory.writableOffset(page, 1 << Tlb.PAGE_SHIFT) >= 0;
        dataTlb.put(address, load ? tag : Tlb.NOTHING, store ? tag : Tlb.NOTHING, addend, order, global);
    }

    private boolean permits(long page, Access access, int privilege) {
        return protection == null || protection.permits(page, 1 << Tlb.PAGE_SHIFT, access, privilege);
    }

    /** Physical address of an access, without physical memory protection. */
    private long translate(long address, Access access) {
        int privilege = privilege(access);
        if (bare(privilege)) {
            if (Long.compareUnsigned(address, PageWalker.PHYSICAL_LIMIT) >= 0) {
                throw fault(Kind.ACCESS, access, address);
            }
            return address;
        }
        walks++;
        return switch (walker.walk(mode, root, address, access, privilege, sum, mxr)) {
            case FOUND -> walker.physical(address);
            case PAGE_FAULT -> throw fault(Kind.PAGE, access, address);
            case ACCESS_FAULT -> throw fault(Kind.ACCESS, access, address);
        };
    }

    private int privilege(Access access) {
        return access == Access.FETCH ? fetchPrivilege : dataPrivilege;
    }

    private boolean bare(int privilege) {
        return privilege == MACHINE || mode == PagingMode.BARE;
    }

    private MemoryFault fault(Kind kind, Access access, long address) {
        faults++;
        return fault.of(kind, access, address);
    }

    // Regimes

    @Override
    public void root(PagingMode mode, long root, int asid) {
        if (mode != PagingMode.BARE) {
            if (mode != lastTranslated) {
                lastTranslated = mode;
                tlbs.flush();
            }
            tlbs.select(root, asid);
        }
        this.mode = mode;
        this.root = root;
        selectTlbs();
    }

    @Override
    public void privilege(int fetch, int data, boolean sum, boolean mxr) {
        this.fetchPrivilege = fetch;
        this.dataPrivilege = data;
        this.sum = sum;
        this.mxr = mxr;
        selectTlbs();
    }

    private void selectTlbs() {
        dataTlb = bare(dataPrivilege) ? tlbs.bareData(dataPrivilege) : tlbs.data(dataPrivilege == USER, sum, mxr);
        codeTlb = bare(fetchPrivilege) ? tlbs.bareCode(fetchPrivilege) : tlbs.code(fetchPrivilege == USER);
        data = dataTlb.words;
        code = codeTlb.words;
    }

    @Override
    public void walker(boolean updateAccessedDirty, boolean pageBasedMemoryTypes) {
        walker.configure(updateAccessedDirty, pageBasedMemoryTypes);
        tlbs.flush();
    }

    @Override
    public void protection(PhysicalProtection protection) {
        this.protection = protection;
        walker.protection(protection);
        tlbs.flush();
    }

    @Override
    public void flush() {
        flushes++;
        tlbs.flush();
    }

    @Override
    public void flushAsid(int asid) {
        flushes++;
        tlbs.flushAsid(asid);
    }

    @Override
    public void flushPage(long address) {
        flushes++;
        tlbs.flushPage(address);
    }

    @Override
    public void flushPageAsid(long address, int asid) {
        flushes++;
        tlbs.flushPageAsid(address, asid);
    }

    // People who look

    @Override
    public long debugTranslate(long address) {
        if (bare(dataPrivilege)) {
            return Long.compareUnsigned(address, PageWalker.PHYSICAL_LIMIT) < 0 ? address : -1;
        }
        PageWalker own = walker.copy();
        return own.find(mode, root, address) == PageWalker.Outcome.FOUND ? own.physical(address) : -1;
    }

    // Translated code

    @Override
    public long[] translations() {
        return data;
    }

    @Override
    public MemorySegment memory() {
        return segment;
    }

    @Override
    public long fetchStamp() {
        return codeTlb.stamp();
    }

    @Override
    public TlbStats stats() {
        return new TlbStats(misses, walks, faults, flushes, entries);
    }
}
