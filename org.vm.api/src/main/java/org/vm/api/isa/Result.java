package org.vm.api.isa;

/** What becomes of the value that an instruction's method returns. */
public sealed interface Result {
    /** The method returns nothing. */
    record None() implements Result {}

    /** The value goes to the register that {@code field} names. */
    record Write(String field, RegisterFile file) implements Result {}

    /** {@code true}: go on at pc + {@link DecodedRow#displacement}. */
    record Branch() implements Result {}

    /** The value is the next pc; {@code link}, unless {@code null}, names the register for the link address. */
    record Jump(String link, RegisterFile file) implements Result {}
}
