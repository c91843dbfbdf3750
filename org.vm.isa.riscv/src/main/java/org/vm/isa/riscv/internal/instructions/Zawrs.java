package org.vm.isa.riscv.internal.instructions;

import org.vm.api.isa.Encoding;
import org.vm.api.isa.Extension;

/** Zawrs, wait on a reservation set (Volume I, chapter 15). The wait may end for any reason: here, after others ran. */
@Extension("Zawrs")
public final class Zawrs {
    private Zawrs() {}

    @Encoding("000000001101 00000 000 00000 1110011")
    public static void wrs_nto() {
        Thread.yield();
    }

    @Encoding("000000011101 00000 000 00000 1110011")
    public static void wrs_sto() {
        Thread.yield();
    }
}
