package org.vm.isa.riscv.internal.instructions;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.EndsBlock;
import org.vm.api.isa.Extension;
import org.vm.isa.riscv.internal.Hart;

/** Zifencei, instruction-fetch fence (Volume I, chapter 5). Its unused fields are reserved and ignored. */
@Extension("Zifencei")
public final class Zifencei {
    private Zifencei() {}

    @EndsBlock
    @Encoding("imm[11:0] rs1 001 rd 0001111")
    public static void fence_i(Hart hart) {
        hart.synchronizeCode();
    }
}
