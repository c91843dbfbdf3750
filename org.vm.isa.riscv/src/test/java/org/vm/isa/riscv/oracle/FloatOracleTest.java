package org.vm.isa.riscv.oracle;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.vm.api.ExecMode;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.isa.Encoding;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.isa.riscv.TranslatingEngine;
import org.vm.isa.riscv.internal.FloatOperands;
import org.vm.isa.riscv.internal.instructions.DoubleInstructions;
import org.vm.isa.riscv.internal.instructions.FloatInstructions;

/**
 * Every instruction of F and D, in every rounding mode, on operands that are hard to get right: result and flags must be
 * those of {@code qemu-riscv64}.
 */
class FloatOracleTest {
    private static final int FCSR = 0x003;
    /** Three floating-point operands, an integer operand, fcsr; then the results: f register, x register, fcsr. */
    private static final int RECORD = 64;
    private static final int RESULT = 40;
    private static final int DYNAMIC = 7;

    private static final int BASE = 8;
    private static final int END = 9;
    private static final int INTEGER = 11;
    private static final int SCRATCH = 12;
    private static final int INTEGER_RESULT = 13;
    private static final int RESULT_REGISTER = 4;

    private record Case(String name, Template template, int rounding) {
        boolean isSingle() {
            return name.contains(".s");
        }

        @Override
        public String toString() {
            return rounding < 0 ? name : name + " rm " + rounding;
        }
    }

    @BeforeAll
    static void qemuIsThere() {
        assumeTrue(QemuUser.isInstalled(), "qemu-riscv64 (package qemu-user) is not installed");
    }

    @Test
    void resultsAndFlagsAreThoseOfQemu() throws Exception {
        compare(new Interpreter(), 60, 1);
    }

    @Test
    void translatedCodesResultsAndFlagsAreThoseOfQemu() throws Exception {
        try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, 2)) {
            compare(engine, 60, 20);
            engine.assertTranslated(100_000);
        }
    }

    @Test
    @Tag("slow")
    void aMillionResultsAndFlagsAreThoseOfQemu() throws Exception {
        for (int seed = 2; seed < 18; seed++) {
            compare(new Interpreter(), 300, seed);
        }
    }

    @Test
    @Tag("slow")
    void translatedCodesMillionResultsAndFlagsAreThoseOfQemu() throws Exception {
        for (int seed = 30; seed < 46; seed++) {
            try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, 2)) {
                compare(engine, 300, seed);
                engine.assertTranslated(500_000);
            }
        }
    }

    private static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        Stream.of(FloatInstructions.class, DoubleInstructions.class).flatMap(owner -> Stream.of(owner.getMethods()))
                .filter(method -> method.getAnnotationsByType(Encoding.class).length == 1)
                .sorted(Comparator.comparing(Method::getName)).forEach(method -> {
                    Template template = new Template(method.getAnnotation(Encoding.class));
                    String name = method.getName().replace('_', '.');
                    if (template.has("rm")) {
                        for (int rounding : new int[] {0, 1, 2, 3, 4, DYNAMIC}) {
                            cases.add(new Case(name, template, rounding));
                        }
                    } else if (!template.has("imm")) {
                        cases.add(new Case(name, template, -1));
                    }
                });
        return cases;
    }

    /** Runs {@code count} operands through each case. */
    private static void compare(ExecutionEngine engine, int count, long seed) throws Exception {
        List<Case> cases = cases();
        int codeSize = 4096 + 128 * cases.size() & -4096;
        Code code = new Code(codeSize + cases.size() * count * RECORD);
        code.address(BASE, Code.ORIGIN + codeSize);
        for (Case c : cases) {
            code.address(END, Code.ORIGIN + codeSize + (long) (cases.indexOf(c) + 1) * count * RECORD);
            int loop = code.position();
            for (int i = 0; i < 3; i++) {
                code.load(Code.LOAD_FP, 1 + i, BASE, 8 * i);
            }
            code.load(Code.LOAD, INTEGER, BASE, 24).load(Code.LOAD, SCRATCH, BASE, 32).writeCsr(FCSR, SCRATCH);
            code.word(c.template.fill((field, mask) -> switch (field) {
                case "fs1" -> 1;
                case "fs2" -> 2;
                case "fs3" -> 3;
                case "fd" -> RESULT_REGISTER;
                case "rs1" -> INTEGER;
                case "rd" -> INTEGER_RESULT;
                case "rm" -> c.rounding;
                default -> throw new IllegalStateException("field " + field + " of " + c.name);
            }));
            code.store(Code.STORE_FP, RESULT_REGISTER, BASE, RESULT).store(Code.STORE, INTEGER_RESULT, BASE, RESULT + 8);
            code.readCsr(SCRATCH, FCSR).store(Code.STORE, SCRATCH, BASE, RESULT + 16);
            code.addi(BASE, BASE, RECORD).branchNotEqual(BASE, END, loop);
        }
        code.exit(5);
        assertTrue(code.position() <= codeSize, "the code does not fit");
        code.position(codeSize);
        FloatOperands doubles = FloatOperands.doubles(seed);
        FloatOperands singles = FloatOperands.singles(seed);
        for (Case c : cases) {
            for (int i = 0; i < count; i++) {
                operands(code.buffer(), c, i, doubles, singles);
            }
        }
        ByteBuffer expected = ByteBuffer.wrap(QemuUser.run(code.image())).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer actual = ByteBuffer.wrap(new InterpretedHart(engine).run(code.image()))
                .order(ByteOrder.LITTLE_ENDIAN);
        check(cases, count, codeSize, expected, actual);
    }

    private static void operands(ByteBuffer out, Case c, int i, FloatOperands doubles, FloatOperands singles) {
        boolean fromSingle = c.isSingle() && !c.name.equals("fcvt.s.d") || c.name.equals("fcvt.d.s");
        boolean toInteger = c.name.matches("fcvt\\.[wl]u?\\..");
        for (int operand = 0; operand < 3; operand++) {
            FloatOperands source = fromSingle ? singles : doubles;
            long bits = toInteger && i % 2 == 0 ? source.nextNearInteger() : source.next();
            boolean boxed = fromSingle && (i + operand) % 16 != 15;
            out.putLong(boxed ? bits | -1L << 32 : bits);
        }
        out.putLong(doubles.nextInteger());
        int frm = c.rounding == DYNAMIC ? i % 5 : i % 8;
        int flags = i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : i * 7 & 31;
        out.putLong(frm << 5 | flags);
        out.putLong(0).putLong(0).putLong(0);
    }

    private static void check(List<Case> cases, int count, int codeSize, ByteBuffer expected, ByteBuffer actual) {
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < cases.size() * count; i++) {
            int record = codeSize + i * RECORD;
            if (differs(expected, actual, record)) {
                differences.add(cases.get(i / count) + ": " + words(expected, record, 0, 5) + " is "
                        + words(expected, record, 5, 8) + ", not " + words(actual, record, 5, 8));
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
        for (int i = from; i < to; i++) {
            text.append(i == from ? "" : " ").append(HexFormat.of().toHexDigits(buffer.getLong(record + 8 * i)));
        }
        return text.toString();
    }
}
