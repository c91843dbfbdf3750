package org.vm.isa.riscv.internal.sbi;

import org.vm.isa.riscv.internal.Hart;

/** SRST (SBI 2.0, chapter 10). */
final class SystemResetExtension implements SbiExtension {
    private static final int SHUTDOWN = 0;
    private static final int COLD_REBOOT = 1;
    private static final int WARM_REBOOT = 2;
    private static final int NO_REASON = 0;
    private static final int SYSTEM_FAILURE = 1;

    @Override
    public int id() {
        return 0x53525354;
    }

    @Override
    public SbiResult call(Hart hart, int function, SbiCall call) {
        if (function != 0) {
            return SbiResult.NOT_SUPPORTED;
        }
        int reason = (int) call.argument(1);
        if (reason != NO_REASON && reason != SYSTEM_FAILURE) {
            return SbiResult.INVALID_PARAM;
        }
        switch ((int) call.argument(0)) {
            case SHUTDOWN -> hart.platform.powerOff(reason);
            case COLD_REBOOT, WARM_REBOOT -> hart.platform.reset();
            default -> {
                return SbiResult.INVALID_PARAM;
            }
        }
        hart.stop();
        return SbiResult.SUCCESS;
    }
}
