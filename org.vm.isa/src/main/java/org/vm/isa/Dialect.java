package org.vm.isa;

import java.util.List;
import java.util.Map;
import java.util.function.LongUnaryOperator;

/**
 * What an assembler language has beyond registers, numbers and mnemonics. Data that an instruction set brings.
 *
 * @param values    names of the values of a field: {@code csr → {sstatus=0x100…}}
 * @param defaults  fields that may be left out at the end of the operands, with the value they have then
 * @param suffixes  endings of mnemonics and the fields that they set: {@code .aq → {aq=1}}
 * @param functions operators in expressions: {@code hi → x -> x >>> 12}, written {@code %hi(x)}
 * @param aliases   further names of registers: {@code fp → s0}
 * @param pseudos   instructions that stand for others
 */
public record Dialect(Map<String, Map<String, Long>> values, Map<String, Long> defaults,
        Map<String, Map<String, Long>> suffixes, Map<String, LongUnaryOperator> functions,
        Map<String, String> aliases, List<Pseudo> pseudos) {

    public Dialect {
        values = Map.copyOf(values);
        defaults = Map.copyOf(defaults);
        suffixes = Map.copyOf(suffixes);
        functions = Map.copyOf(functions);
        aliases = Map.copyOf(aliases);
        pseudos = List.copyOf(pseudos);
    }

    /** Registers, numbers and mnemonics only. */
    public static Dialect plain() {
        return new Dialect(Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), List.of());
    }

    /**
     * A pseudo-instruction.
     *
     * @param operands how many it has; others of the same mnemonic may have another number
     */
    public record Pseudo(String mnemonic, int operands, Expansion expansion) {
        /** A pseudo-instruction that stands for fixed lines, in which {@code $1}, {@code $2}… are its operands. */
        public static Pseudo of(String mnemonic, int operands, String... lines) {
            return new Pseudo(mnemonic, operands, (given, constants) -> List.of(lines).stream().map(line -> {
                String text = line;
                for (int i = 0; i < given.size(); i++) {
                    text = text.replace("$" + (i + 1), given.get(i));
                }
                return text;
            }).toList());
        }
    }

    /** Writes a pseudo-instruction in other instructions. */
    @FunctionalInterface
    public interface Expansion {
        List<String> expand(List<String> operands, Constants constants);
    }

    /** What an expansion may ask for. */
    @FunctionalInterface
    public interface Constants {
        /** Value of an expression over numbers and symbols that are defined already; an error if it has others. */
        long value(String expression);
    }

    /** Name of a field's value, or {@code null}. */
    String name(String field, long value) {
        for (Map.Entry<String, Long> entry : values.getOrDefault(field, Map.of()).entrySet()) {
            if (entry.getValue() == value) {
                return entry.getKey();
            }
        }
        return null;
    }
}
