package org.vm.api.mmu;

import java.lang.foreign.MemorySegment;
import java.util.function.IntBinaryOperator;
import java.util.function.LongBinaryOperator;
import org.vm.api.PagingMode;
import org.vm.api.TlbStats;

/**
 * What stands between one CPU and the machine's memory and devices. Addresses are virtual under the current regime.
 * Little-endian. Used by the CPU's own thread only, but for {@link #stats()}.
 *
 * <p>Accesses may be misaligned; aligned ones are single-copy atomic. An access that fails throws {@link MemoryFault}
 * and has no effect.
 */
public interface Mmu {
    byte load8(long address);

    short load16(long address);

    int load32(long address);

    long load64(long address);

    void store8(long address, byte value);

    void store16(long address, short value);

    void store32(long address, int value);

    void store64(long address, long value);

    /**
     * Atomic read-modify-write; must be naturally aligned. Sequentially consistent.
     *
     * @param f non-capturing (no allocation): old value, operand → new value
     * @return the old value
     */
    int update32(long address, IntBinaryOperator f, int operand);

    /** As {@link #update32}, 64 bits. */
    long update64(long address, LongBinaryOperator f, long operand);

    /** Loads and reserves; aligned. */
    int loadReserved32(long address);

    long loadReserved64(long address);

    /** Stores if the reservation holds; gives it up in any case. @return whether it stored */
    boolean storeConditional32(long address, int value);

    boolean storeConditional64(long address, long value);

    /** Gives up the reservation (traps, context switches). */
    void clearReservation();

    /** Fetches 16 bits of code. */
    int fetch16(long address);

    /** Whether the code at {@code address} is {@code parcels}: as comparing each with {@link #fetch16}, but faster. */
    boolean fetches(long address, short[] parcels);

    /**
     * Physical address of code, checked for execution.
     *
     * @throws MemoryFault if it cannot be fetched from
     */
    long translateFetch(long address);

    /** Checks that a store of {@code size} bytes would be permitted, faulting as the store would (cbo.zero and friends). */
    void probeStore(long address, int size);

    /** As {@link #probeStore} for a load. */
    void probeLoad(long address, int size);

    /**
     * Selects the page table.
     *
     * @param root physical address of the root table; ignored for {@link PagingMode#BARE}
     * @param asid address-space identifier
     */
    void root(PagingMode mode, long root, int asid);

    /**
     * Selects the rights of accesses. Privileges: 0 user, 1 supervisor, 3 machine (untranslated).
     *
     * @param fetch  privilege of instruction fetches
     * @param data   privilege of loads and stores (differs under MPRV)
     * @param sum    supervisor may access user pages
     * @param mxr    executable pages are readable
     */
    void privilege(int fetch, int data, boolean sum, boolean mxr);

    /** Whether the walker sets A and D bits itself (Svadu) or faults, and whether PBMT bits are allowed (Svpbmt). */
    void walker(boolean updateAccessedDirty, boolean pageBasedMemoryTypes);

    /** Physical memory protection; {@code null}: everything is permitted. Drops all cached translations. */
    void protection(PhysicalProtection protection);

    /** Drops all cached translations. */
    void flush();

    /** Drops those of one address space (global pages may stay). */
    void flushAsid(int asid);

    /** Drops those of the page that contains {@code address}, in all address spaces. */
    void flushPage(long address);

    /** Drops those of one page in one address space (global pages may stay). */
    void flushPageAsid(long address, int asid);

    /**
     * Translates for a debugger: no fault, no A/D update, no side effect, any thread at its own risk.
     *
     * @return the physical address, or -1
     */
    long debugTranslate(long address);

    TlbStats stats();

    /**
     * The data TLB of the present regime, for code that an engine generates: it may read hits in it, and asks the methods
     * above for all else. {@link TlbLayout} tells the words' meaning. Another array after each change of privilege or of
     * the page table, so keep it no longer than the registers of one run of translated code.
     */
    long[] translations();

    /** What the addends of {@link #translations()} lead into: all RAM and ROM. */
    MemorySegment memory();

    /**
     * Stands for everything that fetches are translated with: while it is the same, {@link #translateFetch} gives the
     * same answers that it gave before. Numbers come again when an address space comes back unchanged.
     */
    long fetchStamp();
}
