package org.vm.isa.riscv.oracle;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.vm.api.PagingMode;

/** Page tables that map neighbouring pages to frames far apart (Volume II, 12.3 to 12.6). */
final class ShuffledPages {
    static final int PAGE = 4096;
    /** Valid, readable, writable, executable, accessed and dirty. */
    private static final long LEAF = 0xCF;
    private static final long TABLE = 1;

    private final MemorySegment tables;
    private final long address;
    private final PagingMode mode;
    private int used = PAGE;

    /**
     * @param tables  zeroed memory for the tables
     * @param address where the hart sees it
     */
    ShuffledPages(PagingMode mode, MemorySegment tables, long address) {
        this.mode = mode;
        this.tables = tables;
        this.address = address;
    }

    /** A permutation of {@code count} page numbers. */
    static List<Integer> shuffle(int count, long seed) {
        List<Integer> frames = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            frames.add(i);
        }
        Collections.shuffle(frames, new Random(seed));
        return frames;
    }

    void map(long virtual, long physical) {
        int table = 0;
        for (int level = mode.levels() - 1; level > 0; level--) {
            int entry = table + index(virtual, level);
            if (read(entry) == 0) {
                write(entry, address + used >> 12 << 10 | TABLE);
                used += PAGE;
            }
            table = (int) ((read(entry) >> 10 << 12) - address);
        }
        write(table + index(virtual, 0), physical >> 12 << 10 | LEAF);
    }

    /** The value of {@code satp}. */
    long satp() {
        long number = switch (mode) {
            case BARE -> 0;
            case SV39 -> 8;
            case SV48 -> 9;
            case SV57 -> 10;
        };
        return number == 0 ? 0 : number << 60 | address >> 12;
    }

    private static int index(long virtual, int level) {
        return (int) (virtual >> 12 + 9 * level & 511) * 8;
    }

    private long read(int offset) {
        return tables.get(ValueLayout.JAVA_LONG, offset);
    }

    private void write(int offset, long value) {
        tables.set(ValueLayout.JAVA_LONG, offset, value);
    }
}
