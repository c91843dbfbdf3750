package org.vm.isa.riscv.internal.instructions;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;

/** Zbb, basic bit manipulation (Volume I, 30.4.2). */
@Extension("Zbb")
public final class Zbb {
    private Zbb() {}

    @Encoding("0100000 rs2 rs1 111 rd 0110011")
    public static long andn(long rs1, long rs2) {
        return rs1 & ~rs2;
    }

    @Encoding("0100000 rs2 rs1 110 rd 0110011")
    public static long orn(long rs1, long rs2) {
        return rs1 | ~rs2;
    }

    @Encoding("0100000 rs2 rs1 100 rd 0110011")
    public static long xnor(long rs1, long rs2) {
        return ~(rs1 ^ rs2);
    }

    @Encoding("0110000 00000 rs1 001 rd 0010011")
    public static long clz(long rs1) {
        return Long.numberOfLeadingZeros(rs1);
    }

    @Encoding("0110000 00000 rs1 001 rd 0011011")
    public static long clzw(long rs1) {
        return Integer.numberOfLeadingZeros((int) rs1);
    }

    @Encoding("0110000 00001 rs1 001 rd 0010011")
    public static long ctz(long rs1) {
        return Long.numberOfTrailingZeros(rs1);
    }

    @Encoding("0110000 00001 rs1 001 rd 0011011")
    public static long ctzw(long rs1) {
        return Integer.numberOfTrailingZeros((int) rs1);
    }

    @Encoding("0110000 00010 rs1 001 rd 0010011")
    public static long cpop(long rs1) {
        return Long.bitCount(rs1);
    }

    @Encoding("0110000 00010 rs1 001 rd 0011011")
    public static long cpopw(long rs1) {
        return Integer.bitCount((int) rs1);
    }

    @Encoding("0000101 rs2 rs1 110 rd 0110011")
    public static long max(long rs1, long rs2) {
        return Math.max(rs1, rs2);
    }

    @Encoding("0000101 rs2 rs1 111 rd 0110011")
    public static long maxu(long rs1, long rs2) {
        return Long.compareUnsigned(rs1, rs2) > 0 ? rs1 : rs2;
    }

    @Encoding("0000101 rs2 rs1 100 rd 0110011")
    public static long min(long rs1, long rs2) {
        return Math.min(rs1, rs2);
    }

    @Encoding("0000101 rs2 rs1 101 rd 0110011")
    public static long minu(long rs1, long rs2) {
        return Long.compareUnsigned(rs1, rs2) < 0 ? rs1 : rs2;
    }

    @Encoding("0110000 00100 rs1 001 rd 0010011")
    @Encoding(name = "c.sext.b", value = "100 111 rd'=rs1' 11 001 01", extension = "Zcb")
    public static long sext_b(long rs1) {
        return (byte) rs1;
    }

    @Encoding("0110000 00101 rs1 001 rd 0010011")
    @Encoding(name = "c.sext.h", value = "100 111 rd'=rs1' 11 011 01", extension = "Zcb")
    public static long sext_h(long rs1) {
        return (short) rs1;
    }

    @Encoding("0000100 00000 rs1 100 rd 0111011")
    @Encoding(name = "c.zext.h", value = "100 111 rd'=rs1' 11 010 01", extension = "Zcb")
    public static long zext_h(long rs1) {
        return rs1 & 0xFFFF;
    }

    @Encoding("0110000 rs2 rs1 001 rd 0110011")
    public static long rol(long rs1, long rs2) {
        return Long.rotateLeft(rs1, (int) rs2);
    }

    @Encoding("0110000 rs2 rs1 001 rd 0111011")
    public static long rolw(long rs1, long rs2) {
        return Integer.rotateLeft((int) rs1, (int) rs2);
    }

    @Encoding("0110000 rs2 rs1 101 rd 0110011")
    public static long ror(long rs1, long rs2) {
        return Long.rotateRight(rs1, (int) rs2);
    }

    @Encoding("011000 shamt:6 rs1 101 rd 0010011")
    public static long rori(long rs1, int shamt) {
        return Long.rotateRight(rs1, shamt);
    }

    @Encoding("0110000 shamt:5 rs1 101 rd 0011011")
    public static long roriw(long rs1, int shamt) {
        return Integer.rotateRight((int) rs1, shamt);
    }

    @Encoding("0110000 rs2 rs1 101 rd 0111011")
    public static long rorw(long rs1, long rs2) {
        return Integer.rotateRight((int) rs1, (int) rs2);
    }

    @Encoding("0010100 00111 rs1 101 rd 0010011")
    public static long orc_b(long rs1) {
        long lowBits = 0x0101_0101_0101_0101L;
        long some = rs1 | rs1 >>> 4 & 0x0F0F_0F0F_0F0F_0F0FL;
        some |= some >>> 2 & 0x3333_3333_3333_3333L;
        some |= some >>> 1 & 0x5555_5555_5555_5555L;
        return (some & lowBits) * 0xFF;
    }

    @Encoding("0110101 11000 rs1 101 rd 0010011")
    public static long rev8(long rs1) {
        return Long.reverseBytes(rs1);
    }
}
