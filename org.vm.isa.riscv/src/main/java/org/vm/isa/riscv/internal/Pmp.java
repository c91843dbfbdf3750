package org.vm.isa.riscv.internal;

import org.vm.api.mmu.MemoryFault.Access;
import org.vm.api.mmu.Mmu;
import org.vm.api.mmu.PhysicalProtection;

/** Physical memory protection: 16 entries, granularity 4 bytes (Volume II, 3.7). */
public final class Pmp implements PhysicalProtection {
    static final int ENTRIES = 16;

    private static final int R = 1;
    private static final int W = 2;
    private static final int X = 4;
    private static final int LOCK = 0x80;
    private static final int A_SHIFT = 3;
    private static final int OFF = 0;
    private static final int TOR = 1;
    private static final int NA4 = 2;
    private static final int IMPLEMENTED = LOCK | 3 << A_SHIFT | X | W | R;
    private static final long ADDRESS = (1L << 54) - 1;
    private static final long LAST = (1L << 56) - 1;

    private final Mmu mmu;
    private final int[] config = new int[ENTRIES];
    private final long[] address = new long[ENTRIES];

    /** The entries that are not off, in order: first and last byte, and their configuration. */
    private int active;
    private final long[] first = new long[ENTRIES];
    private final long[] last = new long[ENTRIES];
    private final int[] rights = new int[ENTRIES];

    Pmp(Mmu mmu) {
        this.mmu = mmu;
    }

    void reset() {
        for (int i = 0; i < ENTRIES; i++) {
            config[i] = 0;
            address[i] = 0;
        }
        apply();
    }

    /** Opens everything to every level, as firmware does for a kernel it trusts. */
    void open() {
        address[0] = ADDRESS;
        config[0] = 3 << A_SHIFT | X | W | R;
        apply();
    }

    /** {@code pmpcfgN} of RV64: N is even, eight entries from 4 N. */
    long readConfig(int register) {
        long value = 0;
        for (int i = 7; i >= 0; i--) {
            value = value << 8 | config[4 * register + i];
        }
        return value;
    }

    void writeConfig(int register, long value) {
        for (int i = 0; i < 8; i++) {
            int entry = 4 * register + i;
            int wanted = (int) (value >>> 8 * i) & IMPLEMENTED;
            if ((config[entry] & LOCK) == 0) {
                // Write without read is reserved.
                config[entry] = (wanted & (R | W)) == W ? wanted & ~W : wanted;
            }
        }
        apply();
    }

    long readAddress(int entry) {
        return address[entry];
    }

    void writeAddress(int entry, long value) {
        boolean bound = entry + 1 < ENTRIES && (config[entry + 1] & LOCK) != 0 && mode(entry + 1) == TOR;
        if ((config[entry] & LOCK) == 0 && !bound) {
            address[entry] = value & ADDRESS;
            apply();
        }
    }

    private int mode(int entry) {
        return config[entry] >> A_SHIFT & 3;
    }

    private void apply() {
        active = 0;
        for (int i = 0; i < ENTRIES; i++) {
            long from;
            long to;
            switch (mode(i)) {
                case OFF -> {
                    continue;
                }
                case TOR -> {
                    from = i == 0 ? 0 : address[i - 1] << 2;
                    to = (address[i] << 2) - 1;
                }
                case NA4 -> {
                    from = address[i] << 2;
                    to = from + 3;
                }
                default -> {
                    long mask = address[i] ^ address[i] + 1;
                    from = (address[i] & ~mask) << 2;
                    to = from + (mask << 2) + 3;
                }
            }
            if (from <= to) {
                first[active] = from;
                last[active] = Math.min(to, LAST);
                rights[active] = config[i];
                active++;
            }
        }
        mmu.protection(permitsEverything() ? null : this);
    }

    private boolean permitsEverything() {
        return active > 0 && first[0] == 0 && last[0] == LAST && (rights[0] & (R | W | X)) == (R | W | X);
    }

    @Override
    public boolean permits(long start, int size, Access access, int privilege) {
        long end = start + size - 1;
        for (int i = 0; i < active; i++) {
            if (end < first[i] || start > last[i]) {
                continue;
            }
            if (start < first[i] || end > last[i]) {
                return false;
            }
            return privilege == Privilege.MACHINE && (rights[i] & LOCK) == 0 || (rights[i] & need(access)) != 0;
        }
        return privilege == Privilege.MACHINE;
    }

    private static int need(Access access) {
        return switch (access) {
            case FETCH -> X;
            case LOAD -> R;
            case STORE -> W;
        };
    }

    @Override
    public boolean uniform(long start, long size) {
        long end = start + size - 1;
        for (int i = 0; i < active; i++) {
            if (end < first[i] || start > last[i]) {
                continue;
            }
            return start >= first[i] && end <= last[i];
        }
        return true;
    }
}
