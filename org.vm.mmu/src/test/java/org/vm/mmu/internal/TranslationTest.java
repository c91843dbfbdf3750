package org.vm.mmu.internal;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vm.api.PagingMode;
import org.vm.api.mmu.MemoryFault.Access;
import org.vm.api.mmu.MemoryFault.Kind;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.vm.api.PagingMode.SV39;
import static org.vm.api.PagingMode.SV48;
import static org.vm.api.PagingMode.SV57;
import static org.vm.mmu.internal.Fixture.*;

/** Corner cases of page tables (RISC-V privileged specification, "Virtual Address Translation Process"). */
class TranslationTest {
    private static final long PAGE = 0x5000;
    private static final long NAPOT = 1L << 63;

    private final Fixture f = new Fixture();
    private final SoftMmu mmu = f.mmu;

    @AfterEach
    void close() {
        f.close();
    }

    private void assertPageFaults(long address) {
        assertFault(Kind.PAGE, Access.LOAD, address, () -> mmu.load8(address));
        assertFault(Kind.PAGE, Access.STORE, address, () -> mmu.store8(address, (byte) 0));
        assertFault(Kind.PAGE, Access.FETCH, address, () -> mmu.translateFetch(address));
    }

    /** Replaces the leaf of {@link #PAGE} in an Sv39 table. */
    private long leaf(long root, long entry) {
        long at = f.entry(SV39, root, PAGE, 0);
        f.poke(at, entry);
        mmu.flush();
        return at;
    }

    @Test
    void everyModeTranslatesPagesOfEveryLevel() {
        for (PagingMode mode : new PagingMode[] {SV39, SV48, SV57}) {
            for (int level = 0; level < mode.levels(); level++) {
                long root = f.table();
                mmu.root(mode, root, 0);
                mmu.privilege(SUPERVISOR, SUPERVISOR, false, false);
                long size = 1L << 12 + 9 * level;
                // The superpage that holds RAM; seen from an address in the upper half.
                long virtual = -size;
                f.map(mode, root, virtual, level, RAM & -size, RWX);
                long address = virtual + (RAM & size - 1) + 0x234;
                f.poke(RAM + 0x230, 0x1234_5678_0000_0000L);
                assertEquals(0x1234_5678, mmu.load32(address), mode + " level " + level);
                assertEquals(RAM + 0x234, mmu.translateFetch(address));
                assertEquals(RAM + 0x234, mmu.debugTranslate(address));
                mmu.store16(address, (short) 0x4321);
                assertEquals(0x1234_4321_0000_0000L, f.peek(RAM + 0x230));
            }
        }
    }

    @Test
    void misalignedSuperpagesFault() {
        long root = f.sv39();
        f.map(SV39, root, 0, 1, RAM + 0x1000, RWX);
        assertPageFaults(0);
        f.map(SV39, root, 1 << 30, 2, RAM + (2 << 20), RWX);
        assertPageFaults(1 << 30);
    }

    @Test
    void addressesThatAreNotSignExtendedFault() {
        long root = f.sv39();
        f.map(SV39, root, PAGE, 0, RAM, RWX);
        mmu.load8(PAGE);
        for (long wrong : new long[] {1L << 39 | PAGE, 1L << 38 | PAGE, 1L << 63 | PAGE, -1L << 40 | PAGE}) {
            assertPageFaults(wrong);
            assertEquals(-1, mmu.debugTranslate(wrong));
        }
    }

    @Test
    void reservedEncodingsFault() {
        long root = f.sv39();
        long good = pte(RAM, RWX);
        leaf(root, good);
        mmu.load8(PAGE);
        for (int bit = 54; bit <= 60; bit++) {
            leaf(root, good | 1L << bit);
            assertPageFaults(PAGE);
        }
        leaf(root, pte(RAM, V | W | A | D));
        assertPageFaults(PAGE);
        leaf(root, pte(RAM, V | W | X | A | D));
        assertPageFaults(PAGE);
        leaf(root, good & ~V);
        assertPageFaults(PAGE);
        leaf(root, pte(RAM, V));
        assertPageFaults(PAGE);
    }

    @Test
    void entriesThatPointToATableHaveNoAttributesButGlobal() {
        long root = f.sv39();
        f.map(SV39, root, PAGE, 0, RAM, RWX);
        long at = f.entry(SV39, root, PAGE, 1);
        long good = f.peek(at);
        for (long wrong : new long[] {A, D, U, 1L << 61, 2L << 61, NAPOT, 1L << 60}) {
            f.poke(at, good | wrong);
            mmu.flush();
            assertPageFaults(PAGE);
        }
        f.poke(at, good | G | 3 << 8);
        mmu.flush();
        mmu.load8(PAGE);
    }

    @Test
    void memoryTypesAreForSvpbmtOnly() {
        long root = f.sv39();
        for (int type = 1; type <= 2; type++) {
            leaf(root, pte(RAM, RWX) | (long) type << 61);
            mmu.walker(true, true);
            mmu.load8(PAGE);
            mmu.walker(true, false);
            assertPageFaults(PAGE);
        }
        leaf(root, pte(RAM, RWX) | 3L << 61);
        mmu.walker(true, true);
        assertPageFaults(PAGE);
    }

    @Test
    void svnapotMakesPagesOf64KiBAndReservesAllOtherSizes() {
        long root = f.sv39();
        for (long page = 0x10000; page < 0x20000; page += 0x1000) {
            f.map(SV39, root, page, 0, RAM + 0x28000, RWX | NAPOT);
        }
        for (long address = 0x10008; address < 0x20000; address += 0x1000) {
            assertEquals(RAM + 0x10000 + address, mmu.translateFetch(address));
            mmu.store64(address, address);
            assertEquals(address, f.peek(RAM + 0x10000 + address));
        }
        for (long pattern : new long[] {0, 1, 2, 4, 9, 0xC}) {
            leaf(root, pte(RAM + pattern * 0x1000, RWX) | NAPOT);
            assertPageFaults(PAGE);
        }
        f.map(SV39, root, 1 << 30, 1, RAM, RWX | NAPOT);
        assertPageFaults(1 << 30);
    }

    @Test
    void flushingOneAddressOfASuperpageDropsAllOfIt() {
        long root = f.sv39();
        f.map(SV39, root, 0, 1, RAM, RWX);
        mmu.load8(0x3000);
        mmu.translateFetch(0x4000);
        f.map(SV39, root, 0, 1, RAM + (2 << 20), RWX);
        mmu.flushPage(0x10_0000);
        f.poke(RAM + (2 << 20) + 0x3000, 0x77);
        assertEquals(0x77, mmu.load8(0x3000));
        assertEquals(RAM + (2 << 20) + 0x4000, mmu.translateFetch(0x4000));
    }

    @Test
    void theWalkerSetsAccessedAndDirtyAsNeeded() {
        long root = f.sv39();
        long at = leaf(root, pte(RAM, V | R | W | X));
        mmu.debugTranslate(PAGE);
        assertEquals(pte(RAM, V | R | W | X), f.peek(at));
        mmu.load8(PAGE);
        assertEquals(pte(RAM, V | R | W | X | A), f.peek(at));
        mmu.translateFetch(PAGE);
        assertEquals(pte(RAM, V | R | W | X | A), f.peek(at));
        mmu.store8(PAGE, (byte) 1);
        assertEquals(pte(RAM, V | R | W | X | A | D), f.peek(at));
    }

    @Test
    void withoutSvaduMissingAccessedOrDirtyBitsFault() {
        long root = f.sv39();
        mmu.walker(false, true);
        leaf(root, pte(RAM, V | R | W | X));
        assertPageFaults(PAGE);
        long at = leaf(root, pte(RAM, V | R | W | X | A));
        mmu.load8(PAGE);
        mmu.translateFetch(PAGE);
        assertFault(Kind.PAGE, Access.STORE, PAGE, () -> mmu.store8(PAGE, (byte) 1));
        assertFault(Kind.PAGE, Access.STORE, PAGE, () -> mmu.update32(PAGE, Integer::sum, 1));
        assertEquals(pte(RAM, V | R | W | X | A), f.peek(at));
        // A page that turns dirty needs no flush: what was cached is that stores miss.
        f.poke(at, pte(RAM, RWX));
        mmu.store8(PAGE, (byte) 1);
    }

    @Test
    void anAccessThatIsNotPermittedLeavesTheEntryAlone() {
        long root = f.sv39();
        long entry = pte(RAM, V | R);
        long at = leaf(root, entry);
        assertFault(Kind.PAGE, Access.STORE, PAGE, () -> mmu.store8(PAGE, (byte) 1));
        assertFault(Kind.PAGE, Access.FETCH, PAGE, () -> mmu.translateFetch(PAGE));
        assertEquals(entry, f.peek(at));
    }

    @Test
    void tablesOutsideMemoryAreAccessFaultsOfTheAccessThatNeededThem() {
        mmu.privilege(SUPERVISOR, SUPERVISOR, false, false);
        for (long root : new long[] {DEVICE, 0x9000_0000L, (1L << 56) - 4096}) {
            mmu.root(SV39, root, 0);
            assertFault(Kind.ACCESS, Access.LOAD, PAGE, () -> mmu.load8(PAGE));
            assertFault(Kind.ACCESS, Access.STORE, PAGE, () -> mmu.store8(PAGE, (byte) 0));
            assertFault(Kind.ACCESS, Access.FETCH, PAGE, () -> mmu.fetch16(PAGE));
            assertEquals(-1, mmu.debugTranslate(PAGE));
        }
    }

    @Test
    void aTableInRomWorksAsLongAsItNeedsNoUpdate() {
        f.poke(ROM, pte(0, RWX));
        f.poke(ROM + 16, pte(RAM & -1L << 30, V | R));
        f.poke(ROM + 24, pte(RAM & -1L << 30, V | R | A | W));
        mmu.root(SV39, ROM, 0);
        mmu.walker(true, false);
        mmu.privilege(SUPERVISOR, SUPERVISOR, false, false);
        mmu.load8(ROM);
        long noUpdate = 2L << 30;
        assertFault(Kind.ACCESS, Access.LOAD, noUpdate, () -> mmu.load8(noUpdate));
        long onlyDirty = 3L << 30;
        mmu.load8(onlyDirty);
        assertFault(Kind.ACCESS, Access.STORE, onlyDirty, () -> mmu.store8(onlyDirty, (byte) 1));
    }

    @Test
    void devicesAndHolesAreFoundBehindTranslation() {
        long root = f.sv39();
        f.map(SV39, root, PAGE, 0, DEVICE, RW);
        f.map(SV39, root, 0x6000, 0, 0x9000_0000L, RWX);
        f.map(SV39, root, 0x7000, 0, (1L << 56) - 4096, RWX);
        mmu.store32(PAGE + 8, 5);
        assertEquals(0xF5F6F708, mmu.load32(PAGE + 8));
        assertFault(Kind.ACCESS, Access.LOAD, PAGE + 0x100, () -> mmu.load8(PAGE + 0x100));
        assertFault(Kind.ACCESS, Access.STORE, 0x6008, () -> mmu.store8(0x6008, (byte) 0));
        assertFault(Kind.ACCESS, Access.FETCH, 0x6008, () -> mmu.translateFetch(0x6008));
        assertFault(Kind.ACCESS, Access.LOAD, 0x7008, () -> mmu.load8(0x7008));
    }
}
