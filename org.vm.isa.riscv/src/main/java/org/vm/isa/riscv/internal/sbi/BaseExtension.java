package org.vm.isa.riscv.internal.sbi;

import org.vm.isa.riscv.internal.Hart;

/** BASE (SBI 2.0, chapter 4). */
final class BaseExtension implements SbiExtension {
    private static final long SPECIFICATION = 2 << 24;
    /** Not a number that another implementation has registered. */
    private static final long IMPLEMENTATION = 0x564D;

    private final Sbi sbi;

    BaseExtension(Sbi sbi) {
        this.sbi = sbi;
    }

    @Override
    public int id() {
        return 0x10;
    }

    @Override
    public SbiResult call(Hart hart, int function, SbiCall call) {
        return switch (function) {
            case 0 -> SbiResult.of(SPECIFICATION);
            case 1 -> SbiResult.of(IMPLEMENTATION);
            case 2 -> SbiResult.of(1);
            case 3 -> SbiResult.of(sbi.offers(call.argument(0)) ? 1 : 0);
            // mvendorid, marchid and mimpid are zero.
            case 4, 5, 6 -> SbiResult.of(0);
            default -> SbiResult.NOT_SUPPORTED;
        };
    }
}
