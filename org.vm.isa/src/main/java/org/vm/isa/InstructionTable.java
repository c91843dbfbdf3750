package org.vm.isa;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.function.Predicate;
import org.vm.api.InvalidInstructionException;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.RegisterFile;
import org.vm.api.isa.Row;

/** All instructions of an instruction set, read from annotated methods ({@link org.vm.api.isa.Encoding}). Immutable. */
public final class InstructionTable {
    private static final RegisterFile NO_REGISTERS = new RegisterFile("", 0, 0, -1, -1, List.of(), List.of());

    private final List<RegisterFile> files;
    private final IntUnaryOperator length;
    private final Dialect dialect;
    private final List<Form> forms;
    private final List<Row> rows;
    private final Map<Row, List<Form>> formsOfRow = new HashMap<>();

    private InstructionTable(Builder builder) {
        files = List.copyOf(builder.files);
        length = builder.length;
        dialect = builder.dialect;
        List<Form> all = new ArrayList<>();
        Map<String, Class<?>> names = new HashMap<>();
        builder.owners.forEach((owner, named) -> {
            if (names.put(owner.getName(), owner) != null) {
                throw new InvalidInstructionException("two different classes called " + owner.getName()
                        + " define instructions; rename one of them");
            }
            all.addAll(new RowReader(files, named).read(owner));
        });
        forms = List.copyOf(all);
        refuseConflicts(forms);
        for (Form form : forms) {
            formsOfRow.computeIfAbsent(form.row, row -> new ArrayList<>()).add(form);
        }
        rows = forms.stream().map(form -> form.row).distinct().toList();
    }

    /**
     * A table of 16- and 32-bit instructions.
     *
     * @param files register files; they say which encoding fields name registers
     */
    public static Builder builder(List<RegisterFile> files) {
        return new Builder(files);
    }

    /** Collects what a table is made of. */
    public static final class Builder {
        private final List<RegisterFile> files;
        /** With the registers that their instructions can name. */
        private final Map<Class<?>, RegisterFile> owners = new LinkedHashMap<>();
        private IntUnaryOperator length = parcel -> (parcel & 3) == 3 ? 4 : 2;
        private Dialect dialect = Dialect.plain();

        private Builder(List<RegisterFile> files) {
            this.files = files;
        }

        /** Adds the instructions of public classes with public static methods marked {@code @Encoding}. */
        public Builder add(Class<?>... annotated) {
            return add(List.of(annotated), NO_REGISTERS);
        }

        /**
         * As {@link #add(Class...)}.
         *
         * @param named registers that no encoding has a field for: these instructions name them one by one, as the file does
         */
        public Builder add(List<Class<?>> annotated, RegisterFile named) {
            annotated.forEach(owner -> owners.put(owner, named));
            return this;
        }

        /**
         * How many bytes (2 or 4) an instruction has, by its first 16 bits; by default 4 if the two lowest bits are set
         * and 2 otherwise.
         */
        public Builder length(IntUnaryOperator rule) {
            length = rule;
            return this;
        }

        /** Names and shorthands of the assembler language. */
        public Builder dialect(Dialect value) {
            dialect = value;
            return this;
        }

        /**
         * @throws InvalidInstructionException if a definition is not well formed or two of them overlap; names the
         *     methods and what is wrong
         */
        public InstructionTable build() {
            return new InstructionTable(this);
        }
    }

    /**
     * The row of a public static method without an encoding: what a decoder puts in for illegal encodings or before
     * other rows. Its operands are what engines supply (CPU, memory, {@code pc}, {@code bits}…).
     */
    public static Row row(Method method) {
        return new RowReader(List.of(), NO_REGISTERS).row(method);
    }

    private static void refuseConflicts(List<Form> forms) {
        for (int i = 0; i < forms.size(); i++) {
            for (int j = i + 1; j < forms.size(); j++) {
                if (forms.get(i).pattern.overlaps(forms.get(j).pattern)) {
                    throw new InvalidInstructionException("encodings of " + forms.get(i) + " and " + forms.get(j)
                            + " overlap; choose another encoding, or exclude values with !=");
                }
            }
        }
    }

    public List<RegisterFile> registerFiles() {
        return files;
    }

    /** Every row once, in the order of the classes and of the methods' names. */
    public List<Row> rows() {
        return rows;
    }

    public Dialect dialect() {
        return dialect;
    }

    /**
     * A decoder for some extensions. It takes a moment to build: keep it.
     *
     * @param enabled whether an extension is there; an encoding needs its own and that of its row's class
     * @param illegal row that everything else decodes to
     */
    public RowDecoder decoder(Predicate<String> enabled, Row illegal) {
        return new RowDecoder(forms.stream()
                .filter(form -> enabled.test(form.extension) && enabled.test(form.row.extension())).toList(),
                length, illegal);
    }

    /** The instruction as the assembler writes it; {@code pc} resolves branch targets. */
    public String disassemble(DecodedRow instruction, long pc) {
        for (Form form : formsOfRow.getOrDefault(instruction.row(), List.of())) {
            if (form.mnemonic.equals(instruction.mnemonic()) && form.pattern.matches(instruction.bits())) {
                return Syntax.of(form, files).write(instruction.bits(), pc, dialect);
            }
        }
        return instruction.mnemonic();
    }

    List<Form> forms() {
        return forms;
    }
}
