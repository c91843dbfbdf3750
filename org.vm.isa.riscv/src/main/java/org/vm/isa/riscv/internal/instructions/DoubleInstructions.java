package org.vm.isa.riscv.internal.instructions;

import static org.vm.isa.riscv.internal.instructions.FloatInstructions.box;
import static org.vm.isa.riscv.internal.instructions.FloatInstructions.single;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;
import org.vm.api.mmu.Mmu;
import org.vm.isa.riscv.internal.Fpu;
import org.vm.isa.riscv.internal.Hart;

/**
 * Extension D, double-precision floating point (The RISC-V Instruction Set Manual, Volume I, 21). Operands are doubles
 * where they are calculated with, raw bits where they are only moved.
 */
@Extension("D")
public final class DoubleInstructions {
    private DoubleInstructions() {}

    private static long withSign(long magnitude, long sign) {
        return magnitude & Long.MAX_VALUE | sign & Long.MIN_VALUE;
    }

    @Encoding("imm[11:0] rs1 011 fd 0000111")
    @Encoding(name = "c.fld", value = "001 uimm[5:3] rs1' uimm[7:6] fd' 00", extension = "C")
    @Encoding(name = "c.fldsp", value = "001 uimm[5] fd uimm[4:3|8:6] 10", fixed = "rs1=2", extension = "C")
    public static long fld(Mmu mmu, long rs1, long imm) {
        return mmu.load64(rs1 + imm);
    }

    @Encoding("imm[11:5] fs2 rs1 011 imm[4:0] 0100111")
    @Encoding(name = "c.fsd", value = "101 uimm[5:3] rs1' uimm[7:6] fs2' 00", extension = "C")
    @Encoding(name = "c.fsdsp", value = "101 uimm[5:3|8:6] fs2 10", fixed = "rs1=2", extension = "C")
    public static void fsd(Mmu mmu, long rs1, long fs2, long imm) {
        mmu.store64(rs1 + imm, fs2);
    }

    @Encoding("fs3 01 fs2 fs1 rm:3 fd 1000011")
    public static double fmadd_d(Hart hart, double fs1, double fs2, double fs3, int rm) {
        return hart.fpu.fusedMultiplyAdd(fs1, fs2, fs3, rm);
    }

    @Encoding("fs3 01 fs2 fs1 rm:3 fd 1000111")
    public static double fmsub_d(Hart hart, double fs1, double fs2, double fs3, int rm) {
        return hart.fpu.fusedMultiplyAdd(fs1, fs2, -fs3, rm);
    }

    @Encoding("fs3 01 fs2 fs1 rm:3 fd 1001011")
    public static double fnmsub_d(Hart hart, double fs1, double fs2, double fs3, int rm) {
        return hart.fpu.fusedMultiplyAdd(-fs1, fs2, fs3, rm);
    }

    @Encoding("fs3 01 fs2 fs1 rm:3 fd 1001111")
    public static double fnmadd_d(Hart hart, double fs1, double fs2, double fs3, int rm) {
        return hart.fpu.fusedMultiplyAdd(-fs1, fs2, -fs3, rm);
    }

    @Encoding("0000001 fs2 fs1 rm:3 fd 1010011")
    public static double fadd_d(Hart hart, double fs1, double fs2, int rm) {
        return hart.fpu.add(fs1, fs2, rm);
    }

    @Encoding("0000101 fs2 fs1 rm:3 fd 1010011")
    public static double fsub_d(Hart hart, double fs1, double fs2, int rm) {
        return hart.fpu.subtract(fs1, fs2, rm);
    }

    @Encoding("0001001 fs2 fs1 rm:3 fd 1010011")
    public static double fmul_d(Hart hart, double fs1, double fs2, int rm) {
        return hart.fpu.multiply(fs1, fs2, rm);
    }

    @Encoding("0001101 fs2 fs1 rm:3 fd 1010011")
    public static double fdiv_d(Hart hart, double fs1, double fs2, int rm) {
        return hart.fpu.divide(fs1, fs2, rm);
    }

    @Encoding("0101101 00000 fs1 rm:3 fd 1010011")
    public static double fsqrt_d(Hart hart, double fs1, int rm) {
        return hart.fpu.squareRoot(fs1, rm);
    }

    @Encoding("0010001 fs2 fs1 000 fd 1010011")
    public static long fsgnj_d(long fs1, long fs2) {
        return withSign(fs1, fs2);
    }

    @Encoding("0010001 fs2 fs1 001 fd 1010011")
    public static long fsgnjn_d(long fs1, long fs2) {
        return withSign(fs1, ~fs2);
    }

    @Encoding("0010001 fs2 fs1 010 fd 1010011")
    public static long fsgnjx_d(long fs1, long fs2) {
        return withSign(fs1, fs1 ^ fs2);
    }

    @Encoding("0010101 fs2 fs1 000 fd 1010011")
    public static double fmin_d(Hart hart, double fs1, double fs2) {
        return hart.fpu.minimum(fs1, fs2);
    }

    @Encoding("0010101 fs2 fs1 001 fd 1010011")
    public static double fmax_d(Hart hart, double fs1, double fs2) {
        return hart.fpu.maximum(fs1, fs2);
    }

    @Encoding("1010001 fs2 fs1 000 rd 1010011")
    public static long fle_d(Hart hart, double fs1, double fs2) {
        return hart.fpu.lessOrEqual(fs1, fs2) ? 1 : 0;
    }

    @Encoding("1010001 fs2 fs1 001 rd 1010011")
    public static long flt_d(Hart hart, double fs1, double fs2) {
        return hart.fpu.less(fs1, fs2) ? 1 : 0;
    }

    @Encoding("1010001 fs2 fs1 010 rd 1010011")
    public static long feq_d(Hart hart, double fs1, double fs2) {
        return hart.fpu.equal(fs1, fs2) ? 1 : 0;
    }

    @Encoding("1100001 00000 fs1 rm:3 rd 1010011")
    public static long fcvt_w_d(Hart hart, double fs1, int rm) {
        return hart.fpu.toInt(fs1, hart.fpu.rounding(rm));
    }

    @Encoding("1100001 00001 fs1 rm:3 rd 1010011")
    public static long fcvt_wu_d(Hart hart, double fs1, int rm) {
        return hart.fpu.toUnsignedInt(fs1, hart.fpu.rounding(rm));
    }

    @Encoding("1100001 00010 fs1 rm:3 rd 1010011")
    public static long fcvt_l_d(Hart hart, double fs1, int rm) {
        return hart.fpu.toLong(fs1, hart.fpu.rounding(rm));
    }

    @Encoding("1100001 00011 fs1 rm:3 rd 1010011")
    public static long fcvt_lu_d(Hart hart, double fs1, int rm) {
        return hart.fpu.toUnsignedLong(fs1, hart.fpu.rounding(rm));
    }

    @Encoding("1101001 00000 rs1 rm:3 fd 1010011")
    public static double fcvt_d_w(Hart hart, long rs1, int rm) {
        return hart.fpu.toDouble((int) rs1, hart.fpu.rounding(rm));
    }

    @Encoding("1101001 00001 rs1 rm:3 fd 1010011")
    public static double fcvt_d_wu(Hart hart, long rs1, int rm) {
        return hart.fpu.toDouble(rs1 & 0xFFFF_FFFFL, hart.fpu.rounding(rm));
    }

    @Encoding("1101001 00010 rs1 rm:3 fd 1010011")
    public static double fcvt_d_l(Hart hart, long rs1, int rm) {
        return hart.fpu.toDouble(rs1, hart.fpu.rounding(rm));
    }

    @Encoding("1101001 00011 rs1 rm:3 fd 1010011")
    public static double fcvt_d_lu(Hart hart, long rs1, int rm) {
        return hart.fpu.toDoubleUnsigned(rs1, hart.fpu.rounding(rm));
    }

    @Encoding("0100000 00001 fs1 rm:3 fd 1010011")
    public static long fcvt_s_d(Hart hart, double fs1, int rm) {
        return box(hart.fpu.toSingle(fs1, hart.fpu.rounding(rm)));
    }

    /** Exact, but the rounding mode must be a valid one all the same. */
    @Encoding("0100001 00000 fs1 rm:3 fd 1010011")
    public static double fcvt_d_s(Hart hart, long fs1, int rm) {
        hart.fpu.rounding(rm);
        return hart.fpu.toDouble(single(fs1));
    }

    @Encoding("1110001 00000 fs1 000 rd 1010011")
    public static long fmv_x_d(long fs1) {
        return fs1;
    }

    @Encoding("1111001 00000 rs1 000 fd 1010011")
    public static long fmv_d_x(long rs1) {
        return rs1;
    }

    @Encoding("1110001 00000 fs1 001 rd 1010011")
    public static long fclass_d(long fs1) {
        long exponent = fs1 & 0x7FF0_0000_0000_0000L;
        return Fpu.classify(fs1 < 0, exponent == 0, exponent == 0x7FF0_0000_0000_0000L, fs1 & 0x000F_FFFF_FFFF_FFFFL,
                1L << 51);
    }
}
