package org.vm.mmu.internal;

import java.lang.foreign.MemorySegment;
import org.vm.api.PagingMode;
import org.vm.api.memory.GuestMemory;
import org.vm.api.mmu.MemoryFault.Access;
import org.vm.api.mmu.PhysicalProtection;

/**
 * Walks page tables of Sv39, Sv48 and Sv57 as the RISC-V privileged specification says in "Virtual Address Translation
 * Process", with Svadu, Svnapot and Svpbmt. What a walk found stands in the fields until the next one.
 */
final class PageWalker {
    /** How a walk ended. */
    enum Outcome { FOUND, PAGE_FAULT, ACCESS_FAULT }

    /** Physical addresses have 56 bits. */
    static final long PHYSICAL_LIMIT = 1L << 56;

    private static final long VALID = 1;
    private static final long READ = 1 << 1;
    private static final long WRITE = 1 << 2;
    private static final long EXECUTE = 1 << 3;
    private static final long USER = 1 << 4;
    private static final long GLOBAL = 1 << 5;
    private static final long ACCESSED = 1 << 6;
    private static final long DIRTY = 1 << 7;
    private static final int PPN_SHIFT = 10;
    private static final long PPN_MASK = (1L << 44) - 1;
    private static final long RESERVED = 0x7FL << 54;
    private static final long PBMT = 3L << 61;
    private static final long NAPOT = 1L << 63;

    /** Bits of the virtual page number that one level of the table takes. */
    private static final int LEVEL_BITS = 9;
    /** Svnapot has one size, 64 KiB: ppn[3:0] is 1000. */
    private static final int NAPOT_ORDER = 16;
    private static final int NAPOT_PATTERN = 0x8;

    private static final int SUPERVISOR = 1;

    private final GuestMemory memory;
    private final MemorySegment segment;
    private PhysicalProtection protection;
    private boolean updateAccessedDirty;
    private boolean memoryTypes;

    /** The leaf that the last walk found, and where it is: offset in the segment and physical address. */
    private long leaf;
    private long leafOffset;
    private long leafAddress;
    private boolean global;
    private int order;

    PageWalker(GuestMemory memory) {
        this.memory = memory;
        this.segment = memory.segment();
    }

    void protection(PhysicalProtection protection) {
        this.protection = protection;
    }

    void configure(boolean updateAccessedDirty, boolean pageBasedMemoryTypes) {
        this.updateAccessedDirty = updateAccessedDirty;
        this.memoryTypes = pageBasedMemoryTypes;
    }

    /** As this one, for somebody else to use beside it. */
    PageWalker copy() {
        PageWalker copy = new PageWalker(memory);
        copy.protection = protection;
        copy.configure(updateAccessedDirty, memoryTypes);
        return copy;
    }

    /** Translates an address for an access, checking rights and updating A and D as the access demands. */
    Outcome walk(PagingMode mode, long root, long address, Access access, int privilege, boolean sum, boolean mxr) {
        while (true) {
            Outcome found = find(mode, root, address);
            if (found != Outcome.FOUND) {
                return found;
            }
            if (!permits(access, privilege, sum, mxr)) {
                return Outcome.PAGE_FAULT;
            }
            long wanted = leaf | ACCESSED | (access == Access.STORE ? DIRTY : 0);
            if (wanted == leaf) {
                return Outcome.FOUND;
            }
            if (!updateAccessedDirty) {
                return Outcome.PAGE_FAULT;
            }
            if (!accessible(Access.STORE)) {
                return Outcome.ACCESS_FAULT;
            }
            // Atomic with the checks above: if another hart changed the entry, everything starts again.
            if (LittleEndian.ATOMIC_LONG.compareAndSet(segment, leafOffset, leaf, wanted)) {
                leaf = wanted;
                return Outcome.FOUND;
            }
        }
    }

    /** Finds the leaf of an address, whatever its rights are; changes nothing in memory. */
    Outcome find(PagingMode mode, long root, long address) {
        int unused = 64 - mode.bits();
        if (address << unused >> unused != address) {
            return Outcome.PAGE_FAULT;
        }
        long table = root;
        global = false;
        for (int level = mode.levels() - 1; level >= 0; level--) {
            int shift = Tlb.PAGE_SHIFT + level * LEVEL_BITS;
            leafAddress = table + ((address >>> shift & (1 << LEVEL_BITS) - 1) << 3);
            leafOffset = memory.offset(leafAddress, Long.BYTES);
            if (leafOffset < 0 || !accessible(Access.LOAD)) {
                return Outcome.ACCESS_FAULT;
            }
            leaf = (long) LittleEndian.ATOMIC_LONG.getAcquire(segment, leafOffset);
            if ((leaf & VALID) == 0 || (leaf & (READ | WRITE)) == WRITE || (leaf & RESERVED) != 0) {
                return Outcome.PAGE_FAULT;
            }
            global |= (leaf & GLOBAL) != 0;
            if ((leaf & (READ | EXECUTE)) != 0) {
                order = shift;
                return leafIsWellFormed(level) ? Outcome.FOUND : Outcome.PAGE_FAULT;
            }
            if ((leaf & (ACCESSED | DIRTY | USER | PBMT | NAPOT)) != 0) {
                return Outcome.PAGE_FAULT;
            }
            table = pageNumber() << Tlb.PAGE_SHIFT;
        }
        return Outcome.PAGE_FAULT;
    }

    private boolean leafIsWellFormed(int level) {
        long types = leaf & PBMT;
        if (types != 0 && (!memoryTypes || types == PBMT)) {
            return false;
        }
        if ((leaf & NAPOT) != 0) {
            order = NAPOT_ORDER;
            return level == 0 && (pageNumber() & 0xF) == NAPOT_PATTERN;
        }
        return (pageNumber() & (1L << level * LEVEL_BITS) - 1) == 0;
    }

    private boolean permits(Access access, int privilege, boolean sum, boolean mxr) {
        if ((leaf & USER) != 0 ? privilege == SUPERVISOR && (access == Access.FETCH || !sum) : privilege != SUPERVISOR) {
            return false;
        }
        return (leaf & switch (access) {
            case FETCH -> EXECUTE;
            case LOAD -> mxr ? READ | EXECUTE : READ;
            case STORE -> WRITE;
        }) != 0;
    }

    /** The walker's own accesses: in memory, and permitted to the supervisor. */
    private boolean accessible(Access access) {
        return (access == Access.LOAD || memory.writableOffset(leafAddress, Long.BYTES) >= 0)
                && (protection == null || protection.permits(leafAddress, Long.BYTES, access, SUPERVISOR));
    }

    private long pageNumber() {
        return leaf >>> PPN_SHIFT & PPN_MASK;
    }

    /** Physical address of {@code address} in the page that was found. */
    long physical(long address) {
        long inPage = (1L << order) - 1;
        return pageNumber() << Tlb.PAGE_SHIFT & ~inPage | address & inPage;
    }

    /** Binary logarithm of the size of the page that was found. */
    int order() {
        return order;
    }

    boolean global() {
        return global;
    }

    /** Whether loads of the page would be permitted as well, under the rights of the walk that found it. */
    boolean readable(boolean mxr) {
        return (leaf & (mxr ? READ | EXECUTE : READ)) != 0;
    }

    /** Whether stores to the page would be permitted as well, without another update of the entry. */
    boolean writable() {
        return (leaf & (WRITE | DIRTY)) == (WRITE | DIRTY);
    }
}
