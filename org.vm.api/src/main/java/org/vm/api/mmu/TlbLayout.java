package org.vm.api.mmu;

import java.lang.foreign.MemorySegment;

/**
 * The words of {@link Mmu#translations()}: a direct-mapped TLB, four words an entry. The entry for an address begins at
 * {@code (address >>> INDEX_SHIFT) & (words.length - ENTRY)}. An access of {@code size} bytes (1, 2, 4, 8) hits if
 * {@code (address & (PAGE_MASK | size - 1))} equals the entry's tag for its kind, so a misaligned one misses; then
 * {@code address + addend} is its offset in {@link Mmu#memory()}.
 */
public final class TlbLayout {
    public static final int PAGE_SHIFT = 12;
    public static final long PAGE_MASK = -1L << PAGE_SHIFT;
    /** Words of an entry, and the shift that takes an address to its entry's first word. */
    public static final int ENTRY = 4;
    public static final int INDEX_SHIFT = PAGE_SHIFT - 2;
    /** Words within an entry: the tag for loads, the tag for stores, the addend. */
    public static final int LOAD = 0;
    public static final int STORE = 1;
    public static final int ADDEND = 2;

    private TlbLayout() {}

    /**
     * The largest offset that generated code may reach in {@code memory}, with all bits below its highest set: an offset
     * that is and-ed with it needs no bounds check, and each offset that a hit gives is left as it is. Memory that is made
     * for this has a power of two and eight more bytes.
     *
     * @return -1 for memory of another size
     */
    public static long offsetMask(MemorySegment memory) {
        long mask = memory.byteSize() - Long.BYTES - 1;
        return mask > 0 && (mask & mask + 1) == 0 ? mask : -1;
    }
}
