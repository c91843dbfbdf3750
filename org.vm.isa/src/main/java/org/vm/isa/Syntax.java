package org.vm.isa;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vm.api.isa.Operand;
import org.vm.api.isa.RegisterFile;
import org.vm.api.isa.Result;

/**
 * The operands of a form as text. Without {@link org.vm.api.isa.Encoding#syntax()} they follow from the row: the
 * destination, the register operands in the order of the method's parameters, the immediates. An instruction on memory
 * has its first register operand as {@code imm(base)} or {@code (base)} at the end, and a jump by register as well.
 */
record Syntax(Form form, List<Part> parts) {
    sealed interface Part {
        /** A register that {@code field} names; the register {@code number} if there is no field. */
        record Register(String name, Field field, RegisterFile file, int number) implements Part {}

        /** A number; {@code shift} of its low bits are not written. */
        record Immediate(String name, Field field, int shift) implements Part {}

        /** An address, encoded relative to the instruction's own. */
        record Target(Field field) implements Part {}

        /** {@code offset(base)}, or {@code (base)} if {@code offset} is {@code null}. */
        record Memory(Field offset, Register base) implements Part {}

        /** A word that stands for itself. */
        record Literal(String word) implements Part {}
    }

    static Syntax of(Form form, List<RegisterFile> files) {
        return new Syntax(form, form.syntax.isEmpty() ? byRule(form) : explicit(form, files));
    }

    private static List<Part> explicit(Form form, List<RegisterFile> files) {
        List<Part> parts = new ArrayList<>();
        for (String word : form.syntax.split(",")) {
            String text = word.strip();
            int open = text.indexOf('(');
            if (open >= 0) {
                String base = text.substring(open + 1, text.indexOf(')'));
                Part register = part(form, base, files);
                if (register instanceof Part.Register r) {
                    parts.add(new Part.Memory(open == 0 ? null : form.field(text.substring(0, open)), r));
                    continue;
                }
            }
            parts.add(part(form, text, files));
        }
        return parts;
    }

    private static Part part(Form form, String name, List<RegisterFile> files) {
        for (RegisterFile file : files) {
            if (file.fields().contains(name)) {
                return register(form, name, file);
            }
        }
        Field field = form.field(name);
        return field == null ? new Part.Literal(name) : immediate(form, name, field);
    }

    private static Part.Register register(Form form, String name, RegisterFile file) {
        return new Part.Register(name, form.field(name), file, form.fixed.getOrDefault(name, 0L).intValue());
    }

    private static Part immediate(Form form, String name, Field field) {
        if (name.equals("imm") && relative(form)) {
            return new Part.Target(field);
        }
        // What fills the upper part of a register is written as the number of its units.
        return new Part.Immediate(field.names().getFirst(), field, field.lowest() >= 12 ? field.lowest() : 0);
    }

    /** A branch, or a jump that depends on nothing but its place: {@code imm} is a distance. */
    private static boolean relative(Form form) {
        return form.row.result() instanceof Result.Branch
                || form.row.result() instanceof Result.Jump && form.row.operands().stream().anyMatch(Operand.Pc.class::isInstance)
                && form.row.operands().stream().noneMatch(Operand.Register.class::isInstance);
    }

    private static List<Part> byRule(Form form) {
        List<Part.Register> sources = new ArrayList<>();
        List<Part> immediates = new ArrayList<>();
        Field offset = null;
        boolean onMemory = false;
        for (Operand operand : form.row.operands()) {
            switch (operand) {
                case Operand.Register r -> sources.add(register(form, r.field(), r.file()));
                case Operand.Immediate i when i.field().equals("imm") && form.field("imm") != null -> offset = form.field("imm");
                case Operand.Immediate i when form.field(i.field()) != null ->
                    immediates.add(immediate(form, i.field(), form.field(i.field())));
                case Operand.Memory _ -> onMemory = true;
                default -> { }
            }
        }
        if (form.row.result() instanceof Result.Branch) {
            offset = form.field("imm");
        }
        boolean based = (onMemory || form.row.result() instanceof Result.Jump && offset != null) && !sources.isEmpty();
        Set<Part> parts = new LinkedHashSet<>();
        Set<Field> written = new LinkedHashSet<>();
        String destination = form.destinationName();
        if (destination != null && form.field(destination) != null) {
            RegisterFile file = form.row.result() instanceof Result.Write w ? w.file() : ((Result.Jump) form.row.result()).file();
            parts.add(register(form, destination, file));
            written.add(form.field(destination));
        }
        for (Part.Register source : based ? sources.subList(1, sources.size()) : sources) {
            if (source.field() != null && written.add(source.field())) {
                parts.add(source);
            }
        }
        if (based) {
            parts.add(new Part.Memory(offset, sources.getFirst()));
        } else if (offset != null) {
            parts.add(immediate(form, "imm", offset));
        }
        parts.addAll(immediates);
        return List.copyOf(parts);
    }

    /** The instruction as text. */
    String write(int bits, long pc, Dialect dialect) {
        List<String> words = new ArrayList<>();
        for (Part part : parts) {
            words.add(switch (part) {
                case Part.Register r -> name(r, bits);
                case Part.Immediate i -> number(i, bits, dialect);
                case Part.Target t -> "0x" + Long.toHexString(pc + t.field.extract(bits));
                case Part.Memory m -> (m.offset == null ? "" : m.offset.extract(bits)) + "(" + name(m.base, bits) + ")";
                case Part.Literal l -> l.word;
            });
        }
        for (int last = parts.size() - 1; last >= 0 && parts.get(last) instanceof Part.Immediate i
                && dialect.defaults().containsKey(i.name) && dialect.defaults().get(i.name) == i.field.extract(bits); last--) {
            words.remove(last);
        }
        String mnemonic = form.mnemonic + suffix(bits, dialect);
        return words.isEmpty() ? mnemonic : mnemonic + " " + String.join(", ", words);
    }

    /** The syntax itself, for people: {@code ld rd, imm(rs1)}. */
    String describe() {
        List<String> words = new ArrayList<>();
        for (Part part : parts) {
            words.add(switch (part) {
                case Part.Register r -> r.name;
                case Part.Immediate i -> i.name;
                case Part.Target _ -> "target";
                case Part.Memory m -> (m.offset == null ? "" : m.offset.names().getFirst())
                        + "(" + (m.base.field == null ? m.base.file.names().get(m.base.number) : m.base.name) + ")";
                case Part.Literal l -> l.word;
            });
        }
        return words.isEmpty() ? form.mnemonic : form.mnemonic + " " + String.join(", ", words);
    }

    private static String name(Part.Register register, int bits) {
        int number = register.field == null ? register.number : (int) register.field.extract(bits);
        return register.file.names().get(number);
    }

    private static String number(Part.Immediate immediate, int bits, Dialect dialect) {
        long value = immediate.field.extract(bits);
        String name = dialect.name(immediate.name, value);
        if (name != null) {
            return name;
        }
        if (immediate.shift > 0) {
            return "0x" + Long.toHexString(value >>> immediate.shift & (1L << immediate.field.bits() - immediate.shift) - 1);
        }
        return Long.toString(value);
    }

    private String suffix(int bits, Dialect dialect) {
        String best = "";
        int most = 0;
        for (Map.Entry<String, Map<String, Long>> suffix : dialect.suffixes().entrySet()) {
            boolean holds = suffix.getValue().entrySet().stream().allMatch(e -> form.pattern.field(e.getKey()) != null
                    && form.pattern.field(e.getKey()).extract(bits) == e.getValue());
            if (holds && suffix.getValue().size() > most) {
                best = suffix.getKey();
                most = suffix.getValue().size();
            }
        }
        return best;
    }
}
