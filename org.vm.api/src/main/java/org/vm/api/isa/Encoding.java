package org.vm.api.isa;

import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Marks a public static method as the meaning of an instruction and gives its encoding, spelled as in the manual: most
 * significant bit first, words separated by spaces, each word either bits or a field.
 *
 * <pre>
 * &#64;Encoding("imm[11:0] rs1 000 rd 0010011")
 * &#64;Encoding(name = "c.addi", value = "000 imm[5] rd=rs1!=0 imm[4:0] 01")
 * public static long addi(long rs1, long imm) { return rs1 + imm; }
 * </pre>
 *
 * <ul>
 * <li>{@code 0110}: literal bits.
 * <li>{@code rs1}: a field; register fields have the width of their register file (5 bits for RISC-V), every other
 * field without brackets takes the width given as {@code name:width} ({@code shamt:6}, {@code rm:3}, {@code csr:12}).
 * <li>{@code rd'}: a three-bit register field that names registers 8 to 15.
 * <li>{@code rd=rs1}: one field that is read under two names.
 * <li>{@code imm[12|10:5]}: bits of an immediate, scattered as written; the parts of one name are joined. Bits not
 * mentioned below the lowest are zero. Immediates whose name starts with {@code imm} are sign-extended from their
 * highest bit, all others ({@code uimm}, {@code shamt}, {@code csr}…) are not. A field {@code uimm} stands for the operand
 * {@code imm}, too, if the encoding has no {@code imm}.
 * <li>{@code !=0}, {@code !=2} after a field or immediate: encodings with that value belong to somebody else. For a
 * scattered immediate it may stand on any of its parts and speaks of the whole.
 * </ul>
 *
 * Parameter names of the method are the operands: a register field's value ({@code long}, or {@code double} for the
 * register read as an IEEE double), an immediate ({@code long} or {@code int}), {@code pc} (address of this
 * instruction), {@code length} (its bytes), {@code bits} (its encoding), a {@link ControlRegister} of its bundle, or a
 * parameter of type {@link org.vm.api.mmu.Mmu} or of a subtype of {@link org.vm.api.cpu.Cpu}. A field that is no operand is ignored. The
 * return type is the effect: a value ({@code long} or {@code double}) for the destination field, which is the register
 * field whose name ends with {@code d} ({@code rd}, {@code fd}), or that of {@link Into}, {@code boolean} for "branch to pc + imm is taken", nothing; with {@link Jump} a
 * {@code long} is the next pc and a destination field, if any, receives the address of the following instruction.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@Repeatable(Encodings.class)
public @interface Encoding {
    String value();

    /** Mnemonic; by default the method's name with {@code _} read as {@code .}. */
    String name() default "";

    /** Operands that this encoding fixes: {@code "rs1=2 imm=0"}. */
    String fixed() default "";

    /**
     * Operands as the assembler writes them, where the rule does not tell: {@code "rd, csr, rs1"}, {@code "rs1, rs2"},
     * {@code "rd, imm(rs1)"}; a word that is no field stands for itself. By default: the destination, the register
     * operands in the order of the parameters, then the immediates; if a parameter is the memory, the first register
     * operand is the base: {@code rd, imm(rs1)}, {@code rs2, imm(rs1)}, {@code rd, rs2, (rs1)}. Fields that are not written
     * are assembled as zero.
     */
    String syntax() default "";

    /** Extension this encoding needs besides that of the class ({@link Extension}). */
    String extension() default "";
}
