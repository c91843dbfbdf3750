package org.vm.mmu.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.vm.api.PagingMode;
import org.vm.api.mmu.MemoryFault;
import org.vm.api.mmu.MemoryFault.Access;
import org.vm.api.mmu.MemoryFault.Kind;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.vm.mmu.internal.Fixture.*;

/**
 * Random trees of page tables, random accesses in random regimes, random changes with the least flush that must do:
 * after each step the MMU says what a walker says that caches nothing.
 */
class RandomTranslationTest {
    private static final int ROOTS = 3;
    private static final int[] DIGITS = {0, 1, 2, 255, 256, 510, 511};

    /** A place in a tree of tables. @param shared reached from all roots, by the same addresses */
    private record Entry(long at, int level, long base, int space, boolean shared) {}

    private final class Run {
        final Random random;
        final Fixture f = new Fixture();
        final SoftMmu mmu = f.mmu;
        final PagingMode mode;
        final long[] roots = new long[ROOTS];
        final List<Entry> entries = new ArrayList<>();
        /** Entries that accesses and changes come back to. */
        final Entry[] favourites = new Entry[6];
        int space;
        int privilege = SUPERVISOR;
        boolean sum;
        boolean mxr;
        boolean svadu = true;
        boolean svpbmt = true;

        Run(long seed) {
            random = new Random(seed);
            mode = PagingMode.values()[1 + random.nextInt(3)];
            for (int i = 0; i < ROOTS; i++) {
                roots[i] = f.table();
            }
            int top = mode.levels() - 1;
            for (int digit : DIGITS) {
                boolean shared = digit >= 256;
                for (int i = 0; i < (shared ? 1 : ROOTS); i++) {
                    grow(roots[i] + digit * 8L, top, (long) digit << 12 + 9 * top, i, shared);
                }
                if (shared) {
                    copyToAllRoots(roots[0] + digit * 8L);
                }
            }
            favour();
            mmu.walker(svadu, svpbmt);
            regime();
        }

        void favour() {
            for (int i = 0; i < favourites.length; i++) {
                favourites[i] = entries.get(random.nextInt(entries.size()));
            }
        }

        Entry anyEntry() {
            return random.nextInt(4) != 0 ? favourites[random.nextInt(favourites.length)]
                    : entries.get(random.nextInt(entries.size()));
        }

        void copyToAllRoots(long at) {
            for (int i = 1; i < ROOTS; i++) {
                f.poke(roots[i] + (at & 0xFFF), f.peek(at));
            }
        }

        void grow(long at, int level, long base, int space, boolean shared) {
            entries.add(new Entry(at, level, base, space, shared));
            if (level > 0 && random.nextInt(4) != 0 && entries.size() < 150) {
                long table = f.table();
                f.poke(at, pte(table, V | (shared && random.nextInt(8) == 0 ? G : 0)));
                for (int i = 0; i < 3; i++) {
                    int digit = DIGITS[random.nextInt(DIGITS.length)];
                    grow(table + digit * 8L, level - 1, base | (long) digit << 12 + 9 * (level - 1), space, shared);
                }
            } else {
                f.poke(at, randomLeaf(level, shared));
            }
        }

        long randomLeaf(int level, boolean shared) {
            long size = 1L << 12 + 9 * level;
            long target = switch (random.nextInt(8)) {
                case 0 -> DEVICE;
                case 1 -> ROM;
                case 2 -> random.nextLong() & 0xF_FFFF_FFFF_F000L;
                default -> RAM + random.nextLong(RAM_SIZE);
            } & -size;
            long flags = V | R | A | random.nextInt(256) | (random.nextInt(3) == 0 ? RWX : 0);
            if (random.nextInt(16) == 0) {
                flags &= ~(V | R | A);
            }
            if (!shared) {
                flags &= ~G;
            }
            long entry = pte(target, flags);
            return switch (random.nextInt(16)) {
                case 0 -> entry | 1L << 54 + random.nextInt(10);
                case 1 -> entry | (long) random.nextInt(4) << 61;
                case 2 -> entry & ~(0xFL << 10) | 8L << 10 | 1L << 63;
                case 3 -> entry | 1L << 10 + random.nextInt(9);
                default -> entry;
            };
        }

        void regime() {
            space = random.nextInt(ROOTS);
            privilege = random.nextInt(2);
            sum = random.nextBoolean();
            mxr = random.nextInt(4) == 0;
            mmu.root(mode, roots[space], space);
            mmu.privilege(privilege, privilege, sum, mxr);
        }

        long randomAddress() {
            Entry entry = anyEntry();
            long address = entry.base;
            for (int level = entry.level - 1; level >= 0; level--) {
                address |= (long) DIGITS[random.nextInt(DIGITS.length)] << 12 + 9 * level;
            }
            int unused = 64 - mode.bits();
            address = address << unused >> unused;
            if (random.nextInt(40) == 0) {
                address ^= 1L << mode.bits() - 1 + random.nextInt(unused);
            }
            return address | random.nextInt(512) * 8;
        }

        void access() {
            long address = randomAddress();
            Access access = Access.values()[random.nextInt(3)];
            var expected = ReferenceWalker.translate(this::peek, mode, roots[space], address, access, privilege, sum,
                    mxr, svadu, svpbmt);
            String what = "%s at %x in %s, privilege %d, sum %b, mxr %b: ".formatted(access, address, mode, privilege,
                    sum, mxr);
            assertEquals(what + outcome(expected, access, address), what + attempt(access, address));
            if (expected.entry() != 0) {
                assertEquals(expected.update(), f.peek(expected.entry()), what + "A and D");
                if (expected.entry() < TABLES + ROOTS * 4096 && (expected.entry() & 0xFFF) >= 256 * 8) {
                    f.poke(roots[0] + (expected.entry() & 0xFFF), expected.update());
                    copyToAllRoots(roots[0] + (expected.entry() & 0xFFF));
                }
            }
        }

        long peek(long physical) {
            if (f.memory.offset(physical, 8) < 0) {
                throw new IndexOutOfBoundsException();
            }
            return f.peek(physical);
        }

        /** What has to come out; memory is its own witness. */
        String outcome(ReferenceWalker.Answer answer, Access access, long address) {
            if (answer.pageFault() || answer.accessFault()) {
                return new MemoryFault().of(answer.pageFault() ? Kind.PAGE : Kind.ACCESS, access, address).getMessage();
            }
            long physical = answer.physical();
            boolean memory = f.memory.offset(physical, 8) >= 0;
            boolean device = physical - DEVICE >= 0 && physical - DEVICE < 0x100;
            if (access == Access.FETCH ? !memory
                    : access == Access.LOAD ? !memory && !device : f.memory.writableOffset(physical, 8) < 0 && !device) {
                return new MemoryFault().of(Kind.ACCESS, access, address).getMessage();
            }
            return device ? "device " + (physical - DEVICE) : "memory " + physical;
        }

        String attempt(Access access, long address) {
            f.device.log.clear();
            try {
                switch (access) {
                    case FETCH -> {
                        return "memory " + mmu.translateFetch(address);
                    }
                    case LOAD -> {
                        long value = mmu.load64(address);
                        if (!f.device.log.isEmpty()) {
                            return "device " + (value & 0xFF);
                        }
                        long physical = mmu.debugTranslate(address);
                        return f.peek(physical) == value ? "memory " + physical : "memory, wrong value";
                    }
                    default -> {
                        long value = random.nextLong();
                        mmu.store64(address, value);
                        long physical = mmu.debugTranslate(address);
                        if (!f.device.log.isEmpty()) {
                            return "device " + (physical - DEVICE);
                        }
                        return f.peek(physical) == value ? "memory " + physical : "memory, wrong value";
                    }
                }
            } catch (MemoryFault fault) {
                return fault.getMessage();
            }
        }

        /** Changes an entry and drops just what the specification says must be dropped. */
        void change() {
            Entry entry = anyEntry();
            long old = f.peek(entry.at);
            boolean wasTable = (old & (V | R | X)) == V;
            if (wasTable && random.nextInt(10) != 0) {
                return;
            }
            f.poke(entry.at, randomLeaf(entry.level, entry.shared));
            if (entry.shared && entry.level == mode.levels() - 1) {
                copyToAllRoots(entry.at);
            }
            int unused = 64 - mode.bits();
            long anywhere = (entry.base << unused >> unused) + random.nextLong(1L << 12 + 9 * entry.level);
            if (wasTable) {
                mmu.flush();
            } else if (entry.shared) {
                mmu.flushPage(anywhere);
            } else {
                switch (random.nextInt(4)) {
                    case 0 -> mmu.flush();
                    case 1 -> mmu.flushPage(anywhere);
                    case 2 -> mmu.flushAsid(entry.space);
                    default -> mmu.flushPageAsid(anywhere, entry.space);
                }
            }
        }

        void go() {
            for (int step = 0; step < 1500; step++) {
                int what = random.nextInt(100);
                if (what < 85) {
                    access();
                } else if (what < 92) {
                    change();
                } else if (what < 98) {
                    regime();
                } else if (what < 99) {
                    favour();
                } else {
                    svadu = random.nextBoolean();
                    svpbmt = random.nextBoolean();
                    mmu.walker(svadu, svpbmt);
                }
            }
            f.close();
        }
    }

    @Property(tries = 400)
    void theMmuAgreesWithAWalkerThatCachesNothing(@ForAll long seed) {
        new Run(seed).go();
    }
}
