package org.vm.mmu.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vm.api.InvalidAddressException;
import org.vm.api.memory.GuestMemory.Region;
import org.vm.api.mmu.TlbLayout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

class GuestRamTest {
    private static Region region(String name, long base, long size, boolean writable) {
        return new Region(name, base, size, 0, writable);
    }

    @Test
    void offsetsAreAssignedInTheOrderGivenAndRegionsAreSortedByBase() {
        try (GuestRam ram = new GuestRam(List.of(region("ram", 0x8000_0000L, 0x10000, true), region("rom", 0x1000, 0x1000, false)))) {
            assertEquals(List.of(new Region("rom", 0x1000, 0x1000, 0x10000, false),
                    new Region("ram", 0x8000_0000L, 0x10000, 0, true)), ram.regions());
            assertTrue(ram.segment().byteSize() >= 0x11000);
            assertEquals(0, ram.segment().address() % 4096);
        }
    }

    @Test
    void anyLongsMayBeAskedFor() {
        try (GuestRam ram = new GuestRam(List.of(region("ram", 0x8000_0000L, 0x10000, true), region("rom", 0x1000, 0x1000, false)))) {
            assertEquals(0x10, ram.offset(0x8000_0010L, 8));
            assertEquals(0xFFF8, ram.offset(0x8000_FFF8L, 8));
            assertEquals(-1, ram.offset(0x8000_FFF9L, 8));
            assertEquals(-1, ram.offset(0x8001_0000L, 0));
            assertEquals(-1, ram.offset(0x7FFF_FFFFL, 8));
            assertEquals(-1, ram.offset(0x8000_0000L, -1));
            assertEquals(-1, ram.offset(0x8000_0000L, Long.MAX_VALUE));
            assertEquals(-1, ram.offset(-8, 16));
            assertEquals(-1, ram.offset(Long.MIN_VALUE, Long.MIN_VALUE));
            assertEquals(-1, ram.offset(Long.MAX_VALUE, Long.MAX_VALUE));
        }
    }

    @Test
    void romCanBeReadButIsNoPlaceForDma() {
        try (GuestRam ram = new GuestRam(List.of(region("rom", 0x1000, 0x1000, false), region("ram", 0x8000_0000L, 0x10000, true)))) {
            assertEquals(0, ram.offset(0x1000, 8));
            assertEquals(-1, ram.writableOffset(0x1000, 8));
            assertNull(ram.slice(0x1000, 8));
            assertNotNull(ram.slice(0x8000_0000L, 0x10000));
            assertNull(ram.slice(0x8000_0000L, 0x10001));
        }
    }

    @Test
    void aMaskedOffsetIsTheSameWithinAllMemoryAndNeverBeyondTheSegment() {
        for (long size : new long[] {0x1000, 0x10000, 0x11000, 0x7F000, 0x80000}) {
            try (GuestRam ram = new GuestRam(List.of(region("ram", 0, size, true)))) {
                long mask = TlbLayout.offsetMask(ram.segment());
                assumeTrue(mask != -1, "the host maps no memory");
                assertEquals(size - 1, size - 1 & mask);
                assertEquals(0, mask & mask + 1);
                assertEquals(0, ram.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, mask));
            }
        }
    }

    @Test
    void memoryStartsAsZeroes() {
        try (GuestRam ram = new GuestRam(List.of(region("ram", 0, 0x1000, true)))) {
            assertEquals(-1, ram.segment().asSlice(0, 0x1000).mismatch(MemorySegment.ofArray(new byte[0x1000])));
        }
    }

    @Test
    void mappedMemoryIsZeroedWritableToItsLastByteAndGoneAfterItsArena() {
        Arena arena = Arena.ofShared();
        MemorySegment mapping = AnonymousMapping.allocate(1L << 30, arena);
        assumeTrue(mapping != null, "the host maps no memory");
        assertEquals(1L << 30, mapping.byteSize());
        assertEquals(0, mapping.address() % (2 << 20));
        assertEquals(0, mapping.get(LittleEndian.BYTE, (1L << 30) - 1));
        mapping.set(LittleEndian.BYTE, (1L << 30) - 1, (byte) 7);
        assertEquals(7, mapping.get(LittleEndian.BYTE, (1L << 30) - 1));
        assertThrows(IndexOutOfBoundsException.class, () -> mapping.get(LittleEndian.BYTE, 1L << 30));
        arena.close();
        assertThrows(IllegalStateException.class, () -> mapping.get(LittleEndian.BYTE, 0));
    }

    @Test
    void overlappingRegionsAreRefusedNamingBoth() {
        var e = assertThrows(InvalidAddressException.class, () -> new GuestRam(List.of(
                region("high", 0x3000, 0x2000, true), region("low", 0x2000, 0x2000, true))));
        assertTrue(e.getMessage().contains("'high'") && e.getMessage().contains("'low'"), e.getMessage());
    }

    @Test
    void regionsThatAreNotWholePagesOfPhysicalMemoryAreRefused() {
        for (Region wrong : List.of(region("a", 0x800, 0x1000, true), region("b", 0x1000, 0x800, true),
                region("c", 0x1000, 0, true), region("d", 0x1000, -0x1000, true), region("e", -0x1000, 0x1000, true),
                region("f", 1L << 56, 0x1000, true))) {
            assertThrows(InvalidAddressException.class, () -> new GuestRam(List.of(wrong)), wrong.name());
        }
    }
}
