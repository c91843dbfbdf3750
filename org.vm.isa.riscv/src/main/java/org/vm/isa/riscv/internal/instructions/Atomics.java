package org.vm.isa.riscv.internal.instructions;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;
import org.vm.api.mmu.Mmu;

/**
 * A, atomic instructions (Volume I, chapter 13). The memory makes every one of them sequentially consistent, which
 * covers all that {@code aq} and {@code rl} can ask for.
 */
@Extension("A")
public final class Atomics {
    private Atomics() {}

    @Encoding("00010 aq:1 rl:1 00000 rs1 010 rd 0101111")
    public static long lr_w(Mmu mmu, long rs1) {
        return mmu.loadReserved32(rs1);
    }

    @Encoding("00011 aq:1 rl:1 rs2 rs1 010 rd 0101111")
    public static long sc_w(Mmu mmu, long rs1, long rs2) {
        return mmu.storeConditional32(rs1, (int) rs2) ? 0 : 1;
    }

    @Encoding("00001 aq:1 rl:1 rs2 rs1 010 rd 0101111")
    public static long amoswap_w(Mmu mmu, long rs1, long rs2) {
        return mmu.update32(rs1, (old, operand) -> operand, (int) rs2);
    }

    @Encoding("00000 aq:1 rl:1 rs2 rs1 010 rd 0101111")
    public static long amoadd_w(Mmu mmu, long rs1, long rs2) {
        return mmu.update32(rs1, Integer::sum, (int) rs2);
    }

    @Encoding("00100 aq:1 rl:1 rs2 rs1 010 rd 0101111")
    public static long amoxor_w(Mmu mmu, long rs1, long rs2) {
        return mmu.update32(rs1, (old, operand) -> old ^ operand, (int) rs2);
    }

    @Encoding("01100 aq:1 rl:1 rs2 rs1 010 rd 0101111")
    public static long amoand_w(Mmu mmu, long rs1, long rs2) {
        return mmu.update32(rs1, (old, operand) -> old & operand, (int) rs2);
    }

    @Encoding("01000 aq:1 rl:1 rs2 rs1 010 rd 0101111")
    public static long amoor_w(Mmu mmu, long rs1, long rs2) {
        return mmu.update32(rs1, (old, operand) -> old | operand, (int) rs2);
    }

    @Encoding("10000 aq:1 rl:1 rs2 rs1 010 rd 0101111")
    public static long amomin_w(Mmu mmu, long rs1, long rs2) {
        return mmu.update32(rs1, Math::min, (int) rs2);
    }

    @Encoding("10100 aq:1 rl:1 rs2 rs1 010 rd 0101111")
    public static long amomax_w(Mmu mmu, long rs1, long rs2) {
        return mmu.update32(rs1, Math::max, (int) rs2);
    }

    @Encoding("11000 aq:1 rl:1 rs2 rs1 010 rd 0101111")
    public static long amominu_w(Mmu mmu, long rs1, long rs2) {
        return mmu.update32(rs1, (old, operand) -> Integer.compareUnsigned(old, operand) < 0 ? old : operand, (int) rs2);
    }

    @Encoding("11100 aq:1 rl:1 rs2 rs1 010 rd 0101111")
    public static long amomaxu_w(Mmu mmu, long rs1, long rs2) {
        return mmu.update32(rs1, (old, operand) -> Integer.compareUnsigned(old, operand) > 0 ? old : operand, (int) rs2);
    }

    @Encoding("00010 aq:1 rl:1 00000 rs1 011 rd 0101111")
    public static long lr_d(Mmu mmu, long rs1) {
        return mmu.loadReserved64(rs1);
    }

    @Encoding("00011 aq:1 rl:1 rs2 rs1 011 rd 0101111")
    public static long sc_d(Mmu mmu, long rs1, long rs2) {
        return mmu.storeConditional64(rs1, rs2) ? 0 : 1;
    }

    @Encoding("00001 aq:1 rl:1 rs2 rs1 011 rd 0101111")
    public static long amoswap_d(Mmu mmu, long rs1, long rs2) {
        return mmu.update64(rs1, (old, operand) -> operand, rs2);
    }

    @Encoding("00000 aq:1 rl:1 rs2 rs1 011 rd 0101111")
    public static long amoadd_d(Mmu mmu, long rs1, long rs2) {
        return mmu.update64(rs1, Long::sum, rs2);
    }

    @Encoding("00100 aq:1 rl:1 rs2 rs1 011 rd 0101111")
    public static long amoxor_d(Mmu mmu, long rs1, long rs2) {
        return mmu.update64(rs1, (old, operand) -> old ^ operand, rs2);
    }

    @Encoding("01100 aq:1 rl:1 rs2 rs1 011 rd 0101111")
    public static long amoand_d(Mmu mmu, long rs1, long rs2) {
        return mmu.update64(rs1, (old, operand) -> old & operand, rs2);
    }

    @Encoding("01000 aq:1 rl:1 rs2 rs1 011 rd 0101111")
    public static long amoor_d(Mmu mmu, long rs1, long rs2) {
        return mmu.update64(rs1, (old, operand) -> old | operand, rs2);
    }

    @Encoding("10000 aq:1 rl:1 rs2 rs1 011 rd 0101111")
    public static long amomin_d(Mmu mmu, long rs1, long rs2) {
        return mmu.update64(rs1, Math::min, rs2);
    }

    @Encoding("10100 aq:1 rl:1 rs2 rs1 011 rd 0101111")
    public static long amomax_d(Mmu mmu, long rs1, long rs2) {
        return mmu.update64(rs1, Math::max, rs2);
    }

    @Encoding("11000 aq:1 rl:1 rs2 rs1 011 rd 0101111")
    public static long amominu_d(Mmu mmu, long rs1, long rs2) {
        return mmu.update64(rs1, (old, operand) -> Long.compareUnsigned(old, operand) < 0 ? old : operand, rs2);
    }

    @Encoding("11100 aq:1 rl:1 rs2 rs1 011 rd 0101111")
    public static long amomaxu_d(Mmu mmu, long rs1, long rs2) {
        return mmu.update64(rs1, (old, operand) -> Long.compareUnsigned(old, operand) > 0 ? old : operand, rs2);
    }
}
