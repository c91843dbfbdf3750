package org.vm.isa;

import java.util.List;
import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;
import org.vm.api.isa.Jump;
import org.vm.api.isa.RegisterFile;
import org.vm.api.mmu.Mmu;

/** A few instructions in the shapes that real instruction sets have. */
@Extension("I")
public final class Toy {
    static final RegisterFile X = new RegisterFile("x", 0, 32, 0, 64, List.of("rd", "rs1", "rs2"), List.of(
            "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5",
            "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"));
    static final RegisterFile F = new RegisterFile("f", 32, 32, -1, 64, List.of("fd", "fs1", "fs2", "fs3"),
            java.util.stream.IntStream.range(0, 32).mapToObj(i -> "fa" + i).toList());

    private Toy() {}

    @Encoding("imm[11:0] rs1 000 rd 0010011")
    @Encoding(name = "c.addi", value = "000 imm[5] rd=rs1!=0 imm[4:0] 01", extension = "C")
    @Encoding(name = "c.addi16sp", value = "011 imm[9] 00010 imm[4|6|8:7|5]!=0 01", fixed = "rd=2 rs1=2", extension = "C")
    @Encoding(name = "c.addi4spn", value = "000 uimm[5:4|9:6|2|3]!=0 rd' 00", fixed = "rs1=2", extension = "C")
    public static long addi(long rs1, long imm) {
        return rs1 + imm;
    }

    @Encoding("imm[31:12] rd 0110111")
    @Encoding(name = "c.lui", value = "011 imm[17] rd!=2 imm[16:12]!=0 01", extension = "C")
    public static long lui(long imm) {
        return imm;
    }

    @Encoding("imm[12|10:5] rs2 rs1 000 imm[4:1|11] 1100011")
    @Encoding(name = "c.beqz", value = "110 imm[8|4:3] rs1' imm[7:6|2:1|5] 01", fixed = "rs2=0", extension = "C")
    public static boolean beq(long rs1, long rs2) {
        return rs1 == rs2;
    }

    @Jump
    @Encoding("imm[20|10:1|11|19:12] rd 1101111")
    public static long jal(long pc, long imm) {
        return pc + imm;
    }

    @Jump
    @Encoding("imm[11:0] rs1 000 rd 1100111")
    @Encoding(name = "c.jr", value = "100 0 rs1!=0 00000 10", fixed = "rd=0 imm=0", extension = "C")
    public static long jalr(long rs1, long imm) {
        return rs1 + imm & -2;
    }

    @Encoding("imm[11:0] rs1 011 rd 0000011")
    public static long ld(Mmu mmu, long rs1, long imm) {
        return mmu.load64(rs1 + imm);
    }

    @Encoding("imm[11:5] rs2 rs1 011 imm[4:0] 0100011")
    @Encoding(name = "c.sdsp", value = "111 uimm[5:3|8:6] rs2 10", fixed = "rs1=2", extension = "C")
    public static void sd(Mmu mmu, long rs1, long rs2, long imm) {
        mmu.store64(rs1 + imm, rs2);
    }

    @Encoding("00000 aq:1 rl:1 rs2 rs1 011 rd 0101111")
    public static long amoadd_d(Mmu mmu, long rs1, long rs2) {
        return mmu.update64(rs1, Long::sum, rs2);
    }

    @Encoding("0000001 fs2 fs1 rm:3 fd 1010011")
    public static double fadd_d(double fs1, double fs2, int rm) {
        return fs1 + fs2;
    }

    @Encoding(value = "csr:12 rs1 001 rd 1110011", syntax = "rd, csr, rs1")
    public static long csrrw(long rs1, int csr) {
        return rs1 + csr;
    }

    @Encoding(value = "fm:4 pred:4 succ:4 rs1 000 rd 0001111", syntax = "pred, succ")
    public static void fence(int pred, int succ) {
        // Nothing to order.
    }

    @Encoding("000000 shamt:6 rs1 001 rd 0010011")
    public static long slli(long rs1, int shamt) {
        return rs1 << shamt;
    }

    /** What illegal encodings decode to. */
    public static void illegal(int bits) {
        throw new IllegalStateException(Integer.toHexString(bits));
    }
}
