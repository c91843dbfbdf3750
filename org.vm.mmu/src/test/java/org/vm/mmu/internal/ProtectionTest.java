package org.vm.mmu.internal;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vm.api.mmu.MemoryFault.Access;
import org.vm.api.mmu.MemoryFault.Kind;
import org.vm.api.mmu.PhysicalProtection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.vm.api.PagingMode.SV39;
import static org.vm.mmu.internal.Fixture.*;

/** Physical memory protection, after and during translation. */
class ProtectionTest {
    private final Fixture f = new Fixture();
    private final SoftMmu mmu = f.mmu;

    @AfterEach
    void close() {
        f.close();
    }

    /** Denies one kind of access to one range, below machine mode. */
    private record Denial(long base, long size, Access denied) implements PhysicalProtection {
        @Override
        public boolean permits(long address, int length, Access access, int privilege) {
            return privilege == MACHINE || access != denied || address + length <= base || address >= base + size;
        }

        @Override
        public boolean uniform(long address, long length) {
            boolean apart = address + length <= base || address >= base + size;
            return apart || address >= base && address + length <= base + size;
        }
    }

    @Test
    void aPageThatIsProtectedInPartIsCheckedOnEveryAccess() {
        mmu.privilege(SUPERVISOR, SUPERVISOR, false, false);
        mmu.protection(new Denial(RAM + 0x100, 0x10, Access.STORE));
        for (int pass = 0; pass < 2; pass++) {
            mmu.store64(RAM + 0xF8, 1);
            mmu.store64(RAM + 0x110, 1);
            mmu.load64(RAM + 0x100);
            assertFault(Kind.ACCESS, Access.STORE, RAM + 0x100, () -> mmu.store8(RAM + 0x100, (byte) 1));
            assertFault(Kind.ACCESS, Access.STORE, RAM + 0xFC, () -> mmu.store64(RAM + 0xFC, 1));
            assertFault(Kind.ACCESS, Access.STORE, RAM + 0x108, () -> mmu.update64(RAM + 0x108, Long::sum, 1));
            assertFault(Kind.ACCESS, Access.STORE, RAM + 0xC0, () -> mmu.probeStore(RAM + 0xC0, 0x80));
        }
    }

    @Test
    void aWholePageIsRememberedWithTheRightsOfEachAccess() {
        mmu.privilege(SUPERVISOR, SUPERVISOR, false, false);
        for (Access denied : Access.values()) {
            mmu.protection(new Denial(RAM, 0x1000, denied));
            for (int pass = 0; pass < 2; pass++) {
                attempt(Access.LOAD, denied, () -> mmu.load8(RAM));
                attempt(Access.STORE, denied, () -> mmu.store8(RAM, (byte) 0));
                attempt(Access.FETCH, denied, () -> mmu.fetch16(RAM));
            }
        }
    }

    private static void attempt(Access access, Access denied, Runnable action) {
        if (access == denied) {
            assertFault(Kind.ACCESS, access, RAM, action);
        } else {
            action.run();
        }
    }

    @Test
    void machineModeIsToldApartFromTheOthersWithoutTranslation() {
        mmu.protection(new Denial(RAM, 0x1000, Access.LOAD));
        for (int pass = 0; pass < 2; pass++) {
            mmu.privilege(MACHINE, MACHINE, false, false);
            assertEquals(0, mmu.load8(RAM));
            mmu.privilege(SUPERVISOR, SUPERVISOR, false, false);
            assertFault(Kind.ACCESS, Access.LOAD, RAM, () -> mmu.load8(RAM));
            mmu.privilege(MACHINE, USER, false, false);
            assertFault(Kind.ACCESS, Access.LOAD, RAM, () -> mmu.load8(RAM));
        }
    }

    @Test
    void newProtectionTakesEffectAtOnce() {
        mmu.privilege(SUPERVISOR, SUPERVISOR, false, false);
        mmu.load8(RAM);
        mmu.protection(new Denial(RAM, 0x1000, Access.LOAD));
        assertFault(Kind.ACCESS, Access.LOAD, RAM, () -> mmu.load8(RAM));
        mmu.protection(null);
        mmu.load8(RAM);
    }

    @Test
    void pageTablesAreReadAndUpdatedWithTheRightsOfTheSupervisor() {
        long root = f.sv39();
        f.map(SV39, root, 0x5000, 0, RAM, V | R | W | X | U);
        mmu.privilege(USER, USER, false, false);
        mmu.protection(new Denial(TABLES, TABLES_SIZE, Access.LOAD));
        assertFault(Kind.ACCESS, Access.STORE, 0x5000, () -> mmu.store8(0x5000, (byte) 1));
        assertFault(Kind.ACCESS, Access.FETCH, 0x5000, () -> mmu.fetch16(0x5000));
        mmu.protection(new Denial(TABLES, TABLES_SIZE, Access.STORE));
        assertFault(Kind.ACCESS, Access.LOAD, 0x5000, () -> mmu.load8(0x5000));
        f.map(SV39, root, 0x5000, 0, RAM, RWX | U);
        mmu.store8(0x5000, (byte) 1);
    }

    @Test
    void devicesAreProtectedToo() {
        mmu.privilege(SUPERVISOR, SUPERVISOR, false, false);
        mmu.protection(new Denial(DEVICE, 0x10, Access.STORE));
        mmu.store8(DEVICE + 0x10, (byte) 1);
        mmu.load8(DEVICE);
        assertFault(Kind.ACCESS, Access.STORE, DEVICE + 8, () -> mmu.store64(DEVICE + 8, 1));
    }
}
