package org.vm.isa;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.vm.api.InvalidInstructionException;
import org.vm.isa.Dialect.Pseudo;

/**
 * Assembles text for an instruction table: its mnemonics, the pseudo-instructions of its {@link Dialect}, labels
 * ({@code name:}, and {@code 1:} with {@code 1b} and {@code 1f}), and the directives {@code .org .align .p2align .balign .byte .half
 * .word .dword .ascii .asciz .string .zero .space .equ .set}. Little-endian. Stateless; safe for use by several threads.
 */
public final class Assembler {
    private static final int MAX_BYTES = 1 << 28;
    private static final Pattern LABEL = Pattern.compile("\\s*([A-Za-z_.$][\\w.$]*|\\d+)\\s*:");
    private static final Pattern LOCAL = Pattern.compile("(\\d+)([bf])");
    private static final Map<String, Integer> DATA = Map.of(".byte", 1, ".half", 2, ".word", 4, ".dword", 8);

    private final InstructionEncoder encoder;
    private final Dialect dialect;
    private final Map<String, Pseudo> pseudos = new HashMap<>();

    public Assembler(InstructionTable table) {
        encoder = new InstructionEncoder(table);
        dialect = table.dialect();
        for (Pseudo pseudo : dialect.pseudos()) {
            pseudos.put(pseudo.mnemonic() + "/" + pseudo.operands(), pseudo);
        }
    }

    /** As {@link #assemble(String, long)}; the origin is 0 unless the source begins with {@code .org}. */
    public Program assemble(String source) {
        return assemble(source, 0);
    }

    /**
     * @param origin address of the first byte
     * @throws InvalidInstructionException with the line and what is wrong with it
     */
    public Program assemble(String source, long origin) {
        Run run = new Run(origin);
        List<String> lines = source.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            try {
                for (String statement : Text.statements(lines.get(i))) {
                    run.line(i + 1, statement);
                }
            } catch (InvalidInstructionException e) {
                throw inLine(i + 1, e);
            }
        }
        return run.finish();
    }

    private static InvalidInstructionException inLine(int line, InvalidInstructionException e) {
        return new InvalidInstructionException("line " + line + ": " + e.getMessage(), e);
    }

    /** Bytes whose place is known; their values are found when all symbols are. */
    private record Item(int line, long address, int size, Emitter emitter) {}

    private interface Emitter {
        void emit(ByteBuffer out, ToLongFunction<String> value);
    }

    private record Local(String number, long address, int item) {}

    /** One source. */
    private final class Run {
        private final List<Item> items = new ArrayList<>();
        private final Map<String, Long> symbols = new HashMap<>();
        private final List<Local> locals = new ArrayList<>();
        private long origin;
        private long address;
        private boolean begun;

        Run(long origin) {
            this.origin = origin;
            this.address = origin;
        }

        void line(int line, String statement) {
            String rest = statement;
            for (Matcher label = LABEL.matcher(rest); label.lookingAt(); label = LABEL.matcher(rest)) {
                define(label.group(1), address);
                rest = rest.substring(label.end());
            }
            rest = rest.strip();
            if (!rest.isEmpty()) {
                String[] words = rest.split("\\s+", 2);
                List<String> operands = Text.operands(words.length > 1 ? words[1] : "");
                if (words[0].startsWith(".")) {
                    directive(line, words[0], operands);
                } else {
                    instruction(line, words[0], operands, 0);
                }
            }
        }

        private void define(String name, long value) {
            if (Character.isDigit(name.charAt(0))) {
                locals.add(new Local(name, value, items.size()));
                return;
            }
            if (symbols.putIfAbsent(name, value) != null) {
                throw new InvalidInstructionException("'" + name + "' is defined already");
            }
        }

        private void instruction(int line, String mnemonic, List<String> operands, int depth) {
            Pseudo pseudo = pseudos.get(mnemonic + "/" + operands.size());
            if (pseudo != null && depth < 4) {
                for (String expanded : pseudo.expansion().expand(operands, this::constant)) {
                    String[] words = expanded.strip().split("\\s+", 2);
                    List<String> inner = Text.operands(words.length > 1 ? words[1] : "");
                    // A mnemonic that stands for itself with other operands ends the expansion.
                    instruction(line, words[0], inner, words[0].equals(mnemonic) && inner.size() == operands.size() ? 4 : depth + 1);
                }
                return;
            }
            List<InstructionEncoder.Candidate> candidates = encoder.candidates(mnemonic, operands);
            int size = candidates.getFirst().width();
            List<InstructionEncoder.Candidate> sameSize = candidates.stream().filter(c -> c.width() == size).toList();
            long here = address;
            add(line, size, (out, value) -> {
                int bits = encoder.encode(sameSize, here, value);
                if (size == 2) {
                    out.putShort((short) bits);
                } else {
                    out.putInt(bits);
                }
            });
        }

        private void directive(int line, String name, List<String> operands) {
            switch (name) {
                case ".byte", ".half", ".word", ".dword" -> data(line, name, DATA.get(name), operands);
                case ".ascii", ".asciz", ".string" -> {
                    for (String operand : operands) {
                        byte[] bytes = (Text.string(operand) + (name.equals(".ascii") ? "" : "\0")).getBytes(StandardCharsets.UTF_8);
                        add(line, bytes.length, (out, value) -> out.put(bytes));
                    }
                }
                case ".zero", ".space" -> skip(line, constant(only(name, operands)));
                case ".align", ".p2align" -> {
                    long power = constant(only(name, operands));
                    if (power < 0 || power > 24) {
                        throw new InvalidInstructionException(name + " takes a power of two, 0 to 24, not " + power);
                    }
                    skip(line, -address & (1L << power) - 1);
                }
                case ".balign" -> {
                    long to = constant(only(name, operands));
                    if (Long.bitCount(to) != 1 || to < 0) {
                        throw new InvalidInstructionException(".balign takes a number that is a power of two, not " + to);
                    }
                    skip(line, -address & to - 1);
                }
                case ".org" -> {
                    long to = constant(only(name, operands));
                    if (!begun && locals.isEmpty() && !symbols.containsValue(address)) {
                        origin = to;
                        address = to;
                    } else if (to < address) {
                        throw new InvalidInstructionException(".org 0x%x is behind the present address 0x%x".formatted(to, address));
                    } else {
                        skip(line, to - address);
                    }
                }
                case ".equ", ".set" -> {
                    if (operands.size() != 2) {
                        throw new InvalidInstructionException(name + " takes a name and a value");
                    }
                    define(operands.get(0), constant(operands.get(1)));
                }
                default -> throw new InvalidInstructionException("there is no directive '" + name + "'");
            }
        }

        private static String only(String name, List<String> operands) {
            if (operands.size() != 1) {
                throw new InvalidInstructionException(name + " takes one operand, not " + operands.size());
            }
            return operands.getFirst();
        }

        private void data(int line, String name, int size, List<String> operands) {
            if (operands.isEmpty()) {
                throw new InvalidInstructionException(name + " has no values");
            }
            for (String operand : operands) {
                add(line, size, (out, value) -> {
                    long number = value.applyAsLong(operand);
                    if (size < 8 && number >> 8 * size != 0 && number >> 8 * size - 1 != -1) {
                        throw new InvalidInstructionException("'" + operand + "' = " + number + " does not fit into " + name);
                    }
                    for (int i = 0; i < size; i++) {
                        out.put((byte) (number >> 8 * i));
                    }
                });
            }
        }

        private void skip(int line, long bytes) {
            if (bytes < 0 || bytes > MAX_BYTES) {
                throw new InvalidInstructionException(bytes + " bytes cannot be left free");
            }
            add(line, (int) bytes, (out, value) -> out.position(out.position() + (int) bytes));
        }

        private void add(int line, int size, Emitter emitter) {
            items.add(new Item(line, address, size, emitter));
            begun = true;
            address += size;
            if (address - origin > MAX_BYTES) {
                throw new InvalidInstructionException("the program has more than " + (MAX_BYTES >> 20) + " MiB");
            }
        }

        /** Value of an expression that may use what is defined so far. */
        private long constant(String expression) {
            return value(expression, address, items.size());
        }

        private long value(String expression, long here, int item) {
            return Expression.evaluate(expression, name -> symbol(name, here, item), dialect.functions());
        }

        private long symbol(String name, long here, int item) {
            if (name.equals(".")) {
                return here;
            }
            Matcher local = LOCAL.matcher(name);
            if (local.matches()) {
                return local(local.group(1), local.group(2).equals("b"), item);
            }
            Long value = symbols.get(name);
            if (value == null) {
                throw new InvalidInstructionException("there is no symbol '" + name + "'");
            }
            return value;
        }

        private long local(String number, boolean backward, int item) {
            Local found = null;
            for (Local local : locals) {
                if (local.number.equals(number)) {
                    if (backward && local.item <= item) {
                        found = local;
                    } else if (!backward && local.item > item) {
                        return local.address;
                    }
                }
            }
            if (found == null) {
                throw new InvalidInstructionException("there is no label '" + number + ":' " + (backward ? "before" : "behind"));
            }
            return found.address;
        }

        Program finish() {
            ByteBuffer out = ByteBuffer.allocate((int) (address - origin)).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < items.size(); i++) {
                Item item = items.get(i);
                int index = i;
                try {
                    item.emitter.emit(out, expression -> value(expression, item.address, index));
                } catch (InvalidInstructionException e) {
                    throw inLine(item.line, e);
                }
            }
            return new Program(origin, out.array(), symbols);
        }
    }
}
