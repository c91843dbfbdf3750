package org.vm.api.isa;

import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Declares, on a class of instructions that a bundle brings, a control and status register for them. Each CPU has its own,
 * of 64 bits. Programs access it by its number as the architecture says, with the rights that the number stands for; the
 * bundle's instructions do by its name: a {@code long} parameter of that name has its value, and {@link Into} leads a
 * result there. It is a register as others are for engines, so a loop keeps it where it keeps those.
 *
 * <pre>
 * &#64;ControlRegister(number = 0x800, name = "macc")
 * public final class Mac {
 *     &#64;Into("macc")
 *     &#64;Encoding("0000000 rs2 rs1 000 00000 0001011")
 *     public static long mac(long macc, long rs1, long rs2) { return macc + rs1 * rs2; }
 * }
 * </pre>
 *
 * While the bundle is replaced, and if its instructions come back later, a register of that name and number has the value
 * that it had, until the CPU is reset.
 *
 * <p>RISC-V: numbers that the privileged architecture leaves to everybody (Volume II, 2.1, table 3): 0x800 to 0x8FF and, read-only,
 * 0xCC0 to 0xCFF for all levels; 0x5C0, 0x9C0, 0xDC0 (read-only) to …FF for S-mode; 0x7C0, 0xBC0, 0xFC0 (read-only) to …FF for
 * M-mode. No operating system saves them when it switches between processes.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
@Repeatable(ControlRegisters.class)
public @interface ControlRegister {
    int number();

    /** A lower-case letter, then lower-case letters, digits and {@code _}; no name of a field or of another register. */
    String name();

    /** Value after a reset. */
    long reset() default 0;

    /** Bits that programs can write; the others stay what they are. Instructions write all. */
    long writable() default -1;
}
