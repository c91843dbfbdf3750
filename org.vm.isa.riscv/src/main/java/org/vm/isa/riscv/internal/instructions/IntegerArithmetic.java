package org.vm.isa.riscv.internal.instructions;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;

/** RV64I, integer computation (Volume I, 2.4 and 4.2), and the compressed forms of it (28.5). */
@Extension("I")
public final class IntegerArithmetic {
    private IntegerArithmetic() {}

    @Encoding("imm[31:12] rd 0110111")
    @Encoding(name = "c.lui", value = "011 imm[17] rd!=2 imm[16:12]!=0 01", extension = "C")
    public static long lui(long imm) {
        return imm;
    }

    @Encoding("imm[31:12] rd 0010111")
    public static long auipc(long pc, long imm) {
        return pc + imm;
    }

    @Encoding("imm[11:0] rs1 000 rd 0010011")
    @Encoding(name = "c.nop", value = "000 imm[5] 00000 imm[4:0] 01", fixed = "rd=0 rs1=0", extension = "C")
    @Encoding(name = "c.addi", value = "000 imm[5] rd=rs1!=0 imm[4:0] 01", extension = "C")
    @Encoding(name = "c.li", value = "010 imm[5] rd imm[4:0] 01", fixed = "rs1=0", extension = "C")
    @Encoding(name = "c.addi16sp", value = "011 imm[9] 00010 imm[4|6|8:7|5]!=0 01", fixed = "rd=2 rs1=2",
            extension = "C")
    @Encoding(name = "c.addi4spn", value = "000 uimm[5:4|9:6|2|3]!=0 rd' 00", fixed = "rs1=2", extension = "C")
    public static long addi(long rs1, long imm) {
        return rs1 + imm;
    }

    @Encoding("imm[11:0] rs1 010 rd 0010011")
    public static long slti(long rs1, long imm) {
        return rs1 < imm ? 1 : 0;
    }

    @Encoding("imm[11:0] rs1 011 rd 0010011")
    public static long sltiu(long rs1, long imm) {
        return Long.compareUnsigned(rs1, imm) < 0 ? 1 : 0;
    }

    @Encoding("imm[11:0] rs1 100 rd 0010011")
    @Encoding(name = "c.not", value = "100 111 rd'=rs1' 11 101 01", fixed = "imm=-1", extension = "Zcb")
    public static long xori(long rs1, long imm) {
        return rs1 ^ imm;
    }

    @Encoding("imm[11:0] rs1 110 rd 0010011")
    public static long ori(long rs1, long imm) {
        return rs1 | imm;
    }

    @Encoding("imm[11:0] rs1 111 rd 0010011")
    @Encoding(name = "c.andi", value = "100 imm[5] 10 rd'=rs1' imm[4:0] 01", extension = "C")
    @Encoding(name = "c.zext.b", value = "100 111 rd'=rs1' 11 000 01", fixed = "imm=255", extension = "Zcb")
    public static long andi(long rs1, long imm) {
        return rs1 & imm;
    }

    @Encoding("000000 shamt:6 rs1 001 rd 0010011")
    @Encoding(name = "c.slli", value = "000 shamt[5] rd=rs1 shamt[4:0] 10", extension = "C")
    public static long slli(long rs1, int shamt) {
        return rs1 << shamt;
    }

    @Encoding("000000 shamt:6 rs1 101 rd 0010011")
    @Encoding(name = "c.srli", value = "100 shamt[5] 00 rd'=rs1' shamt[4:0] 01", extension = "C")
    public static long srli(long rs1, int shamt) {
        return rs1 >>> shamt;
    }

    @Encoding("010000 shamt:6 rs1 101 rd 0010011")
    @Encoding(name = "c.srai", value = "100 shamt[5] 01 rd'=rs1' shamt[4:0] 01", extension = "C")
    public static long srai(long rs1, int shamt) {
        return rs1 >> shamt;
    }

    @Encoding("0000000 rs2 rs1 000 rd 0110011")
    @Encoding(name = "c.mv", value = "100 0 rd rs2!=0 10", fixed = "rs1=0", extension = "C")
    @Encoding(name = "c.add", value = "100 1 rd=rs1 rs2!=0 10", extension = "C")
    public static long add(long rs1, long rs2) {
        return rs1 + rs2;
    }

    @Encoding("0100000 rs2 rs1 000 rd 0110011")
    @Encoding(name = "c.sub", value = "100 0 11 rd'=rs1' 00 rs2' 01", extension = "C")
    public static long sub(long rs1, long rs2) {
        return rs1 - rs2;
    }

    @Encoding("0000000 rs2 rs1 001 rd 0110011")
    public static long sll(long rs1, long rs2) {
        return rs1 << rs2;
    }

    @Encoding("0000000 rs2 rs1 010 rd 0110011")
    public static long slt(long rs1, long rs2) {
        return rs1 < rs2 ? 1 : 0;
    }

    @Encoding("0000000 rs2 rs1 011 rd 0110011")
    public static long sltu(long rs1, long rs2) {
        return Long.compareUnsigned(rs1, rs2) < 0 ? 1 : 0;
    }

    @Encoding("0000000 rs2 rs1 100 rd 0110011")
    @Encoding(name = "c.xor", value = "100 0 11 rd'=rs1' 01 rs2' 01", extension = "C")
    public static long xor(long rs1, long rs2) {
        return rs1 ^ rs2;
    }

    @Encoding("0000000 rs2 rs1 101 rd 0110011")
    public static long srl(long rs1, long rs2) {
        return rs1 >>> rs2;
    }

    @Encoding("0100000 rs2 rs1 101 rd 0110011")
    public static long sra(long rs1, long rs2) {
        return rs1 >> rs2;
    }

    @Encoding("0000000 rs2 rs1 110 rd 0110011")
    @Encoding(name = "c.or", value = "100 0 11 rd'=rs1' 10 rs2' 01", extension = "C")
    public static long or(long rs1, long rs2) {
        return rs1 | rs2;
    }

    @Encoding("0000000 rs2 rs1 111 rd 0110011")
    @Encoding(name = "c.and", value = "100 0 11 rd'=rs1' 11 rs2' 01", extension = "C")
    public static long and(long rs1, long rs2) {
        return rs1 & rs2;
    }

    @Encoding("imm[11:0] rs1 000 rd 0011011")
    @Encoding(name = "c.addiw", value = "001 imm[5] rd=rs1!=0 imm[4:0] 01", extension = "C")
    public static long addiw(long rs1, long imm) {
        return (int) (rs1 + imm);
    }

    @Encoding("0000000 shamt:5 rs1 001 rd 0011011")
    public static long slliw(long rs1, int shamt) {
        return (int) rs1 << shamt;
    }

    @Encoding("0000000 shamt:5 rs1 101 rd 0011011")
    public static long srliw(long rs1, int shamt) {
        return (int) rs1 >>> shamt;
    }

    @Encoding("0100000 shamt:5 rs1 101 rd 0011011")
    public static long sraiw(long rs1, int shamt) {
        return (int) rs1 >> shamt;
    }

    @Encoding("0000000 rs2 rs1 000 rd 0111011")
    @Encoding(name = "c.addw", value = "100 1 11 rd'=rs1' 01 rs2' 01", extension = "C")
    public static long addw(long rs1, long rs2) {
        return (int) (rs1 + rs2);
    }

    @Encoding("0100000 rs2 rs1 000 rd 0111011")
    @Encoding(name = "c.subw", value = "100 1 11 rd'=rs1' 00 rs2' 01", extension = "C")
    public static long subw(long rs1, long rs2) {
        return (int) (rs1 - rs2);
    }

    @Encoding("0000000 rs2 rs1 001 rd 0111011")
    public static long sllw(long rs1, long rs2) {
        return (int) rs1 << (int) rs2;
    }

    @Encoding("0000000 rs2 rs1 101 rd 0111011")
    public static long srlw(long rs1, long rs2) {
        return (int) rs1 >>> (int) rs2;
    }

    @Encoding("0100000 rs2 rs1 101 rd 0111011")
    public static long sraw(long rs1, long rs2) {
        return (int) rs1 >> (int) rs2;
    }
}
