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
     * @param call     arguments; where a function does not return to the caller, the pc to go on at
     * @return what goes to a1, with the error for a0
     */
    SbiResult call(Hart hart, int function, SbiCall call);
}
