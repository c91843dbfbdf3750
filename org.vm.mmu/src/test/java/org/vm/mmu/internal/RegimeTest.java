package org.vm.mmu.internal;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.vm.api.PagingMode;
import org.vm.api.mmu.MemoryFault.Access;
import org.vm.api.mmu.MemoryFault.Kind;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.vm.api.PagingMode.SV39;
import static org.vm.mmu.internal.Fixture.*;

/** Who may do what, and which translations survive which switch or flush. */
class RegimeTest {
    private static final long KERNEL = 0x5000;
    private static final long USERS = 0x6000;
    private static final long CODE_ONLY = 0x7000;

    private final Fixture f = new Fixture();
    private final SoftMmu mmu = f.mmu;
    private long root;

    @BeforeEach
    void map() {
        root = f.sv39();
        f.map(SV39, root, KERNEL, 0, RAM, RWX);
        f.map(SV39, root, USERS, 0, RAM + 0x1000, RWX | U);
        f.map(SV39, root, CODE_ONLY, 0, RAM + 0x2000, V | X | A | U);
        for (int page = 0; page < 8; page++) {
            f.poke(RAM + page * 0x1000, page);
        }
    }

    @AfterEach
    void close() {
        f.close();
    }

    private void assertDenied(Access access, long address) {
        assertFault(Kind.PAGE, access, address, () -> {
            switch (access) {
                case LOAD -> mmu.load8(address);
                case STORE -> mmu.store8(address, (byte) 0);
                case FETCH -> mmu.translateFetch(address);
            }
        });
    }

    @Test
    void usersSeeUserPagesOnly() {
        mmu.privilege(SUPERVISOR, SUPERVISOR, false, false);
        mmu.load8(KERNEL);
        mmu.translateFetch(KERNEL);
        for (boolean sum : new boolean[] {false, true}) {
            mmu.privilege(USER, USER, sum, false);
            assertDenied(Access.LOAD, KERNEL);
            assertDenied(Access.STORE, KERNEL);
            assertDenied(Access.FETCH, KERNEL);
            mmu.store8(USERS, mmu.load8(USERS));
            mmu.translateFetch(USERS);
            mmu.translateFetch(CODE_ONLY);
            assertDenied(Access.LOAD, CODE_ONLY);
        }
    }

    @Test
    void supervisorsReachUserDataUnderSumAndNeverUserCode() {
        for (int pass = 0; pass < 2; pass++) {
            mmu.privilege(SUPERVISOR, SUPERVISOR, false, false);
            mmu.load8(KERNEL);
            assertDenied(Access.LOAD, USERS);
            assertDenied(Access.STORE, USERS);
            assertDenied(Access.FETCH, USERS);
            mmu.privilege(SUPERVISOR, SUPERVISOR, true, false);
            assertEquals(0, mmu.load8(KERNEL));
            assertEquals(1, mmu.load8(USERS));
            mmu.store8(USERS, (byte) 1);
            assertDenied(Access.FETCH, USERS);
        }
    }

    @Test
    void executablePagesAreReadableUnderMxrOnly() {
        for (int pass = 0; pass < 2; pass++) {
            mmu.privilege(USER, USER, false, true);
            assertEquals(2, mmu.load8(CODE_ONLY));
            assertDenied(Access.STORE, CODE_ONLY);
            mmu.privilege(USER, USER, false, false);
            assertDenied(Access.LOAD, CODE_ONLY);
            mmu.privilege(SUPERVISOR, SUPERVISOR, true, true);
            assertEquals(2, mmu.load8(CODE_ONLY));
            mmu.privilege(SUPERVISOR, SUPERVISOR, false, true);
            assertDenied(Access.LOAD, CODE_ONLY);
            assertEquals(0, mmu.load8(KERNEL));
        }
    }

    @Test
    void modifiedPrivilegeIsForDataOnly() {
        f.poke(KERNEL + RAM, 99);
        mmu.privilege(MACHINE, USER, false, false);
        assertEquals(1, mmu.load8(USERS));
        assertDenied(Access.LOAD, KERNEL);
        assertEquals(RAM, mmu.translateFetch(RAM));
        mmu.privilege(MACHINE, SUPERVISOR, false, false);
        assertEquals(0, mmu.load8(KERNEL));
        mmu.privilege(MACHINE, MACHINE, true, true);
        assertEquals(99, mmu.load8(KERNEL + RAM));
        assertFault(Kind.ACCESS, Access.LOAD, KERNEL, () -> mmu.load8(KERNEL));
    }

    @Test
    void bareModeTranslatesNothingForAnyone() {
        mmu.root(PagingMode.BARE, 0, 0);
        for (int privilege : new int[] {USER, SUPERVISOR, MACHINE}) {
            mmu.privilege(privilege, privilege, false, false);
            assertEquals(3, mmu.load8(RAM + 0x3000));
            assertEquals(RAM + 0x3000, mmu.translateFetch(RAM + 0x3000));
            assertEquals(RAM + 0x3000, mmu.debugTranslate(RAM + 0x3000));
        }
        mmu.root(SV39, root, 0);
        mmu.privilege(SUPERVISOR, SUPERVISOR, false, false);
        assertEquals(0, mmu.load8(KERNEL));
    }

    @Test
    void addressSpacesDoNotSeeEachOther() {
        long other = f.table();
        f.map(SV39, other, KERNEL, 0, RAM + 0x4000, RWX);
        f.map(SV39, other, USERS, 0, RAM + 0x5000, RWX | U);
        for (int pass = 0; pass < 3; pass++) {
            for (int space = 0; space < 2; space++) {
                mmu.root(SV39, space == 0 ? root : other, 7 + space);
                mmu.privilege(SUPERVISOR, SUPERVISOR, false, false);
                assertEquals(space == 0 ? 0 : 4, mmu.load8(KERNEL));
                mmu.privilege(SUPERVISOR, SUPERVISOR, true, false);
                assertEquals(space == 0 ? 1 : 5, mmu.load8(USERS));
                mmu.privilege(USER, USER, false, false);
                assertEquals(space == 0 ? 1 : 5, mmu.load8(USERS));
                assertEquals(RAM + (space == 0 ? 0x1000 : 0x5000), mmu.translateFetch(USERS));
            }
        }
    }

    @Test
    void aSwitchBetweenAddressSpacesKeepsTheirTranslationsUpToABound() {
        mmu.privilege(USER, USER, false, false);
        for (int asid = 0; asid < TlbPool.SPACES; asid++) {
            mmu.root(SV39, root, asid);
            mmu.load8(USERS);
        }
        long walks = mmu.stats().walks();
        for (int asid = 0; asid < TlbPool.SPACES; asid++) {
            mmu.root(SV39, root, asid);
            mmu.load8(USERS);
        }
        assertEquals(walks, mmu.stats().walks());
        mmu.root(SV39, root, TlbPool.SPACES);
        mmu.load8(USERS);
        assertEquals(walks + 1, mmu.stats().walks());
        // The one that was unused for longest has made room.
        mmu.root(SV39, root, 1);
        mmu.load8(USERS);
        assertEquals(walks + 1, mmu.stats().walks());
        mmu.root(SV39, root, 0);
        mmu.load8(USERS);
        assertEquals(walks + 2, mmu.stats().walks());
    }

    @Test
    void globalKernelPagesSurviveSwitchesOthersDoNot() {
        long other = f.table();
        f.poke(f.entry(SV39, root, KERNEL, 0), pte(RAM, RWX | G));
        f.map(SV39, other, KERNEL, 0, RAM, RWX | G);
        mmu.flush();
        mmu.load8(KERNEL);
        mmu.load8(KERNEL + 1);
        long walks = mmu.stats().walks();
        mmu.root(SV39, other, 1);
        mmu.load8(KERNEL);
        assertEquals(walks, mmu.stats().walks());
    }

    @Test
    void theGlobalBitOfATableHoldsForAllBelowIt() {
        long entry = f.entry(SV39, root, KERNEL, 1);
        f.poke(entry, f.peek(entry) | G);
        mmu.flush();
        mmu.load8(KERNEL);
        long walks = mmu.stats().walks();
        mmu.flushAsid(0);
        mmu.flushPageAsid(KERNEL, 0);
        mmu.load8(KERNEL);
        assertEquals(walks, mmu.stats().walks());
        mmu.flushPage(KERNEL);
        mmu.load8(KERNEL);
        assertEquals(walks + 1, mmu.stats().walks());
    }

    @Test
    void flushesDropWhatTheyNameAndKeepTheRest() {
        mmu.privilege(USER, USER, false, false);
        f.map(SV39, root, 0x8000, 0, RAM + 0x3000, RWX | U);
        for (int asid = 1; asid <= 2; asid++) {
            mmu.root(SV39, root, asid);
            mmu.load8(USERS);
            mmu.load8(0x8000);
        }
        mmu.flushPageAsid(USERS, 1);
        assertWalks(1, 1, USERS);
        assertWalks(0, 1, 0x8000);
        assertWalks(0, 2, USERS);
        mmu.flushPage(USERS);
        assertWalks(1, 1, USERS);
        assertWalks(1, 2, USERS);
        assertWalks(0, 2, 0x8000);
        mmu.flushAsid(2);
        assertWalks(0, 1, USERS);
        assertWalks(1, 2, USERS);
        assertWalks(1, 2, 0x8000);
        mmu.flush();
        assertWalks(1, 1, USERS);
        assertWalks(1, 2, USERS);
    }

    private void assertWalks(int expected, int asid, long address) {
        mmu.root(SV39, root, asid);
        long walks = mmu.stats().walks();
        mmu.load8(address);
        assertEquals(expected, mmu.stats().walks() - walks);
    }

    @Test
    void aPageThatLosesItsRightsLosesThemWithTheFlush() {
        mmu.privilege(USER, USER, false, false);
        mmu.store8(USERS, (byte) 1);
        mmu.translateFetch(USERS);
        f.poke(f.entry(SV39, root, USERS, 0), pte(RAM + 0x1000, V | R | U | A | D));
        mmu.flushPageAsid(USERS, 0);
        mmu.load8(USERS);
        assertDenied(Access.STORE, USERS);
        assertDenied(Access.FETCH, USERS);
    }

    @Test
    void aSupervisorPageThatIsNotGlobalIsFlushedWithItsAddressSpace() {
        mmu.load8(KERNEL);
        mmu.translateFetch(KERNEL);
        f.poke(f.entry(SV39, root, KERNEL, 0), pte(RAM + 0x3000, RWX));
        mmu.flushPageAsid(KERNEL, 0);
        assertEquals(3, mmu.load8(KERNEL));
        assertEquals(RAM + 0x3000, mmu.translateFetch(KERNEL));
        f.poke(f.entry(SV39, root, KERNEL, 0), pte(RAM + 0x4000, RWX));
        mmu.flushAsid(0);
        assertEquals(4, mmu.load8(KERNEL));
        assertEquals(RAM + 0x4000, mmu.translateFetch(KERNEL));
    }

    @Test
    void anotherTableFormatStartsAfresh() {
        f.poke(f.entry(SV39, root, KERNEL, 0), pte(RAM, RWX | G));
        mmu.flush();
        mmu.load8(KERNEL);
        mmu.root(PagingMode.BARE, 0, 0);
        mmu.root(PagingMode.SV48, f.table(), 0);
        assertDenied(Access.LOAD, KERNEL);
    }
}
