package org.vm.isa.riscv.oracle;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.vm.api.isa.Encoding;
import org.vm.api.isa.Operand;
import org.vm.api.isa.Result;
import org.vm.api.isa.Row;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.isa.riscv.internal.FloatOperands;

/**
 * Every instruction that calculates, in every encoding and rounding mode, on operands that are hard to get right: result
 * and flags must be those of {@code qemu-riscv64}.
 */
class InstructionOracleTest {
    private static final int FCSR = 0x003;
    /** Three floating-point operands, two integers, fcsr; then the results: f register, x register, fcsr. */
    private static final int RECORD = 72;
    private static final int RESULT = 48;
    private static final int DYNAMIC = 7;
    private static final int NO_ROUNDING = -1;
    private static final int IMMEDIATES = 8;
    /** Bytes that the loop around an instruction takes at most. */
    private static final int LOOP = 80;

    private static final int BASE = 8;
    private static final int END = 9;
    private static final int SCRATCH = 10;
    /** First operand and result: some encodings have one field for both. */
    private static final int INTEGER = 11;
    private static final int SECOND_INTEGER = 12;
    private static final int RESULT_REGISTER = 4;

    private record Case(String name, int bits, int length, int rounding) {
        /** Whether its floating-point operands are singles. */
        boolean readsSingles() {
            return name.endsWith(".s") && !name.equals("fcvt.s.d");
        }

        boolean makesInteger() {
            return name.matches("fcvt\\.[wl]u?\\..");
        }

        @Override
        public String toString() {
            return "%s (%x)".formatted(name, bits);
        }
    }

    @BeforeAll
    static void qemuIsThere() {
        assumeTrue(QemuUser.isInstalled(), "qemu-riscv64 (package qemu-user) is not installed");
    }

    @Test
    void resultsAndFlagsAreThoseOfQemu() throws Exception {
        compare(60, 1);
    }

    @Test
    @Tag("slow")
    void millionsOfResultsAndFlagsAreThoseOfQemu() throws Exception {
        for (int seed = 2; seed < 18; seed++) {
            compare(300, seed);
        }
    }

    private static List<Case> cases(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Case> cases = new ArrayList<>();
        for (Row row : InterpretedHart.ISA.rows()) {
            boolean calculates = row.result() instanceof Result.Write && !row.endsBlock()
                    && row.operands().stream().noneMatch(Operand.Memory.class::isInstance);
            for (Encoding encoding : row.method().getAnnotationsByType(Encoding.class)) {
                if (calculates && Oracle.knows(row, encoding)) {
                    add(cases, row, encoding, random);
                }
            }
        }
        return cases;
    }

    private static void add(List<Case> cases, Row row, Encoding encoding, SplittableRandom random) {
        String name = encoding.name().isEmpty() ? row.name() : encoding.name();
        Template template = new Template(encoding);
        if (template.has("rm")) {
            for (int rounding : new int[] {0, 1, 2, 3, 4, DYNAMIC}) {
                int bits = template.fill((field, mask) -> field.equals("rm") ? rounding : register(field, mask));
                cases.add(new Case(name, bits, template.length(), rounding));
            }
            return;
        }
        boolean hasImmediate = template.has("imm") || template.has("uimm") || template.has("shamt");
        for (int i = 0; i < (hasImmediate ? IMMEDIATES : 1); i++) {
            int bits = template.fill((field, mask) -> switch (field) {
                case "imm", "uimm", "shamt" -> random.nextInt();
                default -> register(field, mask);
            });
            cases.add(new Case(name, bits, template.length(), NO_ROUNDING));
        }
    }

    private static int register(String field, int mask) {
        int register = switch (field) {
            case "fs1" -> 1;
            case "fs2" -> 2;
            case "fs3" -> 3;
            case "fd" -> RESULT_REGISTER;
            case "rs1", "rd" -> INTEGER;
            case "rs2" -> SECOND_INTEGER;
            default -> throw new IllegalArgumentException("nothing is known of a field " + field);
        };
        return mask == 7 ? register - 8 : register;
    }

    /** Runs {@code count} operands through each case. */
    private static void compare(int count, long seed) throws Exception {
        List<Case> cases = cases(seed);
        assertTrue(cases.size() * count > 10_000, cases.size() + " cases only");
        int codeSize = 4096 + LOOP * cases.size() & -4096;
        Code code = new Code(codeSize + cases.size() * count * RECORD);
        long data = Code.ORIGIN + codeSize;
        code.address(2, Code.ORIGIN).address(BASE, data);
        for (int i = 0; i < cases.size(); i++) {
            writeLoop(code, cases.get(i), data + (long) (i + 1) * count * RECORD);
        }
        code.exit(5);
        assertTrue(code.position() <= codeSize, "the code does not fit");
        code.position(codeSize);
        FloatOperands doubles = FloatOperands.doubles(seed);
        FloatOperands singles = FloatOperands.singles(seed);
        for (Case c : cases) {
            for (int i = 0; i < count; i++) {
                writeOperands(code.buffer(), c, i, doubles, singles);
            }
        }
        ByteBuffer expected = ByteBuffer.wrap(QemuUser.run(code.image())).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer actual = ByteBuffer.wrap(new InterpretedHart(new Interpreter()).run(code.image()))
                .order(ByteOrder.LITTLE_ENDIAN);
        check(cases, count, codeSize, expected, actual);
    }

    private static void writeLoop(Code code, Case c, long end) {
        code.address(END, end);
        int loop = code.position();
        for (int i = 0; i < 3; i++) {
            code.load(Code.LOAD_FP, 1 + i, BASE, 8 * i);
        }
        code.load(Code.LOAD, INTEGER, BASE, 24).load(Code.LOAD, SECOND_INTEGER, BASE, 32);
        code.load(Code.LOAD, SCRATCH, BASE, 40).writeCsr(FCSR, SCRATCH);
        code.instruction(c.bits, c.length);
        code.store(Code.STORE_FP, RESULT_REGISTER, BASE, RESULT).store(Code.STORE, INTEGER, BASE, RESULT + 8);
        code.readCsr(SCRATCH, FCSR).store(Code.STORE, SCRATCH, BASE, RESULT + 16);
        code.addi(BASE, BASE, RECORD).branchNotEqual(BASE, END, loop);
    }

    private static void writeOperands(ByteBuffer out, Case c, int i, FloatOperands doubles, FloatOperands singles) {
        FloatOperands source = c.readsSingles() ? singles : doubles;
        for (int operand = 0; operand < 3; operand++) {
            long bits = c.makesInteger() && i % 2 == 0 ? source.nextNearInteger() : source.next();
            boolean boxed = c.readsSingles() && (i + operand) % 16 != 15;
            out.putLong(boxed ? bits | -1L << 32 : bits);
        }
        long first = doubles.nextInteger();
        out.putLong(first).putLong(i % 8 == 0 ? first : i % 8 == 1 ? -first : doubles.nextInteger());
        int frm = c.rounding == DYNAMIC ? i % 5 : i % 8;
        int flags = i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : i * 7 & 31;
        out.putLong(frm << 5 | flags);
        out.putLong(0).putLong(0).putLong(0);
    }

    private static void check(List<Case> cases, int count, int data, ByteBuffer expected, ByteBuffer actual) {
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < cases.size() * count; i++) {
            int record = data + i * RECORD;
            if (differs(expected, actual, record)) {
                differences.add(cases.get(i / count) + ": " + words(expected, record, 0, RESULT) + " is "
                        + words(expected, record, RESULT, RECORD) + ", not " + words(actual, record, RESULT, RECORD));
            }
        }
        if (!differences.isEmpty()) {
            fail(differences.size() + " differences\n"
                    + String.join("\n", differences.subList(0, Math.min(40, differences.size()))));
        }
    }

    private static boolean differs(ByteBuffer expected, ByteBuffer actual, int record) {
        for (int offset = RESULT; offset < RECORD; offset += 8) {
            if (expected.getLong(record + offset) != actual.getLong(record + offset)) {
                return true;
            }
        }
        return false;
    }

    private static String words(ByteBuffer buffer, int record, int from, int to) {
        StringBuilder text = new StringBuilder();
        for (int offset = from; offset < to; offset += 8) {
            text.append(offset == from ? "" : " ").append(HexFormat.of().toHexDigits(buffer.getLong(record + offset)));
        }
        return text.toString();
    }
}
