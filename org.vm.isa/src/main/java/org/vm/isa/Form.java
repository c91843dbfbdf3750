package org.vm.isa;

import java.util.Map;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Operand;
import org.vm.api.isa.RegisterFile;
import org.vm.api.isa.Result;
import org.vm.api.isa.Row;

/** One encoding of a row. */
final class Form {
    final Row row;
    final String mnemonic;
    final String extension;
    final Pattern pattern;
    /** Operands that have the same value in all encodings of the form. */
    final Map<String, Long> fixed;
    /** Operands as the assembler writes them, or empty: by rule. */
    final String syntax;

    /** For each operand of the row: the field, or {@code null} if the constant stands for it. */
    private final Field[] sources;
    private final long[] constants;
    private final Field destinationField;
    private final RegisterFile destinationFile;
    private final int fixedDestination;
    private final Field displacement;
    private final long fixedDisplacement;

    Form(Row row, String mnemonic, String extension, Pattern pattern, Map<String, Long> fixed, String syntax) {
        this.row = row;
        this.mnemonic = mnemonic;
        this.extension = extension;
        this.pattern = pattern;
        this.fixed = Map.copyOf(fixed);
        this.syntax = syntax;
        int count = row.operands().size();
        sources = new Field[count];
        constants = new long[count];
        for (int i = 0; i < count; i++) {
            String name = operandName(row.operands().get(i));
            if (name != null) {
                sources[i] = field(name);
                // A constant register is kept as its slot, so that only fields need the register file when decoding.
                long value = fixed.getOrDefault(name, 0L);
                constants[i] = row.operands().get(i) instanceof Operand.Register r ? r.file().source((int) value) : value;
            }
        }
        String destination = destinationName();
        destinationField = destination == null ? null : field(destination);
        destinationFile = switch (row.result()) {
            case Result.Write w -> w.file();
            case Result.Jump j -> j.file();
            default -> null;
        };
        fixedDestination = destination == null || !fixed.containsKey(destination) ? -1
                : destinationFile.destination(fixed.get(destination).intValue());
        displacement = field("imm");
        fixedDisplacement = fixed.getOrDefault("imm", 0L);
    }

    /** Name of the field that receives the result, or {@code null}. */
    String destinationName() {
        return switch (row.result()) {
            case Result.Write w -> w.field();
            case Result.Jump j -> j.link();
            default -> null;
        };
    }

    /** The field that an operand is taken from, or {@code null}; {@code uimm} stands for {@code imm} as well. */
    Field field(String operand) {
        Field field = pattern.field(operand);
        return field != null ? field : pattern.field("u" + operand);
    }

    static String operandName(Operand operand) {
        return switch (operand) {
            case Operand.Register r -> r.field();
            case Operand.Immediate i -> i.field();
            default -> null;
        };
    }

    DecodedRow decode(int bits, int length) {
        long[] values = new long[sources.length];
        for (int i = 0; i < values.length; i++) {
            Field source = sources[i];
            if (source == null) {
                values[i] = constants[i];
            } else if (row.operands().get(i) instanceof Operand.Register r) {
                values[i] = r.file().source((int) source.extract(bits));
            } else {
                values[i] = source.extract(bits);
            }
        }
        int destination = destinationField == null ? fixedDestination
                : destinationFile.destination((int) destinationField.extract(bits));
        return new DecodedRow(row, mnemonic, bits, length, values, destination,
                displacement == null ? fixedDisplacement : displacement.extract(bits));
    }

    @Override
    public String toString() {
        return mnemonic + " (" + row.method().getDeclaringClass().getName() + "#" + row.method().getName() + ")";
    }
}
