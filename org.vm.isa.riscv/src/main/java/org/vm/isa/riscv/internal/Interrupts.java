package org.vm.isa.riscv.internal;

import java.util.concurrent.atomic.AtomicLong;
import org.vm.api.irq.InterruptLine;

/**
 * What is pending and what is enabled: {@code mip}, {@code mie}, {@code mideleg} and their supervisor views (Volume II,
 * 3.1.8, 3.1.9, 12.1.3). Lines may be set by any thread; all else belongs to the hart's own.
 */
public final class Interrupts {
    public static final int SSI = 1;
    public static final int MSI = 3;
    public static final int STI = 5;
    public static final int MTI = 7;
    public static final int SEI = 9;
    public static final int MEI = 11;

    private static final int[] BY_PRIORITY = {MEI, MSI, MTI, SEI, SSI, STI};
    static final long SUPERVISOR = 1 << SSI | 1 << STI | 1 << SEI;
    private static final long ALL = SUPERVISOR | 1 << MSI | 1 << MTI | 1 << MEI;

    private final Hart hart;
    /** Levels of the lines; the bit of SSI is also what software sets and clears. */
    private final AtomicLong wires = new AtomicLong();
    /** SEIP and STIP as M-mode wrote them; or-ed with the wires. */
    private long software;
    private long enabled;
    private long delegated;

    Interrupts(Hart hart) {
        this.hart = hart;
    }

    /** Levels of wires belong to the devices that drive them, and stay. */
    void reset() {
        wires.getAndUpdate(w -> w & ~(1L << SSI | 1L << STI));
        software = 0;
        enabled = 0;
        delegated = 0;
    }

    InterruptLine line(int number) {
        long bit = number >= 0 && number < Long.SIZE ? 1L << number & ALL : 0;
        if (bit == 0) {
            throw new IllegalArgumentException("hart " + hart.id + " has no interrupt line " + number
                    + "; it has 1, 3, 5, 7, 9 and 11");
        }
        return level -> set(bit, level);
    }

    /** Sets SSIP, as one hart does to another. Any thread. */
    public void interruptBySoftware() {
        set(1 << SSI, true);
    }

    private void set(long bit, boolean level) {
        if (!level) {
            wires.getAndUpdate(w -> w & ~bit);
        } else if ((wires.getAndUpdate(w -> w | bit) & bit) == 0) {
            hart.requestAttention();
        }
    }

    long pending() {
        return wires.get() | software;
    }

    /** Whether something is pending that is enabled by itself, whatever the global enables say: what ends a WFI. */
    boolean wakes() {
        return (pending() & enabled) != 0;
    }

    /** Makes the hart look at its interrupts if there may be one to take; to be called after any change of status. */
    void recheck() {
        if (wakes()) {
            hart.requestAttention();
        }
    }

    /** The interrupt to take now, or -1. */
    int next() {
        long ready = pending() & enabled;
        if (ready == 0) {
            return -1;
        }
        Status status = hart.status;
        int privilege = status.privilege();
        boolean machineTakes = privilege < Privilege.MACHINE || status.has(Status.MIE);
        boolean supervisorTakes = privilege < Privilege.SUPERVISOR
                || privilege == Privilege.SUPERVISOR && status.has(Status.SIE);
        long machine = machineTakes ? ready & ~delegated : 0;
        long supervisor = supervisorTakes ? ready & delegated : 0;
        long candidates = machine != 0 ? machine : supervisor;
        for (int number : BY_PRIORITY) {
            if ((candidates >> number & 1) != 0) {
                return number;
            }
        }
        return -1;
    }

    boolean delegates(int number) {
        return (delegated >> number & 1) != 0;
    }

    /** Changes {@code mip}: of what M-mode can write, sets and clears what it is told, and nothing else. */
    void modifyPending(long set, long clear) {
        long writable = 1 << SSI | 1 << SEI | (hart.environment.supervisorTimer() ? 0 : 1 << STI);
        change(set & writable, clear & writable);
    }

    /** Changes {@code sip}: SSIP, if it is delegated. */
    void modifySupervisorPending(long set, long clear) {
        long writable = 1 << SSI & delegated;
        change(set & writable, clear & writable);
    }

    private void change(long set, long clear) {
        long wire = 1 << SSI;
        if (((set | clear) & wire) != 0) {
            wires.getAndUpdate(w -> w & ~(clear & wire) | set & wire);
        }
        software = (software & ~clear | set) & ~wire;
    }

    /** STIP comes from the comparator from now on, or from software again. */
    void timerChangesHands() {
        software &= ~(1L << STI);
    }

    long supervisorPending() {
        return pending() & delegated;
    }

    long enabled() {
        return enabled;
    }

    void enable(long value) {
        enabled = value & ALL;
    }

    long supervisorEnabled() {
        return enabled & delegated;
    }

    void enableSupervisor(long value) {
        enabled = enabled & ~delegated | value & delegated;
    }

    long delegated() {
        return delegated;
    }

    void delegate(long value) {
        delegated = value & SUPERVISOR;
    }
}
