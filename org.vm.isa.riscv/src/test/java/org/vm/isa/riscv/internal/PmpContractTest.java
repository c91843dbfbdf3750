package org.vm.isa.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.vm.isa.riscv.internal.Encode.*;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.vm.api.mmu.MemoryFault.Access;

/** Physical memory protection (Volume II, 3.7), seen through its registers and a real MMU. */
class PmpContractTest {
    private static final int R = 1;
    private static final int W = 2;
    private static final int X = 4;
    private static final int TOR = 1 << 3;
    private static final int NA4 = 2 << 3;
    private static final int NAPOT = 3 << 3;
    private static final int LOCK = 0x80;
    private static final int SUPERVISOR = Privilege.SUPERVISOR;
    private static final long BASE = HartFixture.RAM + 0x8000;
    private static final long CODE = HartFixture.RAM + 0x3000;
    private static final long HANDLER = HartFixture.RAM + 0x1000;

    private final HartFixture board = HartFixture.bare();
    private final Hart hart = board.hart;
    private final Pmp pmp = hart.pmp;

    @AfterEach
    void close() {
        board.close();
    }

    private void csr(String name, long value) {
        Csrs.swap(hart, Csrs.numbers().get(name), value);
    }

    private long csr(String name) {
        return hart.controlRegisters().get(name);
    }

    private boolean permits(long address, int size, Access access, int privilege) {
        return pmp.permits(address, size, access, privilege);
    }

    @Test
    void withoutAnEntryOnlyMachineModeHasAccess() {
        assertTrue(permits(BASE, 8, Access.STORE, Privilege.MACHINE));
        assertFalse(permits(BASE, 8, Access.LOAD, SUPERVISOR));
        assertFalse(permits(BASE, 8, Access.FETCH, Privilege.USER));
    }

    @Test
    void napotCoversThePowerOfTwoThatTrailingOnesSay() {
        csr("pmpaddr0", BASE >> 2 | 0x1FF);
        csr("pmpcfg0", NAPOT | R);
        assertTrue(permits(BASE, 8, Access.LOAD, SUPERVISOR));
        assertTrue(permits(BASE + 4092, 4, Access.LOAD, SUPERVISOR));
        assertFalse(permits(BASE + 4096, 1, Access.LOAD, SUPERVISOR));
        assertFalse(permits(BASE - 1, 1, Access.LOAD, SUPERVISOR));
        assertFalse(permits(BASE, 8, Access.STORE, SUPERVISOR));
        assertFalse(permits(BASE, 2, Access.FETCH, SUPERVISOR));
    }

    @Test
    void na4CoversFourBytes() {
        csr("pmpaddr0", BASE >> 2);
        csr("pmpcfg0", NA4 | R | W);
        assertTrue(permits(BASE, 4, Access.STORE, SUPERVISOR));
        assertFalse(permits(BASE, 8, Access.STORE, SUPERVISOR), "all bytes must match");
        assertFalse(permits(BASE + 4, 4, Access.STORE, SUPERVISOR));
    }

    @Test
    void torReachesFromTheEntryBefore() {
        csr("pmpaddr0", BASE >> 2);
        csr("pmpaddr1", BASE + 64 >> 2);
        csr("pmpcfg0", (long) (TOR | X | R) << 8);
        assertTrue(permits(BASE, 4, Access.FETCH, SUPERVISOR));
        assertTrue(permits(BASE + 60, 4, Access.FETCH, SUPERVISOR));
        assertFalse(permits(BASE + 64, 4, Access.FETCH, SUPERVISOR));
        assertFalse(permits(BASE - 4, 4, Access.FETCH, SUPERVISOR));
        csr("pmpcfg0", TOR | R);
        assertTrue(permits(0, 8, Access.LOAD, SUPERVISOR), "the first one from zero");
        csr("pmpaddr0", BASE + 64 >> 2);
        csr("pmpcfg0", (long) (TOR | R) << 8);
        assertFalse(permits(BASE, 8, Access.LOAD, SUPERVISOR), "an empty range matches nothing");
    }

    @Test
    void theFirstEntryThatMatchesDecides() {
        csr("pmpaddr0", BASE >> 2 | 0x1FF);
        csr("pmpaddr1", -1);
        csr("pmpcfg0", NAPOT | (long) (NAPOT | R | W | X) << 8);
        assertFalse(permits(BASE, 8, Access.LOAD, SUPERVISOR));
        assertTrue(permits(BASE + 4096, 8, Access.LOAD, SUPERVISOR));
        assertFalse(permits(BASE - 4, 8, Access.LOAD, SUPERVISOR), "partly in the first one");
    }

    @Test
    void aLockedEntryBindsMachineModeAndCannotBeChanged() {
        csr("pmpaddr1", BASE >> 2 | 0x1FF);
        csr("pmpcfg0", (long) (LOCK | NAPOT | R) << 8);
        assertFalse(permits(BASE, 8, Access.STORE, Privilege.MACHINE));
        assertTrue(permits(BASE, 8, Access.LOAD, Privilege.MACHINE));
        csr("pmpcfg0", 0);
        csr("pmpaddr1", 0);
        assertEquals((long) (LOCK | NAPOT | R) << 8, csr("pmpcfg0"));
        assertEquals(BASE >> 2 | 0x1FF, csr("pmpaddr1"));
    }

    @Test
    void aLockedTopOfRangeLocksTheAddressBelowIt() {
        csr("pmpaddr0", BASE >> 2);
        csr("pmpaddr1", BASE + 64 >> 2);
        csr("pmpcfg0", (long) (LOCK | TOR | R) << 8);
        csr("pmpaddr0", 0);
        assertEquals(BASE >> 2, csr("pmpaddr0"));
    }

    @Test
    void registersKeepWhatIsImplemented() {
        csr("pmpaddr3", -1);
        assertEquals((1L << 54) - 1, csr("pmpaddr3"));
        csr("pmpcfg2", 0x7F7F_7F7F_7F7F_7F7FL);
        assertEquals(0x1F1F_1F1F_1F1F_1F1FL, csr("pmpcfg2"));
        csr("pmpcfg0", W);
        assertEquals(0, csr("pmpcfg0"), "write without read is reserved");
    }

    @Test
    void aRangeIsUniformIfOneEntryDecidesForAllOfIt() {
        csr("pmpaddr0", BASE + 256 >> 2);
        csr("pmpaddr1", -1);
        csr("pmpcfg0", NA4 | R | (long) (NAPOT | R | W | X) << 8);
        assertFalse(pmp.uniform(BASE, 4096));
        assertTrue(pmp.uniform(BASE + 4096, 4096));
        assertTrue(pmp.uniform(BASE + 256, 4));
    }

    @Test
    void theMmuAsksAfterTranslationAndForgetsWhenAnEntryChanges() {
        csr("mtvec", HANDLER);
        csr("pmpaddr0", BASE >> 2 | 0x1FF);
        csr("pmpaddr1", -1);
        csr("pmpcfg0", NAPOT | R | (long) (NAPOT | R | W | X) << 8);
        enter();
        hart.registers[11] = BASE;
        board.run(LOAD);
        assertEquals(CODE + 4, hart.pc);
        board.run(STORE);
        assertEquals(7, csr("mcause"));
        assertEquals(BASE, csr("mtval"));
        csr("pmpcfg0", NAPOT | R | W | (long) (NAPOT | R | W | X) << 8);
        enter();
        board.run(STORE);
        assertEquals(CODE + 4, hart.pc);
    }

    private void enter() {
        csr("mstatus", 1L << 11);
        csr("mepc", CODE);
        board.run(MRET);
    }
}
