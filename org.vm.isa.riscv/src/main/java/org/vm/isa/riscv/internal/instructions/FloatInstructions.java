package org.vm.isa.riscv.internal.instructions;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;
import org.vm.api.mmu.Mmu;
import org.vm.isa.riscv.internal.Fpu;
import org.vm.isa.riscv.internal.Hart;

/**
 * Extension F, single-precision floating point (The RISC-V Instruction Set Manual, Volume I, 20). A register is 64 bits
 * wide and holds a single NaN-boxed (21.2): all upper bits are set, and what is not boxed so reads as the canonical NaN.
 */
@Extension("F")
public final class FloatInstructions {
    private static final long BOX = 0xFFFF_FFFF_0000_0000L;
    private static final long LOWER = 0xFFFF_FFFFL;
    private static final int CANONICAL_NAN = 0x7FC0_0000;

    private FloatInstructions() {}

    static int unbox(long register) {
        return (register | LOWER) == -1 ? (int) register : CANONICAL_NAN;
    }

    static float single(long register) {
        return Float.intBitsToFloat(unbox(register));
    }

    static long box(int bits) {
        return BOX | bits;
    }

    static long box(float value) {
        return BOX | Float.floatToRawIntBits(value);
    }

    private static int withSign(int magnitude, int sign) {
        return magnitude & 0x7FFF_FFFF | sign & 0x8000_0000;
    }

    @Encoding("imm[11:0] rs1 010 fd 0000111")
    public static long flw(Mmu mmu, long rs1, long imm) {
        // No other call, and the memory first, so that the JIT can put its own access in its place.
        return mmu.load32(rs1 + imm) | BOX;
    }

    @Encoding("imm[11:5] fs2 rs1 010 imm[4:0] 0100111")
    public static void fsw(Mmu mmu, long rs1, long fs2, long imm) {
        mmu.store32(rs1 + imm, (int) fs2);
    }

    @Encoding("fs3 00 fs2 fs1 rm:3 fd 1000011")
    public static long fmadd_s(Hart hart, long fs1, long fs2, long fs3, int rm) {
        return box(hart.fpu.fusedMultiplyAdd(single(fs1), single(fs2), single(fs3), rm));
    }

    @Encoding("fs3 00 fs2 fs1 rm:3 fd 1000111")
    public static long fmsub_s(Hart hart, long fs1, long fs2, long fs3, int rm) {
        return box(hart.fpu.fusedMultiplyAdd(single(fs1), single(fs2), -single(fs3), rm));
    }

    @Encoding("fs3 00 fs2 fs1 rm:3 fd 1001011")
    public static long fnmsub_s(Hart hart, long fs1, long fs2, long fs3, int rm) {
        return box(hart.fpu.fusedMultiplyAdd(-single(fs1), single(fs2), single(fs3), rm));
    }

    @Encoding("fs3 00 fs2 fs1 rm:3 fd 1001111")
    public static long fnmadd_s(Hart hart, long fs1, long fs2, long fs3, int rm) {
        return box(hart.fpu.fusedMultiplyAdd(-single(fs1), single(fs2), -single(fs3), rm));
    }

    @Encoding("0000000 fs2 fs1 rm:3 fd 1010011")
    public static long fadd_s(Hart hart, long fs1, long fs2, int rm) {
        return box(hart.fpu.add(single(fs1), single(fs2), rm));
    }

    @Encoding("0000100 fs2 fs1 rm:3 fd 1010011")
    public static long fsub_s(Hart hart, long fs1, long fs2, int rm) {
        return box(hart.fpu.subtract(single(fs1), single(fs2), rm));
    }

    @Encoding("0001000 fs2 fs1 rm:3 fd 1010011")
    public static long fmul_s(Hart hart, long fs1, long fs2, int rm) {
        return box(hart.fpu.multiply(single(fs1), single(fs2), rm));
    }

    @Encoding("0001100 fs2 fs1 rm:3 fd 1010011")
    public static long fdiv_s(Hart hart, long fs1, long fs2, int rm) {
        return box(hart.fpu.divide(single(fs1), single(fs2), rm));
    }

    @Encoding("0101100 00000 fs1 rm:3 fd 1010011")
    public static long fsqrt_s(Hart hart, long fs1, int rm) {
        return box(hart.fpu.squareRoot(single(fs1), rm));
    }

    @Encoding("0010000 fs2 fs1 000 fd 1010011")
    public static long fsgnj_s(long fs1, long fs2) {
        return box(withSign(unbox(fs1), unbox(fs2)));
    }

    @Encoding("0010000 fs2 fs1 001 fd 1010011")
    public static long fsgnjn_s(long fs1, long fs2) {
        return box(withSign(unbox(fs1), ~unbox(fs2)));
    }

    @Encoding("0010000 fs2 fs1 010 fd 1010011")
    public static long fsgnjx_s(long fs1, long fs2) {
        return box(withSign(unbox(fs1), unbox(fs1) ^ unbox(fs2)));
    }

    @Encoding("0010100 fs2 fs1 000 fd 1010011")
    public static long fmin_s(Hart hart, long fs1, long fs2) {
        return box(hart.fpu.minimum(single(fs1), single(fs2)));
    }

    @Encoding("0010100 fs2 fs1 001 fd 1010011")
    public static long fmax_s(Hart hart, long fs1, long fs2) {
        return box(hart.fpu.maximum(single(fs1), single(fs2)));
    }

    @Encoding("1010000 fs2 fs1 000 rd 1010011")
    public static long fle_s(Hart hart, long fs1, long fs2) {
        return hart.fpu.lessOrEqual(single(fs1), single(fs2)) ? 1 : 0;
    }

    @Encoding("1010000 fs2 fs1 001 rd 1010011")
    public static long flt_s(Hart hart, long fs1, long fs2) {
        return hart.fpu.less(single(fs1), single(fs2)) ? 1 : 0;
    }

    @Encoding("1010000 fs2 fs1 010 rd 1010011")
    public static long feq_s(Hart hart, long fs1, long fs2) {
        return hart.fpu.equal(single(fs1), single(fs2)) ? 1 : 0;
    }

    @Encoding("1100000 00000 fs1 rm:3 rd 1010011")
    public static long fcvt_w_s(Hart hart, long fs1, int rm) {
        return hart.fpu.toInt(single(fs1), hart.fpu.rounding(rm));
    }

    @Encoding("1100000 00001 fs1 rm:3 rd 1010011")
    public static long fcvt_wu_s(Hart hart, long fs1, int rm) {
        return hart.fpu.toUnsignedInt(single(fs1), hart.fpu.rounding(rm));
    }

    @Encoding("1100000 00010 fs1 rm:3 rd 1010011")
    public static long fcvt_l_s(Hart hart, long fs1, int rm) {
        return hart.fpu.toLong(single(fs1), hart.fpu.rounding(rm));
    }

    @Encoding("1100000 00011 fs1 rm:3 rd 1010011")
    public static long fcvt_lu_s(Hart hart, long fs1, int rm) {
        return hart.fpu.toUnsignedLong(single(fs1), hart.fpu.rounding(rm));
    }

    @Encoding("1101000 00000 rs1 rm:3 fd 1010011")
    public static long fcvt_s_w(Hart hart, long rs1, int rm) {
        return box(hart.fpu.toSingle((int) rs1, hart.fpu.rounding(rm)));
    }

    @Encoding("1101000 00001 rs1 rm:3 fd 1010011")
    public static long fcvt_s_wu(Hart hart, long rs1, int rm) {
        return box(hart.fpu.toSingle(rs1 & 0xFFFF_FFFFL, hart.fpu.rounding(rm)));
    }

    @Encoding("1101000 00010 rs1 rm:3 fd 1010011")
    public static long fcvt_s_l(Hart hart, long rs1, int rm) {
        return box(hart.fpu.toSingle(rs1, hart.fpu.rounding(rm)));
    }

    @Encoding("1101000 00011 rs1 rm:3 fd 1010011")
    public static long fcvt_s_lu(Hart hart, long rs1, int rm) {
        return box(hart.fpu.toSingleUnsigned(rs1, hart.fpu.rounding(rm)));
    }

    @Encoding("1110000 00000 fs1 000 rd 1010011")
    public static long fmv_x_w(long fs1) {
        return (int) fs1;
    }

    @Encoding("1111000 00000 rs1 000 fd 1010011")
    public static long fmv_w_x(long rs1) {
        return box((int) rs1);
    }

    @Encoding("1110000 00000 fs1 001 rd 1010011")
    public static long fclass_s(long fs1) {
        int bits = unbox(fs1);
        return Fpu.classify(bits < 0, (bits & 0x7F80_0000) == 0, (bits & 0x7F80_0000) == 0x7F80_0000,
                bits & 0x007F_FFFF, 1 << 22);
    }
}
