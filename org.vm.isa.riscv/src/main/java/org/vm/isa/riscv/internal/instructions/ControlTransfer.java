package org.vm.isa.riscv.internal.instructions;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;
import org.vm.api.isa.Jump;

/** RV64I, jumps and branches (Volume I, 2.5), and the compressed forms of it (28.4). */
@Extension("I")
public final class ControlTransfer {
    private ControlTransfer() {}

    @Jump
    @Encoding("imm[20|10:1|11|19:12] rd 1101111")
    @Encoding(name = "c.j", value = "101 imm[11|4|9:8|10|6|7|3:1|5] 01", fixed = "rd=0", extension = "C")
    public static long jal(long pc, long imm) {
        return pc + imm;
    }

    @Jump
    @Encoding("imm[11:0] rs1 000 rd 1100111")
    @Encoding(name = "c.jr", value = "100 0 rs1!=0 00000 10", fixed = "rd=0 imm=0", extension = "C")
    @Encoding(name = "c.jalr", value = "100 1 rs1!=0 00000 10", fixed = "rd=1 imm=0", extension = "C")
    public static long jalr(long rs1, long imm) {
        return rs1 + imm & ~1;
    }

    @Encoding("imm[12|10:5] rs2 rs1 000 imm[4:1|11] 1100011")
    @Encoding(name = "c.beqz", value = "110 imm[8|4:3] rs1' imm[7:6|2:1|5] 01", fixed = "rs2=0", extension = "C")
    public static boolean beq(long rs1, long rs2) {
        return rs1 == rs2;
    }

    @Encoding("imm[12|10:5] rs2 rs1 001 imm[4:1|11] 1100011")
    @Encoding(name = "c.bnez", value = "111 imm[8|4:3] rs1' imm[7:6|2:1|5] 01", fixed = "rs2=0", extension = "C")
    public static boolean bne(long rs1, long rs2) {
        return rs1 != rs2;
    }

    @Encoding("imm[12|10:5] rs2 rs1 100 imm[4:1|11] 1100011")
    public static boolean blt(long rs1, long rs2) {
        return rs1 < rs2;
    }

    @Encoding("imm[12|10:5] rs2 rs1 101 imm[4:1|11] 1100011")
    public static boolean bge(long rs1, long rs2) {
        return rs1 >= rs2;
    }

    @Encoding("imm[12|10:5] rs2 rs1 110 imm[4:1|11] 1100011")
    public static boolean bltu(long rs1, long rs2) {
        return Long.compareUnsigned(rs1, rs2) < 0;
    }

    @Encoding("imm[12|10:5] rs2 rs1 111 imm[4:1|11] 1100011")
    public static boolean bgeu(long rs1, long rs2) {
        return Long.compareUnsigned(rs1, rs2) >= 0;
    }
}
