package org.vm.api.isa;

import java.util.List;
import org.vm.api.GuestArch;

/**
 * Service of a bundle that brings instructions of its own. All machines of the architecture know them while the service is
 * there, also those that run already; without it their encodings are illegal. What conflicts with an encoding, a class name or
 * a {@link ControlRegister} that is there already is refused with both names.
 */
public interface InstructionExtension {
    GuestArch architecture();

    /** Name in the ISA string ({@code "xmac"}). */
    String name();

    /** Public classes with public static methods marked {@link Encoding}; may declare {@link ControlRegister}s. */
    List<Class<?>> instructions();
}
