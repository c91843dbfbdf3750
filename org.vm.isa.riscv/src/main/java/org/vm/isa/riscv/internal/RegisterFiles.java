package org.vm.isa.riscv.internal;

import java.util.List;
import org.vm.api.isa.RegisterFile;

/** Where the registers of a {@link Hart} lie in its flat register array, and what its encodings call them. */
public final class RegisterFiles {
    /** Takes what is written to {@code x0}. */
    public static final int SINK = 64;

    /** Control and status registers of other bundles' instructions, from the first slot on: so many at most. */
    public static final int ADDED = 65;
    public static final int MOST_ADDED = 64;

    /** Length of the register array. */
    public static final int SLOTS = ADDED + MOST_ADDED;

    /** Integer registers (The RISC-V Instruction Set Manual, Volume I, 2.1). */
    public static final RegisterFile X = new RegisterFile("x", 0, 32, 0, SINK, List.of("rd", "rs1", "rs2"), List.of(
            "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
            "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"));

    /** Floating-point registers (Volume I, 20.1); NaN-boxed if narrower than 64 bits. */
    public static final RegisterFile F = new RegisterFile("f", 32, 32, -1, SINK, List.of("fd", "fs1", "fs2", "fs3"),
            List.of("ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0", "fa1", "fa2", "fa3",
                    "fa4", "fa5", "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10",
                    "fs11", "ft8", "ft9", "ft10", "ft11"));

    public static final List<RegisterFile> ALL = List.of(X, F);

    private RegisterFiles() {}
}
