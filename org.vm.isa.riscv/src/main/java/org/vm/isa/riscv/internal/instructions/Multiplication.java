package org.vm.isa.riscv.internal.instructions;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;

/** M, integer multiplication and division (Volume I, chapter 12). Division never traps. */
@Extension("M")
public final class Multiplication {
    private Multiplication() {}

    @Encoding("0000001 rs2 rs1 000 rd 0110011")
    @Encoding(name = "c.mul", value = "100 111 rd'=rs1' 10 rs2' 01", extension = "Zcb")
    public static long mul(long rs1, long rs2) {
        return rs1 * rs2;
    }

    @Encoding("0000001 rs2 rs1 001 rd 0110011")
    public static long mulh(long rs1, long rs2) {
        return Math.multiplyHigh(rs1, rs2);
    }

    @Encoding("0000001 rs2 rs1 010 rd 0110011")
    public static long mulhsu(long rs1, long rs2) {
        return Math.multiplyHigh(rs1, rs2) + (rs1 & rs2 >> 63);
    }

    @Encoding("0000001 rs2 rs1 011 rd 0110011")
    public static long mulhu(long rs1, long rs2) {
        return Math.unsignedMultiplyHigh(rs1, rs2);
    }

    @Encoding("0000001 rs2 rs1 100 rd 0110011")
    public static long div(long rs1, long rs2) {
        return rs2 == 0 ? -1 : rs1 / rs2;
    }

    @Encoding("0000001 rs2 rs1 101 rd 0110011")
    public static long divu(long rs1, long rs2) {
        return rs2 == 0 ? -1 : Long.divideUnsigned(rs1, rs2);
    }

    @Encoding("0000001 rs2 rs1 110 rd 0110011")
    public static long rem(long rs1, long rs2) {
        return rs2 == 0 ? rs1 : rs1 % rs2;
    }

    @Encoding("0000001 rs2 rs1 111 rd 0110011")
    public static long remu(long rs1, long rs2) {
        return rs2 == 0 ? rs1 : Long.remainderUnsigned(rs1, rs2);
    }

    @Encoding("0000001 rs2 rs1 000 rd 0111011")
    public static long mulw(long rs1, long rs2) {
        return (int) (rs1 * rs2);
    }

    @Encoding("0000001 rs2 rs1 100 rd 0111011")
    public static long divw(long rs1, long rs2) {
        return (int) rs2 == 0 ? -1 : (int) rs1 / (int) rs2;
    }

    @Encoding("0000001 rs2 rs1 101 rd 0111011")
    public static long divuw(long rs1, long rs2) {
        return (int) rs2 == 0 ? -1 : Integer.divideUnsigned((int) rs1, (int) rs2);
    }

    @Encoding("0000001 rs2 rs1 110 rd 0111011")
    public static long remw(long rs1, long rs2) {
        return (int) rs2 == 0 ? (int) rs1 : (int) rs1 % (int) rs2;
    }

    @Encoding("0000001 rs2 rs1 111 rd 0111011")
    public static long remuw(long rs1, long rs2) {
        return (int) rs2 == 0 ? (int) rs1 : Integer.remainderUnsigned((int) rs1, (int) rs2);
    }
}
