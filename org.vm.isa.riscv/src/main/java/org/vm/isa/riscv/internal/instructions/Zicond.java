package org.vm.isa.riscv.internal.instructions;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;

/** Zicond, conditional zeroing (Volume I, chapter 11). */
@Extension("Zicond")
public final class Zicond {
    private Zicond() {}

    @Encoding("0000111 rs2 rs1 101 rd 0110011")
    public static long czero_eqz(long rs1, long rs2) {
        return rs2 == 0 ? 0 : rs1;
    }

    @Encoding("0000111 rs2 rs1 111 rd 0110011")
    public static long czero_nez(long rs1, long rs2) {
        return rs2 != 0 ? 0 : rs1;
    }
}
