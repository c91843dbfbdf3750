package org.vm.isa.riscv.internal.instructions;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.EndsBlock;
import org.vm.api.isa.Extension;
import org.vm.isa.riscv.internal.Csrs;
import org.vm.isa.riscv.internal.Hart;

/**
 * Zicsr, control and status registers (Volume I, chapter 6). Reading has no side effect in any register, so that
 * {@code rd} = x0 needs no distinction; {@code rs1} = x0 and a zero immediate do not write at all.
 */
@Extension("Zicsr")
public final class Zicsr {
    private Zicsr() {}

    @EndsBlock
    @Encoding(value = "csr:12 rs1 001 rd 1110011", syntax = "rd, csr, rs1")
    public static long csrrw(Hart hart, int csr, long rs1) {
        return Csrs.swap(hart, csr, rs1);
    }

    @EndsBlock
    @Encoding(value = "csr:12 rs1 010 rd 1110011", syntax = "rd, csr, rs1")
    public static long csrrs(Hart hart, int csr, long rs1, int bits) {
        return writes(bits) ? Csrs.modify(hart, csr, rs1, 0) : Csrs.read(hart, csr);
    }

    @EndsBlock
    @Encoding(value = "csr:12 rs1 011 rd 1110011", syntax = "rd, csr, rs1")
    public static long csrrc(Hart hart, int csr, long rs1, int bits) {
        return writes(bits) ? Csrs.modify(hart, csr, 0, rs1) : Csrs.read(hart, csr);
    }

    @EndsBlock
    @Encoding("csr:12 uimm:5 101 rd 1110011")
    public static long csrrwi(Hart hart, int csr, long uimm) {
        return Csrs.swap(hart, csr, uimm);
    }

    @EndsBlock
    @Encoding("csr:12 uimm:5 110 rd 1110011")
    public static long csrrsi(Hart hart, int csr, long uimm) {
        return uimm != 0 ? Csrs.modify(hart, csr, uimm, 0) : Csrs.read(hart, csr);
    }

    @EndsBlock
    @Encoding("csr:12 uimm:5 111 rd 1110011")
    public static long csrrci(Hart hart, int csr, long uimm) {
        return uimm != 0 ? Csrs.modify(hart, csr, 0, uimm) : Csrs.read(hart, csr);
    }

    /** Whether the {@code rs1} field names another register than x0. */
    private static boolean writes(int bits) {
        return (bits >> 15 & 31) != 0;
    }
}
