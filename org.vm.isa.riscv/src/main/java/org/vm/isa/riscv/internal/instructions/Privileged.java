package org.vm.isa.riscv.internal.instructions;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.EndsBlock;
import org.vm.api.isa.Extension;
import org.vm.api.isa.Jump;
import org.vm.isa.riscv.internal.Hart;
import org.vm.isa.riscv.internal.RiscvTrap;

/** Environment calls, trap returns, waiting and fences of translation (Volume I, 2.8; Volume II, 3.3 and 12.2). */
@Extension("I")
public final class Privileged {
    private Privileged() {}

    @Jump
    @EndsBlock
    @Encoding("000000000000 00000 000 00000 1110011")
    public static long ecall(Hart hart, long pc) {
        return hart.environmentCall(pc);
    }

    @EndsBlock
    @Encoding("000000000001 00000 000 00000 1110011")
    @Encoding(name = "c.ebreak", value = "100 1 00000 00000 10", extension = "C")
    public static void ebreak(Hart hart) {
        throw RiscvTrap.BREAKPOINT;
    }

    @Jump
    @EndsBlock
    @Encoding("0001000 00010 00000 000 00000 1110011")
    public static long sret(Hart hart) {
        return hart.traps.returnFromSupervisor();
    }

    @Jump
    @EndsBlock
    @Encoding("0011000 00010 00000 000 00000 1110011")
    public static long mret(Hart hart) {
        return hart.traps.returnFromMachine();
    }

    @EndsBlock
    @Encoding("0001000 00101 00000 000 00000 1110011")
    public static void wfi(Hart hart) {
        hart.waitForInterrupt();
    }

    @EndsBlock
    @Encoding("0001001 rs2 rs1 000 00000 1110011")
    public static void sfence_vma(Hart hart, long rs1, long rs2, int bits) {
        hart.translation.fence((bits >> 15 & 31) == 0, rs1, (bits >> 20 & 31) == 0, rs2);
    }
}
