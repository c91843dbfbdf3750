package org.vm.mmu.internal;

import java.util.function.LongUnaryOperator;
import org.vm.api.PagingMode;

import static org.vm.mmu.internal.Fixture.*;

/** Prints what accesses cost. Not a test; run {@code main} on a quiet machine. */
final class AccessCost {
    private static final long OPERATIONS = 20_000_000;

    private AccessCost() {}

    public static void main(String[] arguments) {
        try (Fixture f = new Fixture()) {
            long root = f.sv39();
            for (long page = 0; page < 512; page++) {
                f.map(PagingMode.SV39, root, page << 12, 0, RAM + (page << 12), RWX);
            }
            f.map(PagingMode.SV39, root, 512 << 12, 0, DEVICE, RW);
            f.device.quiet = true;
            SoftMmu mmu = new SoftMmu(f.memory, f.bus, 256);
            mmu.root(PagingMode.SV39, root, 0);
            mmu.walker(true, true);
            mmu.privilege(SUPERVISOR, SUPERVISOR, false, false);
            report("load64, hit, each depends on the one before", n -> {
                long at = 0;
                for (long i = 0; i < n; i++) {
                    at = mmu.load64(at & 0xFFF8) + i * 8;
                }
                return at;
            });
            report("load32, hit", n -> {
                long sum = 0;
                for (long i = 0; i < n; i++) {
                    sum += mmu.load32(i << 2 & 0xFFFC);
                }
                return sum;
            });
            report("store64, hit", n -> {
                for (long i = 0; i < n; i++) {
                    mmu.store64(i << 3 & 0xFFF8, 0);
                }
                return n;
            });
            report("translateFetch, hit", n -> {
                long sum = 0;
                for (long i = 0; i < n; i++) {
                    sum += mmu.translateFetch(i << 6 & 0xFFF8);
                }
                return sum;
            });
            report("update64, hit", n -> {
                for (long i = 0; i < n; i++) {
                    mmu.update64(0x100, Long::sum, 1);
                }
                return n;
            });
            report("load64, misaligned in a page", n -> {
                long sum = 0;
                for (long i = 0; i < n; i++) {
                    sum += mmu.load64((i << 3 & 0x7F8) + 1);
                }
                return sum;
            });
            report("load64, across pages", n -> {
                long sum = 0;
                for (long i = 0; i < n; i++) {
                    sum += mmu.load64((i << 12 & 0xF000) + 0xFFC);
                }
                return sum;
            });
            report("load64, miss and walk of three levels", n -> {
                long sum = 0;
                for (long i = 0; i < n; i++) {
                    sum += mmu.load64(i << 12 & 0x1FF000);
                }
                return sum;
            });
            report("load32, device behind a translation", n -> {
                long sum = 0;
                for (long i = 0; i < n; i++) {
                    sum += mmu.load32(512 << 12);
                }
                return sum;
            });
            report("privilege, there and back", n -> {
                for (long i = 0; i < n; i++) {
                    mmu.privilege(USER, USER, false, false);
                    mmu.privilege(SUPERVISOR, SUPERVISOR, false, false);
                }
                return n;
            });
            report("root, there and back, with ASIDs", n -> {
                for (long i = 0; i < n; i++) {
                    mmu.root(PagingMode.SV39, root, (int) i & 1);
                }
                return n;
            });
        }
    }

    private static void report(String what, LongUnaryOperator body) {
        double best = Double.MAX_VALUE;
        long sink = 0;
        for (int round = 0; round < 8; round++) {
            long start = System.nanoTime();
            sink += body.applyAsLong(OPERATIONS);
            best = Math.min(best, (System.nanoTime() - start) / (double) OPERATIONS);
        }
        System.out.printf("%-45s %6.2f ns  (%x)%n", what, best, sink);
    }
}
