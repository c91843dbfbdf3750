package org.vm.isa;

import java.util.Map;
import org.vm.api.InvalidInstructionException;

/**
 * What the assembler made of a source.
 *
 * @param origin  address of the first byte
 * @param bytes   everything from there
 * @param symbols labels and {@code .equ} symbols
 */
public record Program(long origin, byte[] bytes, Map<String, Long> symbols) {
    public Program {
        symbols = Map.copyOf(symbols);
    }

    /** Value of a symbol. */
    public long symbol(String name) {
        Long value = symbols.get(name);
        if (value == null) {
            throw new InvalidInstructionException("the program has no symbol '" + name + "'");
        }
        return value;
    }

    /** The first address behind it. */
    public long end() {
        return origin + bytes.length;
    }
}
