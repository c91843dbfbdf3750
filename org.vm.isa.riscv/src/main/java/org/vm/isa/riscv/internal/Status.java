package org.vm.isa.riscv.internal;

import java.util.function.Supplier;
import org.vm.api.mmu.Mmu;

/** The privilege level of a hart and {@code mstatus} with its view {@code sstatus} (Volume II, 3.1.6 and 12.1.1). */
public final class Status {
    static final long SIE = 1 << 1;
    static final long MIE = 1 << 3;
    static final long SPIE = 1 << 5;
    static final long MPIE = 1 << 7;
    static final long SPP = 1 << 8;
    static final long MPP = 3 << 11;
    static final long FS = 3 << 13;
    static final long MPRV = 1 << 17;
    static final long SUM = 1 << 18;
    static final long MXR = 1 << 19;
    static final long TVM = 1 << 20;
    static final long TW = 1 << 21;
    static final long TSR = 1 << 22;
    private static final long SD = 1L << 63;
    /** UXL and SXL: 64 bits, fixed. */
    private static final long WIDTHS = 2L << 32 | 2L << 34;

    private static final long WRITABLE = SIE | MIE | SPIE | MPIE | SPP | MPP | FS | MPRV | SUM | MXR | TVM | TW | TSR;
    private static final long SUPERVISOR_WRITABLE = SIE | SPIE | SPP | FS | SUM | MXR;
    private static final long SUPERVISOR_VISIBLE = SUPERVISOR_WRITABLE | SD | 3L << 32;
    /** What the rights of memory accesses depend on. */
    private static final long ACCESS = MPRV | MPP | SUM | MXR;

    private static final int MPP_SHIFT = 11;

    private final Mmu mmu;
    private int privilege;
    private long bits;

    Status(Mmu mmu) {
        this.mmu = mmu;
    }

    void reset() {
        privilege = Privilege.MACHINE;
        bits = 0;
        apply();
    }

    /** Current privilege level. */
    public int privilege() {
        return privilege;
    }

    public boolean has(long bit) {
        return (bits & bit) != 0;
    }

    /** The {@link DecodingContext} that FS stands for; Initial is as Clean. */
    int floatContext() {
        long fs = bits & FS;
        return fs == 0 ? DecodingContext.OFF : fs == FS ? DecodingContext.DIRTY : DecodingContext.CLEAN;
    }

    /** The {@link DecodingContext} that all of it stands for. */
    int context() {
        return floatContext() + (privilege == Privilege.USER ? 0 : DecodingContext.PRIVILEGED);
    }

    void disableInterrupts() {
        bits &= ~SIE;
    }

    void markFloatDirty() {
        bits |= FS;
    }

    long read() {
        return bits | WIDTHS | (floatContext() == DecodingContext.DIRTY ? SD : 0);
    }

    void write(long value) {
        long next = bits & ~WRITABLE | value & WRITABLE;
        if ((next & MPP) == 2L << MPP_SHIFT) {
            next = next & ~MPP | bits & MPP;
        }
        boolean accessChanges = ((next ^ bits) & ACCESS) != 0;
        bits = next;
        if (accessChanges) {
            apply();
        }
    }

    long readSupervisor() {
        return read() & SUPERVISOR_VISIBLE;
    }

    void writeSupervisor(long value) {
        write(bits & ~SUPERVISOR_WRITABLE | value & SUPERVISOR_WRITABLE);
    }

    /** A trap into M-mode. */
    void enterMachine() {
        bits = bits & ~(MPIE | MIE | MPP) | (has(MIE) ? MPIE : 0) | (long) privilege << MPP_SHIFT;
        privilege = Privilege.MACHINE;
        apply();
    }

    /** A trap into S-mode. */
    void enterSupervisor() {
        bits = bits & ~(SPIE | SIE | SPP) | (has(SIE) ? SPIE : 0) | (privilege == Privilege.SUPERVISOR ? SPP : 0);
        privilege = Privilege.SUPERVISOR;
        apply();
    }

    /** What {@code mret} does to the status. */
    void leaveMachine() {
        privilege = (int) (bits >> MPP_SHIFT) & 3;
        bits = bits & ~(MIE | MPP) | (has(MPIE) ? MIE : 0) | MPIE;
        leaveTo();
    }

    /** What {@code sret} does to the status. */
    void leaveSupervisor() {
        privilege = has(SPP) ? Privilege.SUPERVISOR : Privilege.USER;
        bits = bits & ~(SIE | SPP) | (has(SPIE) ? SIE : 0) | SPIE;
        leaveTo();
    }

    private void leaveTo() {
        if (privilege != Privilege.MACHINE) {
            bits &= ~MPRV;
        }
        apply();
    }

    /** Goes to S-mode with interrupts off, as firmware does that hands a hart over. */
    void startSupervisor() {
        bits &= ~(SIE | MPRV);
        privilege = Privilege.SUPERVISOR;
        apply();
    }

    /** Runs {@code access} with the rights of untranslated M-mode. */
    public <T> T asMachine(Supplier<T> access) {
        mmu.privilege(Privilege.MACHINE, Privilege.MACHINE, false, false);
        try {
            return access.get();
        } finally {
            apply();
        }
    }

    private void apply() {
        int data = has(MPRV) ? (int) (bits >> MPP_SHIFT) & 3 : privilege;
        mmu.privilege(privilege, data, has(SUM), has(MXR));
    }
}
