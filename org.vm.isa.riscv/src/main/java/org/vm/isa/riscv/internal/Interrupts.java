package org.vm.isa.riscv.internal;

import java.util.concurrent.atomic.AtomicLong;
import org.vm.api.irq.InterruptFile;
import org.vm.api.irq.InterruptLine;

/**
 * What is pending and what is enabled: {@code mip}, {@code mie}, {@code mideleg} and their supervisor views (Volume II,
 * 3.1.8, 3.1.9, 12.1.3), and what M-mode lets S-mode see instead of an interrupt that it keeps: {@code mvien} and
 * {@code mvip} (AIA 1.0, 5.3). Lines may be set by any thread; all else belongs to the hart's own.
 */
public final class Interrupts {
    public static final int SSI = 1;
    public static final int MSI = 3;
    public static final int STI = 5;
    public static final int MTI = 7;
    public static final int SEI = 9;
    public static final int MEI = 11;
    /** Local interrupts: a counter's overflow, and events of reliability, availability and serviceability. */
    private static final int LOCAL_OVERFLOW = 13;
    private static final int LOCAL_RAS_LOW = 35;
    private static final int LOCAL_RAS_HIGH = 43;

    /** AIA 1.0, table 5.1. */
    private static final int[] BY_PRIORITY = {LOCAL_RAS_HIGH, MEI, MSI, MTI, SEI, SSI, STI, LOCAL_OVERFLOW, LOCAL_RAS_LOW};
    static final long SUPERVISOR = 1 << SSI | 1 << STI | 1 << SEI;
    private static final long ALL = SUPERVISOR | 1 << MSI | 1 << MTI | 1 << MEI;
    /** These are here for M-mode to raise at S-mode, and come from nowhere else. */
    private static final long LOCAL = 1 << LOCAL_OVERFLOW | 1L << LOCAL_RAS_LOW | 1L << LOCAL_RAS_HIGH;
    private static final long FILTERABLE = 1 << SSI | 1 << SEI | LOCAL;
    private static final int IDENTITY_SHIFT = 16;

    private final Hart hart;
    /** The levels' own parts of an IMSIC. */
    final FileWindow machine = new FileWindow();
    final FileWindow supervisor = new FileWindow();
    /** Levels of the lines; the bit of SSI is also what software sets and clears. */
    private final AtomicLong wires = new AtomicLong();
    /** SEIP and STIP as M-mode wrote them; or-ed with the wires. */
    private long software;
    private long enabled;
    private long delegated;
    /** {@code mvien}. */
    private long filtered;
    /** Bits of {@code mvip} that are no others' alias. */
    private long virtual;
    /** Bits of {@code sie} that are none of {@code mie}. */
    private long virtualEnabled;

    Interrupts(Hart hart) {
        this.hart = hart;
    }

    /** Levels of wires belong to the devices that drive them, and stay. */
    void reset() {
        wires.getAndUpdate(w -> w & ~(1L << SSI | 1L << STI));
        software = 0;
        enabled = 0;
        delegated = 0;
        filtered = 0;
        virtual = 0;
        virtualEnabled = 0;
        machine.reset();
        supervisor.reset();
    }

    InterruptLine line(int number) {
        long bit = number >= 0 && number < Long.SIZE ? 1L << number & ALL : 0;
        if (bit == 0) {
            throw new IllegalArgumentException("hart " + hart.id + " has no interrupt line " + number
                    + "; it has 1, 3, 5, 7, 9 and 11");
        }
        return level -> set(bit, level);
    }

    void file(int number, InterruptFile file) {
        switch (number) {
            case MEI -> machine.connect(file);
            case SEI -> supervisor.connect(file);
            default -> throw new IllegalArgumentException("hart " + hart.id + " has no interrupt file for its line " + number
                    + "; it may have files for 9 and 11");
        }
    }

    /** Whether there is an IMSIC, and by it the Advanced Interrupt Architecture. */
    boolean advanced() {
        return machine.present() && supervisor.present();
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
        return wires.get() | software & ~(filtered & 1 << SEI);
    }

    private long readyForMachine() {
        return pending() & enabled & ~delegated;
    }

    private long readyForSupervisor() {
        return supervisorPending() & supervisorEnabled();
    }

    /** Whether something is pending that is enabled by itself, whatever the global enables say: what ends a WFI. */
    boolean wakes() {
        return (readyForMachine() | readyForSupervisor()) != 0;
    }

    /** Makes the hart look at its interrupts if there may be one to take; to be called after any change of status. */
    void recheck() {
        if (wakes()) {
            hart.requestAttention();
        }
    }

    /** Takes the interrupt that is to be taken now, if there is one. */
    void take() {
        if (!wakes()) {
            return;
        }
        Status status = hart.status;
        int privilege = status.privilege();
        boolean machineTakes = privilege < Privilege.MACHINE || status.has(Status.MIE);
        boolean supervisorTakes = privilege < Privilege.SUPERVISOR
                || privilege == Privilege.SUPERVISOR && status.has(Status.SIE);
        long forMachine = machineTakes ? readyForMachine() : 0;
        long forSupervisor = supervisorTakes ? readyForSupervisor() : 0;
        if (forMachine != 0) {
            hart.traps.interrupt(first(forMachine), false);
        } else if (forSupervisor != 0) {
            hart.traps.interrupt(first(forSupervisor), true);
        }
    }

    private static int first(long candidates) {
        for (int number : BY_PRIORITY) {
            if ((candidates >> number & 1) != 0) {
                return number;
            }
        }
        throw new IllegalArgumentException("no interrupt has a bit of 0x" + Long.toHexString(candidates));
    }

    /** {@code mtopi}. */
    long machineTop() {
        return top(readyForMachine());
    }

    /** {@code stopi}. */
    long supervisorTop() {
        return top(readyForSupervisor());
    }

    private static long top(long candidates) {
        return candidates == 0 ? 0 : (long) first(candidates) << IDENTITY_SHIFT | 1;
    }

    /** Changes {@code mip}: of what M-mode can write, sets and clears what it is told, and nothing else. */
    void modifyPending(long set, long clear) {
        long writable = 1 << SSI | 1 << SEI & ~filtered | writableTimer();
        change(set & writable, clear & writable);
    }

    private long writableTimer() {
        return hart.environment.supervisorTimer() ? 0 : 1 << STI;
    }

    /** Changes {@code sip}: SSIP, if it is delegated, and what M-mode raises there instead of interrupts. */
    void modifySupervisorPending(long set, long clear) {
        long writable = 1 << SSI & delegated;
        change(set & writable, clear & writable);
        long owned = (1 << SSI | LOCAL) & virtualized();
        virtual = virtual & ~(clear & owned) | set & owned;
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
        return pending() & delegated | (virtual | software & 1 << SEI) & virtualized();
    }

    /** The interrupts of S-mode that come from {@code mvip}. */
    private long virtualized() {
        return filtered & ~delegated;
    }

    long enabled() {
        return enabled;
    }

    void enable(long value) {
        enabled = value & ALL;
    }

    long supervisorEnabled() {
        return enabled & delegated | virtualEnabled & virtualized();
    }

    void enableSupervisor(long value) {
        enabled = enabled & ~delegated | value & delegated;
        virtualEnabled = virtualEnabled & ~virtualized() | value & virtualized();
    }

    long delegated() {
        return delegated;
    }

    void delegate(long value) {
        delegated = value & SUPERVISOR;
    }

    long filtered() {
        return filtered;
    }

    void filter(long value) {
        filtered = value & FILTERABLE;
    }

    boolean filtersExternal() {
        return (filtered & 1 << SEI) != 0;
    }

    /** {@code mvip}: bits of its own, and aliases of what software wrote to {@code mip}. */
    long virtualPending() {
        long own = virtual & (filtered | LOCAL);
        return own | wires.get() & 1 << SSI & ~filtered | software & (1 << SEI | writableTimer());
    }

    void modifyVirtualPending(long set, long clear) {
        long aliases = 1 << SSI & ~filtered | 1 << SEI | writableTimer();
        change(set & aliases, clear & aliases);
        long owned = 1 << SSI & filtered | LOCAL;
        virtual = virtual & ~(clear & owned) | set & owned;
    }
}
