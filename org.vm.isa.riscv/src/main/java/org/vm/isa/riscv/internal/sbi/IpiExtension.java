package org.vm.isa.riscv.internal.sbi;

import java.util.List;
import org.vm.isa.riscv.internal.Hart;

/** IPI (SBI 2.0, chapter 7): supervisor software interrupts. */
final class IpiExtension implements SbiExtension {
    @Override
    public int id() {
        return 0x735049;
    }

    @Override
    public SbiResult call(Hart hart, int function, SbiCall call) {
        if (function != 0) {
            return SbiResult.NOT_SUPPORTED;
        }
        List<Hart> targets = call.harts(call.argument(0), call.argument(1));
        if (targets == null) {
            return SbiResult.INVALID_PARAM;
        }
        targets.forEach(target -> target.interrupts.interruptBySoftware());
        return SbiResult.SUCCESS;
    }
}
