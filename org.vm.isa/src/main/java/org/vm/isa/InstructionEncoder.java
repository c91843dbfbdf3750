package org.vm.isa;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.vm.api.InvalidInstructionException;
import org.vm.api.isa.RegisterFile;

/** Turns one instruction's text into bits. */
final class InstructionEncoder {
    private final Dialect dialect;
    private final Map<String, List<Syntax>> syntaxes = new HashMap<>();
    private final Map<String, Named> registers = new HashMap<>();

    private record Named(RegisterFile file, int number) {}

    /** A syntax that the operands suit, apart from the values of expressions. */
    record Candidate(Syntax syntax, Map<Field, Long> suffix, List<String> operands) {
        int width() {
            return syntax.form().pattern.width() / 8;
        }
    }

    InstructionEncoder(InstructionTable table) {
        dialect = table.dialect();
        for (Form form : table.forms()) {
            syntaxes.computeIfAbsent(form.mnemonic, name -> new ArrayList<>()).add(Syntax.of(form, table.registerFiles()));
        }
        for (RegisterFile file : table.registerFiles()) {
            for (int i = 0; i < file.count(); i++) {
                registers.put(file.name() + i, new Named(file, i));
                registers.put(file.names().get(i), new Named(file, i));
            }
        }
        dialect.aliases().forEach((alias, name) -> registers.put(alias, registers.get(name)));
    }

    /** The syntaxes of a mnemonic that the operands suit; an error that says what would if none does. */
    List<Candidate> candidates(String mnemonic, List<String> operands) {
        List<Syntax> known = syntaxes.get(mnemonic);
        Map<String, Long> suffix = Map.of();
        if (known == null) {
            for (String ending : dialect.suffixes().keySet()) {
                if (mnemonic.endsWith(ending) && syntaxes.containsKey(mnemonic.substring(0, mnemonic.length() - ending.length()))
                        && (known == null || dialect.suffixes().get(ending).size() > suffix.size())) {
                    known = syntaxes.get(mnemonic.substring(0, mnemonic.length() - ending.length()));
                    suffix = dialect.suffixes().get(ending);
                }
            }
        }
        if (known == null) {
            throw new InvalidInstructionException("there is no instruction '" + mnemonic + "'");
        }
        List<Candidate> candidates = new ArrayList<>();
        for (Syntax syntax : known) {
            Map<Field, Long> fields = fields(syntax, suffix);
            if (fields != null && suits(syntax, operands)) {
                candidates.add(new Candidate(syntax, fields, operands));
            }
        }
        if (candidates.isEmpty()) {
            throw new InvalidInstructionException("'" + (mnemonic + " " + String.join(", ", operands)).strip()
                    + "' is not of the form '" + String.join("' or '", known.stream().map(Syntax::describe).toList()) + "'");
        }
        return candidates;
    }

    private static Map<Field, Long> fields(Syntax syntax, Map<String, Long> suffix) {
        Map<Field, Long> fields = new LinkedHashMap<>();
        for (Map.Entry<String, Long> entry : suffix.entrySet()) {
            Field field = syntax.form().pattern.field(entry.getKey());
            if (field == null) {
                return null;
            }
            fields.put(field, entry.getValue());
        }
        return fields;
    }

    private boolean suits(Syntax syntax, List<String> operands) {
        List<Syntax.Part> parts = syntax.parts();
        for (int i = 0; i < parts.size(); i++) {
            Syntax.Part part = parts.get(i);
            if (i >= operands.size()) {
                if (!(part instanceof Syntax.Part.Immediate immediate) || !dialect.defaults().containsKey(immediate.name())) {
                    return false;
                }
                continue;
            }
            String operand = operands.get(i);
            boolean suits = switch (part) {
                case Syntax.Part.Register r -> isRegister(operand, r);
                case Syntax.Part.Memory m -> isRegister(base(operand), m.base());
                case Syntax.Part.Immediate _, Syntax.Part.Target _ -> !registers.containsKey(operand) && !operand.isEmpty();
                case Syntax.Part.Literal l -> operand.equals(l.word());
            };
            if (!suits) {
                return false;
            }
        }
        return operands.size() <= parts.size();
    }

    private boolean isRegister(String operand, Syntax.Part.Register part) {
        Named register = registers.get(operand);
        return register != null && register.file == part.file()
                && (part.field() != null ? part.field().fits(register.number) : register.number == part.number());
    }

    /** The base of {@code offset(base)}; a register alone is its own base. */
    private static String base(String operand) {
        int open = operand.lastIndexOf('(');
        return operand.endsWith(")") && open >= 0 ? operand.substring(open + 1, operand.length() - 1).strip() : operand;
    }

    private static String offset(String operand) {
        int open = operand.lastIndexOf('(');
        String offset = operand.endsWith(")") && open >= 0 ? operand.substring(0, open).strip() : "";
        return offset.isEmpty() ? "0" : offset;
    }

    /** The bits of an instruction at {@code address}. */
    int encode(List<Candidate> candidates, long address, ToLongFunction<String> value) {
        InvalidInstructionException first = null;
        for (Candidate candidate : candidates) {
            try {
                return encode(candidate, address, value);
            } catch (InvalidInstructionException e) {
                first = first == null ? e : first;
            }
        }
        throw first;
    }

    private int encode(Candidate candidate, long address, ToLongFunction<String> value) {
        Form form = candidate.syntax.form();
        Map<Field, Long> fields = new LinkedHashMap<>(candidate.suffix);
        List<Syntax.Part> parts = candidate.syntax.parts();
        for (int i = 0; i < parts.size(); i++) {
            String operand = i < candidate.operands.size() ? candidate.operands.get(i) : "";
            switch (parts.get(i)) {
                case Syntax.Part.Register r -> put(fields, r.field(), operand);
                case Syntax.Part.Memory m -> {
                    put(fields, m.base().field(), base(operand));
                    long offset = value.applyAsLong(offset(operand));
                    if (m.offset() != null) {
                        fields.put(m.offset(), offset);
                    } else if (offset != 0) {
                        throw new InvalidInstructionException("'" + form.mnemonic + "' takes no offset before '(" + base(operand) + ")'");
                    }
                }
                case Syntax.Part.Immediate immediate -> fields.put(immediate.field(), immediate(immediate, operand, value));
                case Syntax.Part.Target target -> fields.put(target.field(), value.applyAsLong(operand) - address);
                case Syntax.Part.Literal _ -> { }
            }
        }
        int bits = form.pattern.match();
        for (Map.Entry<Field, Long> entry : fields.entrySet()) {
            Field field = entry.getKey();
            if (!field.fits(entry.getValue()) || field.excluded().contains(entry.getValue())) {
                throw new InvalidInstructionException("'" + form.mnemonic + "' cannot express " + field.names().getFirst()
                        + " = " + entry.getValue());
            }
            bits |= field.insert(entry.getValue());
        }
        if (!form.pattern.matches(bits)) {
            throw new InvalidInstructionException("'" + form.mnemonic + " " + String.join(", ", candidate.operands)
                    + "' is an encoding of another instruction");
        }
        return bits;
    }

    private void put(Map<Field, Long> fields, Field field, String register) {
        if (field != null) {
            fields.put(field, (long) registers.get(register).number);
        }
    }

    private long immediate(Syntax.Part.Immediate part, String operand, ToLongFunction<String> value) {
        if (operand.isEmpty()) {
            return dialect.defaults().get(part.name());
        }
        Long named = dialect.values().getOrDefault(part.name(), Map.of()).get(operand);
        if (named != null) {
            return named;
        }
        long number = value.applyAsLong(operand);
        if (part.shift() == 0) {
            return number;
        }
        // The units may be given as a negative or as an unsigned number.
        int width = part.field().bits() - part.shift();
        if (number >> width - 1 != 0 && number >> width - 1 != -1 && number >>> width != 0) {
            throw new InvalidInstructionException("'" + operand + "' = " + number + " has more than " + width + " bits");
        }
        return number << 64 - width >> 64 - width << part.shift();
    }
}
