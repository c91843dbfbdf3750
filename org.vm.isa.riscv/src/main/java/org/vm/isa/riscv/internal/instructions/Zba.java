package org.vm.isa.riscv.internal.instructions;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;

/** Zba, address generation (Volume I, 30.4.1). */
@Extension("Zba")
public final class Zba {
    private Zba() {}

    @Encoding("0000100 rs2 rs1 000 rd 0111011")
    @Encoding(name = "c.zext.w", value = "100 111 rd'=rs1' 11 100 01", fixed = "rs2=0", extension = "Zcb")
    public static long add_uw(long rs1, long rs2) {
        return (rs1 & 0xFFFF_FFFFL) + rs2;
    }

    @Encoding("0010000 rs2 rs1 010 rd 0110011")
    public static long sh1add(long rs1, long rs2) {
        return (rs1 << 1) + rs2;
    }

    @Encoding("0010000 rs2 rs1 010 rd 0111011")
    public static long sh1add_uw(long rs1, long rs2) {
        return ((rs1 & 0xFFFF_FFFFL) << 1) + rs2;
    }

    @Encoding("0010000 rs2 rs1 100 rd 0110011")
    public static long sh2add(long rs1, long rs2) {
        return (rs1 << 2) + rs2;
    }

    @Encoding("0010000 rs2 rs1 100 rd 0111011")
    public static long sh2add_uw(long rs1, long rs2) {
        return ((rs1 & 0xFFFF_FFFFL) << 2) + rs2;
    }

    @Encoding("0010000 rs2 rs1 110 rd 0110011")
    public static long sh3add(long rs1, long rs2) {
        return (rs1 << 3) + rs2;
    }

    @Encoding("0010000 rs2 rs1 110 rd 0111011")
    public static long sh3add_uw(long rs1, long rs2) {
        return ((rs1 & 0xFFFF_FFFFL) << 3) + rs2;
    }

    @Encoding("000010 shamt:6 rs1 001 rd 0011011")
    public static long slli_uw(long rs1, int shamt) {
        return (rs1 & 0xFFFF_FFFFL) << shamt;
    }
}
