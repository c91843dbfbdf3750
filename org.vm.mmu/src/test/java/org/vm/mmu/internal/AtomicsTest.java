package org.vm.mmu.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vm.api.PagingMode;
import org.vm.api.mmu.Mmu;
import org.vm.api.mmu.MemoryFault.Access;
import org.vm.api.mmu.MemoryFault.Kind;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.vm.mmu.internal.Fixture.*;

@Timeout(60)
class AtomicsTest {
    private static final int HARTS = 4;
    private static final int ROUNDS = 50_000;

    private final Fixture f = new Fixture();
    private final Mmu mmu = f.mmu;

    @AfterEach
    void close() {
        f.close();
    }

    /** Runs the same on several MMUs over the same memory at the same time. */
    private void onAllHarts(java.util.function.BiConsumer<SoftMmu, Integer> work) throws Exception {
        CountDownLatch start = new CountDownLatch(1);
        try (ExecutorService threads = Executors.newFixedThreadPool(HARTS)) {
            List<Future<?>> all = new ArrayList<>();
            for (int hart = 0; hart < HARTS; hart++) {
                SoftMmu own = new SoftMmu(f.memory, f.bus, 64);
                int id = hart;
                all.add(threads.submit(() -> {
                    start.await();
                    work.accept(own, id);
                    return null;
                }));
            }
            start.countDown();
            for (Future<?> one : all) {
                one.get(50, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void updatesReturnTheOldValueAndStoreTheNew() {
        mmu.store64(RAM, 0xFFFF_FFFF_FFFF_FFFFL);
        assertEquals(-1, mmu.update32(RAM, Integer::sum, 2));
        assertEquals(0xFFFF_FFFF_0000_0001L, mmu.load64(RAM));
        assertEquals(0xFFFF_FFFF_0000_0001L, mmu.update64(RAM, (old, operand) -> operand, 7));
        assertEquals(7, mmu.load64(RAM));
    }

    @Test
    void noUpdateIsLostBetweenHarts() throws Exception {
        onAllHarts((own, hart) -> {
            for (int i = 0; i < ROUNDS; i++) {
                own.update32(RAM, Integer::sum, 1);
                own.update64(RAM + 8, Long::sum, 3);
            }
        });
        assertEquals(HARTS * ROUNDS, mmu.load32(RAM));
        assertEquals(3L * HARTS * ROUNDS, mmu.load64(RAM + 8));
    }

    @Test
    void loadReservedAndStoreConditionalCountExactlyBetweenHarts() throws Exception {
        onAllHarts((own, hart) -> {
            for (int i = 0; i < ROUNDS; i++) {
                int low;
                do {
                    low = own.loadReserved32(RAM);
                } while (!own.storeConditional32(RAM, low + 1));
                long high;
                do {
                    high = own.loadReserved64(RAM + 8);
                } while (!own.storeConditional64(RAM + 8, high + 1));
            }
        });
        assertEquals(HARTS * ROUNDS, mmu.load32(RAM));
        assertEquals(HARTS * ROUNDS, mmu.load64(RAM + 8));
    }

    @Test
    void storeConditionalNeedsTheReservationOfItsAddressAndSize() {
        assertFalse(mmu.storeConditional32(RAM, 1));
        mmu.loadReserved32(RAM);
        assertTrue(mmu.storeConditional32(RAM, 1));
        assertFalse(mmu.storeConditional32(RAM, 2), "a reservation is good once");
        mmu.loadReserved32(RAM);
        assertFalse(mmu.storeConditional32(RAM + 4, 2));
        assertFalse(mmu.storeConditional32(RAM, 2), "given up by the attempt before");
        mmu.loadReserved64(RAM);
        assertFalse(mmu.storeConditional32(RAM, 2));
        mmu.loadReserved32(RAM);
        assertFalse(mmu.storeConditional64(RAM, 2));
        mmu.loadReserved64(RAM);
        mmu.clearReservation();
        assertFalse(mmu.storeConditional64(RAM, 2));
        assertEquals(1, mmu.load64(RAM));
    }

    @Test
    void anotherHartsStoreBreaksTheReservation() {
        SoftMmu other = new SoftMmu(f.memory, f.bus, 64);
        mmu.loadReserved64(RAM);
        other.store64(RAM, 5);
        assertFalse(mmu.storeConditional64(RAM, 9));
        assertEquals(5, mmu.load64(RAM));
    }

    @Test
    void reservationsAreOfPhysicalMemory() {
        long root = f.sv39();
        f.map(PagingMode.SV39, root, 0x5000, 0, RAM, RW);
        f.map(PagingMode.SV39, root, 0x6000, 0, RAM, RW);
        mmu.loadReserved32(0x5000);
        assertTrue(mmu.storeConditional32(0x6000, 1));
    }

    @Test
    void atomicsFaultAsStoresEvenWhereTheyCouldRead() {
        long root = f.sv39();
        f.map(PagingMode.SV39, root, 0x5000, 0, RAM, V | R | A);
        assertFault(Kind.PAGE, Access.STORE, 0x5000, () -> mmu.update32(0x5000, Integer::sum, 1));
        mmu.loadReserved32(0x5000);
        assertFault(Kind.PAGE, Access.STORE, 0x5000, () -> mmu.storeConditional32(0x5000, 1));
        mmu.clearReservation();
        assertFault(Kind.PAGE, Access.STORE, 0x5000, () -> mmu.storeConditional32(0x5000, 1));
        assertFault(Kind.PAGE, Access.LOAD, 0x7000, () -> mmu.loadReserved32(0x7000));
    }

    @Test
    void accessedAndDirtyUpdatesNeverUndoAChangeOfTheEntry() throws Exception {
        long root = f.table();
        long entry = f.entry(PagingMode.SV39, root, 0x5000, 0);
        f.poke(entry, pte(RAM, V | R | W));
        // Harts touch the page, which sets A and D; hart 0 clears them and counts in the bits for software and the low
        // bits of the page number.
        long counter = 0x3FF00;
        onAllHarts((own, hart) -> {
            if (hart == 0) {
                for (int i = 0; i < ROUNDS; i++) {
                    own.update64(entry, (old, operand) -> old & ~(counter | A | D) | old + operand & counter, 1 << 8);
                }
            } else {
                own.root(PagingMode.SV39, root, 0);
                own.walker(true, false);
                own.privilege(SUPERVISOR, SUPERVISOR, false, false);
                for (int i = 0; i < ROUNDS; i++) {
                    own.flush();
                    own.load8(0x5000);
                    own.probeStore(0x5000, 8);
                }
            }
        });
        assertEquals(pte(RAM, V | R | W) | (long) ROUNDS << 8 & counter, f.peek(entry) & ~(A | D));
    }
}
