package org.vm.isa.riscv.internal.sbi;

import org.vm.isa.riscv.internal.Hart;

/** One extension of the supervisor binary interface. Stateless. */
interface SbiExtension {
    /** Extension identifier (EID). */
    int id();

    /**
     * Answers a call.
     *
     * @param hart     the caller
     * @param function function identifier (FID)
     * @param call     its arguments
     * @return what goes to a0 and a1; {@code null} if the call does not return and the hart's state is set already
     */
    SbiResult call(Hart hart, int function, SbiCall call);
}
