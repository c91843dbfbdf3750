package org.vm.api.isa;

/** What one parameter of an instruction's method receives. */
public sealed interface Operand {
    /** Contents of the register that {@code field} names. */
    record Register(String field, RegisterFile file) implements Operand {}

    /** An immediate or another field of the encoding. */
    record Immediate(String field) implements Operand {}

    /** Address of the instruction. */
    record Pc() implements Operand {}

    /** Length of the instruction in bytes. */
    record Length() implements Operand {}

    /** The encoding itself, zero-extended. */
    record Bits() implements Operand {}

    /** The CPU, cast to {@code type}. */
    record State(Class<?> type) implements Operand {}

    /** The CPU's {@link org.vm.api.mmu.Mmu}. */
    record Memory() implements Operand {}
}
