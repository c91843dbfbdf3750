package org.vm.isa.riscv.internal.sbi;

import org.vm.isa.riscv.internal.Hart;

/** TIME (SBI 2.0, chapter 6). */
final class TimeExtension implements SbiExtension {
    @Override
    public int id() {
        return 0x54494D45;
    }

    @Override
    public SbiResult call(Hart hart, int function, SbiCall call) {
        if (function != 0) {
            return SbiResult.NOT_SUPPORTED;
        }
        hart.timer.compare(call.argument(0));
        return SbiResult.SUCCESS;
    }
}
