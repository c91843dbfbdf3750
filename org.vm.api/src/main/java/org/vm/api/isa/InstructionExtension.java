package org.vm.api.isa;

import java.util.List;
import org.vm.api.GuestArch;

/**
 * Service of a bundle that brings instructions of its own. A machine that is created while the service is there knows
 * them; conflicting encodings are refused with both names.
 */
public interface InstructionExtension {
    GuestArch architecture();

    /** Name in the ISA string ({@code "xmac"}). */
    String name();

    /** Public classes with public static methods marked {@link Encoding}. */
    List<Class<?>> instructions();
}
