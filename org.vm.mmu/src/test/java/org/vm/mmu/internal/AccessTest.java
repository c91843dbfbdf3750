package org.vm.mmu.internal;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vm.api.PagingMode;
import org.vm.api.mmu.MemoryFault.Access;
import org.vm.api.mmu.MemoryFault.Kind;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.vm.mmu.internal.Fixture.*;

/** Loads, stores and fetches by kind of place, without paging where that does not matter. */
class AccessTest {
    private final Fixture f = new Fixture();
    private final SoftMmu mmu = f.mmu;

    @AfterEach
    void close() {
        f.close();
    }

    @Test
    void everyWidthAtEveryAlignmentReadsWhatWasWrittenLittleEndian() {
        for (int pass = 0; pass < 2; pass++) {
            for (long address = RAM + 4096 - 16; address < RAM + 4096 + 16; address++) {
                mmu.store64(address, 0x8182_8384_8586_8788L);
                assertEquals(0x8182_8384_8586_8788L, mmu.load64(address));
                assertEquals(0x8586_8788, mmu.load32(address));
                assertEquals((short) 0x8788, mmu.load16(address));
                assertEquals((byte) 0x88, mmu.load8(address));
                assertEquals((byte) 0x81, mmu.load8(address + 7));
                mmu.store32(address + 2, 0x1112_1314);
                mmu.store16(address + 4, (short) 0x2122);
                mmu.store8(address + 4, (byte) 0x33);
                assertEquals(0x8182_2133_1314_8788L, mmu.load64(address));
            }
        }
    }

    @Test
    void devicesSeeOffsetWidthAndZeroExtendedValue() {
        assertEquals((byte) 0x04, mmu.load8(DEVICE + 4));
        assertEquals((short) 0xF706, mmu.load16(DEVICE + 6));
        assertEquals(0xF5F6F708, mmu.load32(DEVICE + 8));
        assertEquals(0xF1F2F3F4F5F6F710L, mmu.load64(DEVICE + 0x10));
        mmu.store8(DEVICE + 0xFF, (byte) -1);
        mmu.store16(DEVICE + 2, (short) -2);
        mmu.store32(DEVICE + 4, -3);
        mmu.store64(DEVICE + 0xF8, -4);
        assertEquals(List.of("read1 4", "read2 6", "read4 8", "read8 10",
                "write1 ff ff", "write2 2 fffe", "write4 4 fffffffd", "write8 f8 fffffffffffffffc"), f.device.log);
    }

    @Test
    void misalignedDeviceAccessesAndAddressesWithoutAnythingAreAccessFaults() {
        assertFault(Kind.ACCESS, Access.LOAD, DEVICE + 2, () -> mmu.load32(DEVICE + 2));
        assertFault(Kind.ACCESS, Access.STORE, DEVICE + 4, () -> mmu.store64(DEVICE + 4, 0));
        assertFault(Kind.ACCESS, Access.LOAD, DEVICE + 0x100, () -> mmu.load8(DEVICE + 0x100));
        assertFault(Kind.ACCESS, Access.STORE, 0x9000_0000L, () -> mmu.store8(0x9000_0000L, (byte) 0));
        assertFault(Kind.ACCESS, Access.LOAD, 1L << 56, () -> mmu.load8(1L << 56));
        assertFault(Kind.ACCESS, Access.FETCH, -2, () -> mmu.fetch16(-2));
        assertFault(Kind.ACCESS, Access.FETCH, DEVICE, () -> mmu.fetch16(DEVICE));
        assertFault(Kind.ACCESS, Access.FETCH, DEVICE, () -> mmu.translateFetch(DEVICE));
        assertEquals(List.of(), f.device.log);
    }

    @Test
    void codeIsComparedParcelByParcelAcrossPages() {
        short[] code = new short[40];
        for (long start : new long[] {RAM, RAM + 4096 - 2, RAM + 4096 - 30}) {
            for (int i = 0; i < code.length; i++) {
                code[i] = (short) (0x8000 + i);
                mmu.store16(start + 2 * i, code[i]);
            }
            assertTrue(mmu.fetches(start, code));
            for (int i = 0; i < code.length; i++) {
                mmu.store16(start + 2 * i, (short) 0);
                assertFalse(mmu.fetches(start, code));
                mmu.store16(start + 2 * i, code[i]);
            }
        }
        assertFault(Kind.ACCESS, Access.FETCH, DEVICE, () -> mmu.fetches(DEVICE, code));
        assertFault(Kind.MISALIGNED, Access.FETCH, RAM + 1, () -> mmu.fetches(RAM + 1, code));
    }

    @Test
    void romCanBeReadAndRunButNotWritten() {
        f.poke(ROM, 0x1234_5678);
        assertEquals(0x1234_5678, mmu.load32(ROM));
        assertEquals(0x5678, mmu.fetch16(ROM));
        assertEquals(ROM + 2, mmu.translateFetch(ROM + 2));
        assertFault(Kind.ACCESS, Access.STORE, ROM, () -> mmu.store32(ROM, 0));
        assertFault(Kind.ACCESS, Access.STORE, ROM, () -> mmu.update32(ROM, Integer::sum, 1));
        assertFault(Kind.ACCESS, Access.STORE, ROM, () -> mmu.probeStore(ROM, 64));
        assertEquals(0x1234_5678, mmu.load32(ROM));
    }

    @Test
    void anAccessOverTheEndOfMemoryNamesItsFirstByteThatFails() {
        long end = RAM + RAM_SIZE;
        assertFault(Kind.ACCESS, Access.LOAD, end, () -> mmu.load64(end - 4));
        assertFault(Kind.ACCESS, Access.STORE, end, () -> mmu.store16(end - 1, (short) -1));
        assertFault(Kind.ACCESS, Access.STORE, end, () -> mmu.store64(end - 4, -1));
        assertEquals(0, mmu.load32(end - 4));
        assertFault(Kind.ACCESS, Access.STORE, RAM - 1, () -> mmu.store32(RAM - 1, -1));
        assertEquals(0, mmu.load32(RAM));
    }

    @Test
    void aStoreAcrossPagesThatFaultsInTheSecondWritesNothing() {
        long root = f.sv39();
        f.map(PagingMode.SV39, root, 0x5000, 0, RAM, RW);
        f.map(PagingMode.SV39, root, 0x6000, 0, RAM + 0x3000, V | R | A);
        for (int pass = 0; pass < 2; pass++) {
            assertFault(Kind.PAGE, Access.STORE, 0x6000, () -> mmu.store32(0x5FFE, -1));
            assertFault(Kind.PAGE, Access.STORE, 0x6000, () -> mmu.store64(0x5FF9, -1));
            assertFault(Kind.PAGE, Access.STORE, 0x6000, () -> mmu.store16(0x5FFF, (short) -1));
            assertEquals(0, mmu.load64(0x5FF8));
            assertEquals(0, mmu.load64(0x5FFC));
        }
        assertFault(Kind.PAGE, Access.LOAD, 0x7000, () -> mmu.load64(0x6FFD));
        assertFault(Kind.PAGE, Access.LOAD, 0x4FFF, () -> mmu.load64(0x4FFF));
    }

    @Test
    void anAccessAcrossPagesUsesBothTranslations() {
        long root = f.sv39();
        f.map(PagingMode.SV39, root, 0x5000, 0, RAM + 0x7000, RW);
        f.map(PagingMode.SV39, root, 0x6000, 0, RAM + 0x2000, RW);
        mmu.store64(0x5FFD, 0x0807_0605_0403_0201L);
        assertEquals(0x030201L << 40, f.peek(RAM + 0x7FF8));
        assertEquals(0x08_0706_0504L, f.peek(RAM + 0x2000));
        assertEquals(0x0807_0605_0403_0201L, mmu.load64(0x5FFD));
    }

    @Test
    void addressesWrapAtTheEndOfTheAddressSpace() {
        long root = f.sv39();
        f.map(PagingMode.SV39, root, -4096, 0, RAM, RW);
        f.map(PagingMode.SV39, root, 0, 0, RAM + 0x1000, RW);
        mmu.store32(-2, 0x0403_0201);
        assertEquals(0x0201L << 48, f.peek(RAM + 0xFF8));
        assertEquals(0x0403, f.peek(RAM + 0x1000));
    }

    @Test
    void misalignedAtomicsAndFetchesAreRefusedAsSuch() {
        assertFault(Kind.MISALIGNED, Access.STORE, RAM + 2, () -> mmu.update32(RAM + 2, Integer::sum, 1));
        assertFault(Kind.MISALIGNED, Access.STORE, RAM + 4, () -> mmu.update64(RAM + 4, Long::sum, 1));
        assertFault(Kind.MISALIGNED, Access.LOAD, RAM + 1, () -> mmu.loadReserved32(RAM + 1));
        assertFault(Kind.MISALIGNED, Access.STORE, RAM + 1, () -> mmu.storeConditional64(RAM + 1, 0));
        assertFault(Kind.MISALIGNED, Access.FETCH, RAM + 1, () -> mmu.fetch16(RAM + 1));
    }

    @Test
    void atomicsOnDevicesAreAccessFaults() {
        assertFault(Kind.ACCESS, Access.STORE, DEVICE, () -> mmu.update32(DEVICE, Integer::sum, 1));
        assertFault(Kind.ACCESS, Access.LOAD, DEVICE, () -> mmu.loadReserved64(DEVICE));
        assertFault(Kind.ACCESS, Access.STORE, DEVICE, () -> mmu.storeConditional32(DEVICE, 1));
        assertEquals(List.of(), f.device.log);
    }

    @Test
    void probesTouchNothingAndFaultAsTheAccessWould() {
        mmu.probeStore(RAM + 64, 64);
        mmu.probeLoad(RAM + 4096 - 8, 16);
        mmu.probeStore(DEVICE, 64);
        assertFault(Kind.ACCESS, Access.LOAD, DEVICE + 0xC0, () -> mmu.probeLoad(DEVICE + 0xC0, 128));
        assertFault(Kind.ACCESS, Access.STORE, RAM + RAM_SIZE, () -> mmu.probeStore(RAM + RAM_SIZE - 8, 16));
        assertEquals(List.of(), f.device.log);
    }

    @Test
    void statisticsCountMissesWalksFaultsAndFlushes() {
        long root = f.sv39();
        f.map(PagingMode.SV39, root, 0x5000, 0, RAM, RW);
        var before = mmu.stats();
        mmu.load8(0x5000);
        mmu.load8(0x5001);
        mmu.store8(0x5001, (byte) 1);
        assertFault(Kind.PAGE, Access.LOAD, 0, () -> mmu.load8(0));
        mmu.flush();
        var after = mmu.stats();
        assertEquals(2, after.misses() - before.misses());
        assertEquals(2, after.walks() - before.walks());
        assertEquals(1, after.faults() - before.faults());
        assertEquals(1, after.flushes() - before.flushes());
        assertTrue(after.entries() == 64);
    }
}
