package org.vm.mmu.internal;

import java.util.Arrays;
import java.util.function.LongSupplier;
import org.vm.api.mmu.TlbLayout;

/**
 * A direct-mapped software TLB: what one privilege regime may do with the pages of RAM that it used last.
 *
 * <p>An entry is four neighbours in one array, so that a hit touches one cache line. In a data TLB: tag for loads, tag
 * for stores, addend, {@code meta}; in a code TLB: tag, physical addend, addend, {@code meta}. A tag is the virtual
 * address of the page; the addend takes a virtual address to the offset in the memory segment, the physical addend
 * takes it to the physical address. An access of {@code size} bytes hits if
 * {@code (address & (PAGE_MASK | size - 1)) == tag}, so misaligned accesses miss by the same comparison.
 */
final class Tlb {
    static final int PAGE_SHIFT = TlbLayout.PAGE_SHIFT;
    static final long PAGE_MASK = TlbLayout.PAGE_MASK;

    static final int LOAD = TlbLayout.LOAD;
    static final int STORE = TlbLayout.STORE;
    static final int CODE = 0;
    static final int PHYSICAL = 1;
    static final int ADDEND = TlbLayout.ADDEND;
    /** Page address, {@link #GLOBAL}, and in the low bits the binary logarithm of the page size in the page table. */
    private static final int META = 3;

    private static final long ORDER = 0x3F;
    private static final long GLOBAL = 0x40;
    private static final int ENTRY = TlbLayout.ENTRY;
    /** A tag that nothing matches, because of the bits below the page number. As {@code meta}: global, so it is kept. */
    static final long NOTHING = -1;

    private static final int GIGABYTE_SHIFT = 30;

    final long[] words;
    /** Whether there may be entries at all, and entries that are not global. */
    private boolean used;
    private boolean local;
    /**
     * Gigabytes of the address space with entries from superpages: kernels map memory with superpages and flush single
     * pages elsewhere, and only a flush that may concern a superpage looks at all entries.
     */
    private final long[] gigabytes = new long[8];
    private int gigabyteCount;
    /** Whether superpages are in more gigabytes than can be told apart. */
    private boolean anywhere;

    private final LongSupplier stamps;
    private long stamp;

    /** @param stamps numbers that never come again */
    Tlb(int entries, LongSupplier stamps) {
        this.stamps = stamps;
        stamp = stamps.getAsLong();
        words = new long[entries * ENTRY];
        Arrays.fill(words, NOTHING);
    }

    /** Index of the entry for an address in an array as {@link #words}. */
    static int index(long[] words, long address) {
        return (int) (address >>> TlbLayout.INDEX_SHIFT) & words.length - ENTRY;
    }

    /**
     * Replaces the entry of a page.
     *
     * @param address any address in the page
     * @param first   load tag or code tag
     * @param second  store tag or physical addend
     * @param order   binary logarithm of the size of the page in the page table
     */
    void put(long address, long first, long second, long addend, int order, boolean global) {
        int i = index(words, address);
        words[i] = first;
        words[i + 1] = second;
        words[i + ADDEND] = addend;
        words[i + META] = address & PAGE_MASK | (global ? GLOBAL : 0) | order;
        used = true;
        if (order > PAGE_SHIFT) {
            noteSuperpage(address >>> GIGABYTE_SHIFT, order);
        }
        local |= !global;
    }

    /** Another number after each flush that may have dropped something. */
    long stamp() {
        return stamp;
    }

    void flush() {
        if (used) {
            stamp = stamps.getAsLong();
            Arrays.fill(words, NOTHING);
            used = false;
            gigabyteCount = 0;
            anywhere = false;
            local = false;
        }
    }

    /** Drops what is not global. */
    void flushLocal() {
        if (local) {
            stamp = stamps.getAsLong();
            for (int i = 0; i < words.length; i += ENTRY) {
                if ((words[i + META] & GLOBAL) == 0) {
                    drop(i);
                }
            }
            local = false;
        }
    }

    /**
     * Drops the entries that come from the page-table leaf of an address: if that is a superpage, there may be several
     * of them, anywhere.
     */
    void flushPage(long address, boolean keepGlobal) {
        if (!used) {
            return;
        }
        // Entries may have made way to others, and what was asked of them is remembered elsewhere.
        stamp = stamps.getAsLong();
        long gigabyte = address >>> GIGABYTE_SHIFT;
        if (anywhere || hasSuperpages(gigabyte)) {
            boolean left = false;
            for (int i = 0; i < words.length; i += ENTRY) {
                dropIfCovers(i, address, keepGlobal);
                left |= isSuperpageIn(i, gigabyte);
            }
            if (!left) {
                forgetSuperpages(gigabyte);
            }
        } else {
            dropIfCovers(index(words, address), address, keepGlobal);
        }
    }

    private boolean isSuperpageIn(int i, long gigabyte) {
        long meta = words[i + META];
        return meta != NOTHING && (meta & ORDER) > PAGE_SHIFT && meta >>> GIGABYTE_SHIFT == gigabyte;
    }

    /** What came from them has made way to other entries; flushes there need not look for it any more. */
    private void forgetSuperpages(long gigabyte) {
        for (int i = 0; i < gigabyteCount; i++) {
            if (gigabytes[i] == gigabyte) {
                gigabytes[i] = gigabytes[--gigabyteCount];
                return;
            }
        }
    }

    private void noteSuperpage(long gigabyte, int order) {
        if (order > GIGABYTE_SHIFT) {
            anywhere = true;
        } else if (!anywhere && !hasSuperpages(gigabyte)) {
            if (gigabyteCount == gigabytes.length) {
                anywhere = true;
            } else {
                gigabytes[gigabyteCount++] = gigabyte;
            }
        }
    }

    private boolean hasSuperpages(long gigabyte) {
        for (int i = 0; i < gigabyteCount; i++) {
            if (gigabytes[i] == gigabyte) {
                return true;
            }
        }
        return false;
    }

    private void dropIfCovers(int i, long address, boolean keepGlobal) {
        long meta = words[i + META];
        if (((meta ^ address) & -1L << (meta & ORDER)) == 0 && !(keepGlobal && (meta & GLOBAL) != 0)) {
            drop(i);
        }
    }

    private void drop(int i) {
        words[i] = NOTHING;
        words[i + 1] = NOTHING;
        words[i + META] = NOTHING;
    }
}
