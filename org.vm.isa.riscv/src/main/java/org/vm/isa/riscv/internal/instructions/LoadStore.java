package org.vm.isa.riscv.internal.instructions;

import java.lang.invoke.VarHandle;
import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;
import org.vm.api.mmu.Mmu;

/** RV64I, loads, stores and memory ordering (Volume I, 2.6, 2.7 and 4.3), and the compressed forms of it (28.3). */
@Extension("I")
public final class LoadStore {
    private LoadStore() {}

    @Encoding("imm[11:0] rs1 000 rd 0000011")
    public static long lb(Mmu mmu, long rs1, long imm) {
        return mmu.load8(rs1 + imm);
    }

    @Encoding("imm[11:0] rs1 001 rd 0000011")
    @Encoding(name = "c.lh", value = "100 001 rs1' 1 uimm[1] rd' 00", extension = "Zcb")
    public static long lh(Mmu mmu, long rs1, long imm) {
        return mmu.load16(rs1 + imm);
    }

    @Encoding("imm[11:0] rs1 010 rd 0000011")
    @Encoding(name = "c.lw", value = "010 uimm[5:3] rs1' uimm[2|6] rd' 00", extension = "C")
    @Encoding(name = "c.lwsp", value = "010 uimm[5] rd!=0 uimm[4:2|7:6] 10", fixed = "rs1=2", extension = "C")
    public static long lw(Mmu mmu, long rs1, long imm) {
        return mmu.load32(rs1 + imm);
    }

    @Encoding("imm[11:0] rs1 011 rd 0000011")
    @Encoding(name = "c.ld", value = "011 uimm[5:3] rs1' uimm[7:6] rd' 00", extension = "C")
    @Encoding(name = "c.ldsp", value = "011 uimm[5] rd!=0 uimm[4:3|8:6] 10", fixed = "rs1=2", extension = "C")
    public static long ld(Mmu mmu, long rs1, long imm) {
        return mmu.load64(rs1 + imm);
    }

    @Encoding("imm[11:0] rs1 100 rd 0000011")
    @Encoding(name = "c.lbu", value = "100 000 rs1' uimm[0|1] rd' 00", extension = "Zcb")
    public static long lbu(Mmu mmu, long rs1, long imm) {
        return mmu.load8(rs1 + imm) & 0xFF;
    }

    @Encoding("imm[11:0] rs1 101 rd 0000011")
    @Encoding(name = "c.lhu", value = "100 001 rs1' 0 uimm[1] rd' 00", extension = "Zcb")
    public static long lhu(Mmu mmu, long rs1, long imm) {
        return mmu.load16(rs1 + imm) & 0xFFFF;
    }

    @Encoding("imm[11:0] rs1 110 rd 0000011")
    public static long lwu(Mmu mmu, long rs1, long imm) {
        return mmu.load32(rs1 + imm) & 0xFFFF_FFFFL;
    }

    @Encoding("imm[11:5] rs2 rs1 000 imm[4:0] 0100011")
    @Encoding(name = "c.sb", value = "100 010 rs1' uimm[0|1] rs2' 00", extension = "Zcb")
    public static void sb(Mmu mmu, long rs1, long rs2, long imm) {
        mmu.store8(rs1 + imm, (byte) rs2);
    }

    @Encoding("imm[11:5] rs2 rs1 001 imm[4:0] 0100011")
    @Encoding(name = "c.sh", value = "100 011 rs1' 0 uimm[1] rs2' 00", extension = "Zcb")
    public static void sh(Mmu mmu, long rs1, long rs2, long imm) {
        mmu.store16(rs1 + imm, (short) rs2);
    }

    @Encoding("imm[11:5] rs2 rs1 010 imm[4:0] 0100011")
    @Encoding(name = "c.sw", value = "110 uimm[5:3] rs1' uimm[2|6] rs2' 00", extension = "C")
    @Encoding(name = "c.swsp", value = "110 uimm[5:2|7:6] rs2 10", fixed = "rs1=2", extension = "C")
    public static void sw(Mmu mmu, long rs1, long rs2, long imm) {
        mmu.store32(rs1 + imm, (int) rs2);
    }

    @Encoding("imm[11:5] rs2 rs1 011 imm[4:0] 0100011")
    @Encoding(name = "c.sd", value = "111 uimm[5:3] rs1' uimm[7:6] rs2' 00", extension = "C")
    @Encoding(name = "c.sdsp", value = "111 uimm[5:3|8:6] rs2 10", fixed = "rs1=2", extension = "C")
    public static void sd(Mmu mmu, long rs1, long rs2, long imm) {
        mmu.store64(rs1 + imm, rs2);
    }

    /**
     * Orders everything before against everything after: stronger than any of the kinds that can be asked for, so the
     * reserved ones need no distinction. The encoding of {@code pause} (Zihintpause: pred = W, succ = none) lets other
     * harts run, which end a spinning wait sooner when harts outnumber the host's cores.
     */
    @Encoding("fm:4 pred:4 succ:4 rs1 000 rd 0001111")
    public static void fence(int pred, int succ) {
        if (pred == 1 && succ == 0) {
            Thread.yield();
        } else {
            VarHandle.fullFence();
        }
    }
}
