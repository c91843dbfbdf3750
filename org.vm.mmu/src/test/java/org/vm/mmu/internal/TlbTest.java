package org.vm.mmu.internal;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;

class TlbTest {
    private final Tlb tlb = new Tlb(16, () -> 0);

    private void put(long address, int order, boolean global) {
        long tag = address & Tlb.PAGE_MASK;
        tlb.put(address, tag, tag, 0, order, global);
    }

    private void assertHolds(boolean expected, long address) {
        assertEquals(expected, tlb.words[Tlb.index(tlb.words, address)] == (address & Tlb.PAGE_MASK),
                Long.toHexString(address));
    }

    @Test
    void aFlushDropsAllPiecesOfTheSuperpageAndNothingElse() {
        for (int order : new int[] {16, 21, 30, 39, 48}) {
            long base = 5L << order;
            long last = base + (1L << order) - 0x1000;
            for (long flushed : new long[] {base, base + (1L << order - 1), last}) {
                put(base + 0x1000, order, true);
                put(last, order, true);
                put(base - 0x2000, order, true);
                put(0x7_0000_3000L, 12, true);
                tlb.flushPage(flushed, false);
                assertHolds(false, base + 0x1000);
                assertHolds(false, last);
                assertHolds(true, base - 0x2000);
                assertHolds(true, 0x7_0000_3000L);
                tlb.flush();
            }
        }
    }

    @Test
    void superpagesOfSeveralGigabytesAreRemembered() {
        put(1L << 30, 21, true);
        put(1L << 30, 21, true);
        put((9L << 30) + 0x1000, 21, true);
        put((17L << 30) + 0x2000, 30, true);
        tlb.flushPage((9L << 30) + 0x5000, false);
        assertHolds(false, (9L << 30) + 0x1000);
        tlb.flushPage((1L << 30) + 0x5000, false);
        assertHolds(false, 1L << 30);
        tlb.flushPage((18L << 30) - 1, false);
        assertHolds(false, (17L << 30) + 0x2000);
    }

    @Test
    void aSuperpageOfManyGigabytesIsRememberedWhereASmallerOneWas() {
        put(4L << 30, 21, true);
        put((4L << 30) + 0x1000, 39, true);
        tlb.flushPage(7L << 30, false);
        assertHolds(true, 4L << 30);
        assertHolds(false, (4L << 30) + 0x1000);
    }

    @Test
    void moreGigabytesThanCanBeToldApartAreStillFlushed() {
        for (long gigabyte = 1; gigabyte <= 12; gigabyte++) {
            put((gigabyte << 30) + (gigabyte << 12), 21, true);
        }
        for (long gigabyte = 12; gigabyte >= 1; gigabyte--) {
            assertHolds(true, (gigabyte << 30) + (gigabyte << 12));
            tlb.flushPage((gigabyte << 30) + 0x10_0000, false);
            assertHolds(false, (gigabyte << 30) + (gigabyte << 12));
        }
    }

    @Test
    void aSuperpageThatMadeWayIsRememberedAnewWhenItComesBack() {
        put(1L << 30, 21, true);
        put(9L << 30, 21, true);
        put(1L << 30, 12, true);
        tlb.flushPage((1L << 30) + 0x5000, false);
        assertHolds(true, 1L << 30);
        put((1L << 30) + 0x1000, 21, true);
        put((9L << 30) + 0x2000, 21, true);
        tlb.flushPage((1L << 30) + 0x5000, false);
        assertHolds(true, 1L << 30);
        assertHolds(false, (1L << 30) + 0x1000);
        tlb.flushPage((9L << 30) + 0x5000, false);
        assertHolds(false, (9L << 30) + 0x2000);
    }

    @Test
    void globalEntriesAreKeptWhereAskedFor() {
        put(0x1000, 12, true);
        put(0x2000, 12, false);
        tlb.flushPage(0x1000, true);
        tlb.flushPage(0x2000, true);
        assertHolds(true, 0x1000);
        assertHolds(false, 0x2000);
        put(0x2000, 12, false);
        tlb.flushLocal();
        assertHolds(true, 0x1000);
        assertHolds(false, 0x2000);
        tlb.flush();
        assertHolds(false, 0x1000);
    }
}
