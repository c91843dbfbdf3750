package org.vm.isa.riscv.internal;

import org.vm.api.irq.InterruptFile;

/**
 * One level's way to its interrupt file: {@code xiselect} and {@code xireg}, a window to registers that are no CSRs, and
 * {@code xtopei} (AIA 1.0, chapter 2 and 3.8 to 3.10).
 */
final class FileWindow {
    /** Nine bits, so that software may assume the same range everywhere (2.2). */
    private static final long SELECTABLE = 0x1FF;
    private static final int PRIORITIES = 0x30;
    private static final int PRIORITIES_END = 0x40;
    private static final int FILE = 0x70;
    private static final int DELIVERY = 0x70;
    private static final int THRESHOLD = 0x72;
    private static final int ARRAYS = 0x80;
    private static final int FILE_END = 0x100;
    /** An identity is its own priority (3.3); both are in {@code xtopei}. */
    private static final long IDENTITY_AND_PRIORITY = 1 << 16 | 1;

    private volatile InterruptFile file;
    private int select;

    void connect(InterruptFile to) {
        file = to;
    }

    boolean present() {
        return file != null;
    }

    void reset() {
        select = 0;
    }

    long select() {
        return select;
    }

    void select(long value) {
        select = (int) (value & SELECTABLE);
    }

    boolean selectsFile() {
        return select >= FILE && select < FILE_END;
    }

    long read() {
        InterruptFile there = selected();
        return there == null ? 0 : there.read(select);
    }

    long modify(long set, long clear) {
        InterruptFile there = selected();
        return there == null ? 0 : there.modify(select, set, clear);
    }

    /** The file, if a register of it is selected; {@code null} for a register that reads zero. */
    private InterruptFile selected() {
        boolean odd = (select & 1) != 0;
        if (select >= PRIORITIES && select < PRIORITIES_END && !odd) {
            return null;
        }
        if (selectsFile() && select < ARRAYS) {
            return select == DELIVERY || select == THRESHOLD ? file : null;
        }
        // With 64-bit registers there is each second one.
        if (!selectsFile() || odd) {
            throw RiscvTrap.ILLEGAL_INSTRUCTION;
        }
        return file;
    }

    long top() {
        InterruptFile there = file;
        return there == null ? 0 : there.top() * IDENTITY_AND_PRIORITY;
    }

    long claim() {
        InterruptFile there = file;
        return there == null ? 0 : there.claim() * IDENTITY_AND_PRIORITY;
    }
}
