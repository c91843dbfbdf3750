package org.vm.isa.riscv.internal.instructions;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;

/** Zbs, single-bit instructions (Volume I, 30.4.4). */
@Extension("Zbs")
public final class Zbs {
    private Zbs() {}

    @Encoding("0100100 rs2 rs1 001 rd 0110011")
    public static long bclr(long rs1, long rs2) {
        return rs1 & ~(1L << rs2);
    }

    @Encoding("010010 shamt:6 rs1 001 rd 0010011")
    public static long bclri(long rs1, int shamt) {
        return rs1 & ~(1L << shamt);
    }

    @Encoding("0100100 rs2 rs1 101 rd 0110011")
    public static long bext(long rs1, long rs2) {
        return rs1 >>> rs2 & 1;
    }

    @Encoding("010010 shamt:6 rs1 101 rd 0010011")
    public static long bexti(long rs1, int shamt) {
        return rs1 >>> shamt & 1;
    }

    @Encoding("0110100 rs2 rs1 001 rd 0110011")
    public static long binv(long rs1, long rs2) {
        return rs1 ^ 1L << rs2;
    }

    @Encoding("011010 shamt:6 rs1 001 rd 0010011")
    public static long binvi(long rs1, int shamt) {
        return rs1 ^ 1L << shamt;
    }

    @Encoding("0010100 rs2 rs1 001 rd 0110011")
    public static long bset(long rs1, long rs2) {
        return rs1 | 1L << rs2;
    }

    @Encoding("001010 shamt:6 rs1 001 rd 0010011")
    public static long bseti(long rs1, int shamt) {
        return rs1 | 1L << shamt;
    }
}
