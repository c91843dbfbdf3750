package org.vm.isa.riscv.internal;

import org.vm.api.cpu.GuestTrap;

/**
 * The exceptions that instructions raise by themselves (Volume II, table of mcause values). Immutable and without a stack
 * trace, so one instance of each serves every hart; what goes to {@code xtval} is found when the trap is delivered.
 */
public final class RiscvTrap extends GuestTrap {
    public static final RiscvTrap ILLEGAL_INSTRUCTION = new RiscvTrap(2);
    public static final RiscvTrap BREAKPOINT = new RiscvTrap(3);
    public static final RiscvTrap ECALL_FROM_U = new RiscvTrap(8);
    public static final RiscvTrap ECALL_FROM_S = new RiscvTrap(9);
    public static final RiscvTrap ECALL_FROM_M = new RiscvTrap(11);

    private final int cause;

    private RiscvTrap(int cause) {
        this.cause = cause;
    }

    /** Exception code. */
    public int cause() {
        return cause;
    }

    @Override
    public String getMessage() {
        return switch (cause) {
            case 2 -> "illegal instruction";
            case 3 -> "breakpoint";
            default -> "environment call";
        };
    }
}
