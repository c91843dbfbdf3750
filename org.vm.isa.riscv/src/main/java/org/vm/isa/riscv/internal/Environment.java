package org.vm.isa.riscv.internal;

/**
 * {@code menvcfg} and {@code senvcfg} (Volume II, 3.1.18 and 12.1.10): what lower levels may use. FIOM needs no more than
 * to be kept, since every fence orders everything.
 */
public final class Environment {
    private static final long FIOM = 1;
    private static final long CBIE = 3 << 4;
    public static final long CBCFE = 1 << 6;
    public static final long CBZE = 1 << 7;
    static final long ADUE = 1L << 61;
    static final long PBMTE = 1L << 62;
    static final long STCE = 1L << 63;

    private static final long SUPERVISOR = FIOM | CBIE | CBCFE | CBZE;
    static final long EVERYTHING = SUPERVISOR | ADUE | PBMTE | STCE;
    private static final long CBIE_RESERVED = 2 << 4;

    private final Hart hart;
    private long machine;
    private long supervisor;

    Environment(Hart hart) {
        this.hart = hart;
    }

    void reset() {
        supervisor = 0;
        write(0);
    }

    /** Whether {@code cbo.clean}, {@code cbo.flush} or {@code cbo.zero} is enabled at the current level. */
    public boolean permits(long enable) {
        return (effective() & enable) == enable;
    }

    /** Whether {@code cbo.inval} is enabled at the current level (as itself or as a flush, which are one here). */
    public boolean permitsInvalidate() {
        int privilege = hart.status.privilege();
        return privilege == Privilege.MACHINE
                || (machine & CBIE) != 0 && (privilege == Privilege.SUPERVISOR || (supervisor & CBIE) != 0);
    }

    private long effective() {
        return switch (hart.status.privilege()) {
            case Privilege.MACHINE -> SUPERVISOR;
            case Privilege.SUPERVISOR -> machine;
            default -> machine & supervisor;
        };
    }

    /** Whether {@code stimecmp} drives STIP (Sstc). */
    boolean supervisorTimer() {
        return (machine & STCE) != 0;
    }

    long read() {
        return machine;
    }

    void write(long value) {
        machine = legal(value, machine) & EVERYTHING;
        hart.mmu.walker((machine & ADUE) != 0, (machine & PBMTE) != 0);
        hart.timer.update();
    }

    long readSupervisor() {
        return supervisor;
    }

    void writeSupervisor(long value) {
        supervisor = legal(value, supervisor) & SUPERVISOR;
    }

    private static long legal(long value, long before) {
        return (value & CBIE) == CBIE_RESERVED ? value & ~CBIE | before & CBIE : value;
    }
}
