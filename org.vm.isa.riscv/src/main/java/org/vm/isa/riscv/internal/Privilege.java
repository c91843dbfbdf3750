package org.vm.isa.riscv.internal;

/** Privilege levels (Volume II, 1.2), as {@code mstatus.MPP} and {@link org.vm.api.mmu.Mmu#privilege} number them. */
public final class Privilege {
    public static final int USER = 0;
    public static final int SUPERVISOR = 1;
    public static final int MACHINE = 3;

    private Privilege() {}
}
