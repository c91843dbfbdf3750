package org.vm.isa.riscv.internal;

/** The registers of traps in M- and S-mode, and how a trap is taken and left (Volume II, 3.1.7, 3.1.8, 3.1.12 to 16). */
public final class Traps {
    private static final long INTERRUPT = 1L << 63;
    /** Everything that can happen below M-mode: all but environment calls from M-mode and reserved codes. */
    private static final long DELEGABLE = 0xB3FF;

    private final Hart hart;
    private long exceptionDelegation;
    /** Traps to M-mode and to S-mode: where from, why, with what value, and the handler. */
    final Bank machine = new Bank();
    final Bank supervisor = new Bank();
    private long exceptions;
    private long interrupts;

    Traps(Hart hart) {
        this.hart = hart;
    }

    /** {@code xtvec}, {@code xscratch}, {@code xepc}, {@code xcause} and {@code xtval} of one level. */
    static final class Bank {
        long vector;
        long scratch;
        long epc;
        long cause;
        long value;

        /** Modes 2 and 3 are reserved and read as the ones without their upper bit. */
        void vector(long address) {
            vector = address & ~2;
        }

        /** Instructions are aligned to 2 bytes. */
        void epc(long address) {
            epc = address & ~1;
        }

        private void reset() {
            vector = 0;
            scratch = 0;
            epc = 0;
            cause = 0;
            value = 0;
        }

        private long take(long code, long from, long trapValue) {
            epc = from;
            cause = code;
            value = trapValue;
            long base = vector & ~3;
            boolean vectored = (vector & 1) != 0 && code < 0;
            return vectored ? base + 4 * (code & ~INTERRUPT) : base;
        }
    }

    void reset() {
        exceptionDelegation = 0;
        machine.reset();
        supervisor.reset();
    }

    /** Takes an exception raised by the instruction at {@code from}. */
    void exception(int code, long from, long value) {
        exceptions++;
        take(code, (exceptionDelegation >> code & 1) != 0, from, value);
    }

    /** Takes an interrupt before the instruction at {@code hart.pc}. */
    void interrupt(int number, boolean bySupervisor) {
        interrupts++;
        take(INTERRUPT | number, bySupervisor, hart.pc, 0);
    }

    private void take(long code, boolean delegated, long from, long value) {
        hart.mmu.clearReservation();
        if (delegated && hart.status.privilege() != Privilege.MACHINE) {
            hart.status.enterSupervisor();
            hart.pc = supervisor.take(code, from, value);
        } else {
            hart.status.enterMachine();
            hart.pc = machine.take(code, from, value);
        }
    }

    /** {@code mret}: the next pc. */
    public long returnFromMachine() {
        if (hart.status.privilege() != Privilege.MACHINE) {
            throw RiscvTrap.ILLEGAL_INSTRUCTION;
        }
        hart.status.leaveMachine();
        hart.interrupts.recheck();
        return machine.epc;
    }

    /** {@code sret}: the next pc. */
    public long returnFromSupervisor() {
        int privilege = hart.status.privilege();
        if (privilege == Privilege.USER || privilege == Privilege.SUPERVISOR && hart.status.has(Status.TSR)) {
            throw RiscvTrap.ILLEGAL_INSTRUCTION;
        }
        hart.status.leaveSupervisor();
        hart.interrupts.recheck();
        return supervisor.epc;
    }

    long delegation() {
        return exceptionDelegation;
    }

    void delegate(long value) {
        exceptionDelegation = value & DELEGABLE;
    }

    long exceptions() {
        return exceptions;
    }

    long interrupts() {
        return interrupts;
    }
}
