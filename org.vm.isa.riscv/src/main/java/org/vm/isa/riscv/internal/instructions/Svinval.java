package org.vm.isa.riscv.internal.instructions;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.EndsBlock;
import org.vm.api.isa.Extension;
import org.vm.isa.riscv.internal.Hart;

/**
 * Svinval, fine-grained invalidation of address translation (Volume II, chapter 17). Invalidation takes effect at once,
 * so the fences around it have nothing left to order.
 */
@Extension("Svinval")
public final class Svinval {
    private Svinval() {}

    @EndsBlock
    @Encoding("0001011 rs2 rs1 000 00000 1110011")
    public static void sinval_vma(Hart hart, long rs1, long rs2, int bits) {
        hart.translation.fence((bits >> 15 & 31) == 0, rs1, (bits >> 20 & 31) == 0, rs2);
    }

    @EndsBlock
    @Encoding("0001100 00000 00000 000 00000 1110011")
    public static void sfence_w_inval(Hart hart) {
        hart.translation.order();
    }

    @EndsBlock
    @Encoding("0001100 00001 00000 000 00000 1110011")
    public static void sfence_inval_ir(Hart hart) {
        hart.translation.order();
    }
}
