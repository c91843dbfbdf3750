package org.vm.isa.riscv.internal;

/** Floating-point control and status of a hart (Volume I, 20.2). */
public final class Fpu {
    /** Dynamic rounding mode, 0 to 7. */
    public int frm;
    /** Accrued exceptions: NV 16, DZ 8, OF 4, UF 2, NX 1. */
    public int fflags;

    /**
     * The rounding mode that an instruction with this {@code rm} field uses, 0 to 4.
     *
     * @throws RiscvTrap if it, or {@code frm} where {@code rm} says dynamic, is reserved
     */
    public int rounding(int rm) {
        int mode = rm == 7 ? frm : rm;
        if (mode > 4) {
            throw RiscvTrap.ILLEGAL_INSTRUCTION;
        }
        return mode;
    }

    public void reset() {
        frm = 0;
        fflags = 0;
    }
}
