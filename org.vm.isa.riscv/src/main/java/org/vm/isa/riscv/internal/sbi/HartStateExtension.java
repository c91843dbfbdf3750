package org.vm.isa.riscv.internal.sbi;

import org.vm.isa.riscv.internal.Hart;

/** HSM (SBI 2.0, chapter 9): start, stop and suspend harts. */
final class HartStateExtension implements SbiExtension {
    private static final int RETENTIVE = 0;
    private static final int NON_RETENTIVE = 0x8000_0000;

    @Override
    public int id() {
        return 0x48534D;
    }

    @Override
    public SbiResult call(Hart hart, int function, SbiCall call) {
        return switch (function) {
            case 0 -> start(call);
            case 1 -> {
                hart.stop();
                yield SbiResult.SUCCESS;
            }
            case 2 -> state(call.hart(call.argument(0)));
            case 3 -> suspend(hart, call);
            default -> SbiResult.NOT_SUPPORTED;
        };
    }

    private static SbiResult start(SbiCall call) {
        Hart target = call.hart(call.argument(0));
        if (target == null) {
            return SbiResult.INVALID_PARAM;
        }
        if (!target.claimStopped()) {
            return SbiResult.ALREADY_AVAILABLE;
        }
        long entry = call.argument(1);
        long opaque = call.argument(2);
        target.post(() -> target.start(entry, opaque));
        return SbiResult.SUCCESS;
    }

    private static SbiResult state(Hart hart) {
        return hart == null ? SbiResult.INVALID_PARAM : SbiResult.of(hart.runState().ordinal());
    }

    private static SbiResult suspend(Hart hart, SbiCall call) {
        switch ((int) call.argument(0)) {
            case RETENTIVE -> hart.suspend();
            case NON_RETENTIVE -> {
                hart.start(call.argument(1), call.argument(2));
                hart.suspend();
                // Registers are those of a start, and there is nobody to return to.
                return null;
            }
            default -> {
                return SbiResult.INVALID_PARAM;
            }
        }
        return SbiResult.SUCCESS;
    }
}
