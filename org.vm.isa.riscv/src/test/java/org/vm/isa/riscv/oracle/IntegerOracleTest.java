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
import org.vm.api.ExecMode;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.isa.Encoding;
import org.vm.api.isa.Operand;
import org.vm.api.isa.RegisterFile;
import org.vm.api.isa.Result;
import org.vm.api.isa.Row;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.isa.riscv.TranslatingEngine;

/**
 * Every integer instruction that computes, loads, stores or changes memory, in all its encodings with random immediates,
 * on operands from the edges of their range: registers and memory must be as {@code qemu-riscv64} leaves them.
 */
class IntegerOracleTest {
    /** Two operands, a word of memory before and after, the destination before and after. */
    private static final int RECORD = 64;
    private static final int MEMORY_BEFORE = 16;
    private static final int DESTINATION_BEFORE = 24;
    private static final int DESTINATION = 32;
    private static final int MEMORY = 40;

    private static final int SP = 2;
    private static final int BASE = 5;
    private static final int END = 6;
    private static final int WORD = 7;
    private static final int RD = 8;
    private static final int RS1 = 9;
    private static final int RS2 = 10;

    private record Case(Row row, Encoding encoding, Template template) {
        boolean onMemory() {
            return row.operands().stream().anyMatch(Operand.Memory.class::isInstance);
        }

        boolean joinsDestination() {
            return encoding.value().matches(".*rd'?=rs1.*");
        }

        boolean usesStackPointer() {
            return encoding.fixed().contains("=2");
        }

        @Override
        public String toString() {
            return encoding.name().isEmpty() ? row.name() : encoding.name();
        }
    }

    private record Instance(Case of, int bits) {}

    @BeforeAll
    static void qemuIsThere() {
        assumeTrue(QemuUser.isInstalled(), "qemu-riscv64 (package qemu-user) is not installed");
    }

    @Test
    void resultsAreThoseOfQemu() throws Exception {
        compare(new Interpreter(), 3, 40, 1);
    }

    @Test
    void translatedCodesResultsAreThoseOfQemu() throws Exception {
        try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, 2)) {
            compare(engine, 2, 40, 50);
            engine.assertTranslated(50_000);
        }
    }

    @Test
    @Tag("slow")
    void aMillionResultsAreThoseOfQemu() throws Exception {
        for (int seed = 2; seed < 26; seed++) {
            compare(new Interpreter(), 12, 30, seed);
        }
    }

    @Test
    @Tag("slow")
    void translatedCodesMillionResultsAreThoseOfQemu() throws Exception {
        for (int seed = 51; seed < 75; seed++) {
            try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, 2)) {
                compare(engine, 12, 30, seed);
                engine.assertTranslated(300_000);
            }
        }
    }

    private static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (Row row : InterpretedHart.ISA.rows()) {
            boolean computes = row.result() instanceof Result.Write
                    || row.operands().stream().anyMatch(Operand.Memory.class::isInstance);
            boolean integer = row.operands().stream().allMatch(operand -> operand instanceof Operand.Immediate
                    || operand instanceof Operand.Memory || operand instanceof Operand.Pc
                    || operand instanceof Operand.Register r && isInteger(r.file()))
                    && !(row.result() instanceof Result.Write w && !isInteger(w.file()));
            for (Encoding encoding : row.method().getAnnotationsByType(Encoding.class)) {
                if (computes && integer && Oracle.knows(row, encoding)) {
                    cases.add(new Case(row, encoding, new Template(encoding)));
                }
            }
        }
        return cases;
    }

    private static boolean isInteger(RegisterFile file) {
        return file.name().equals("x");
    }

    /** Each case with {@code immediates} immediates, and each of these on {@code count} operands. */
    private static void compare(ExecutionEngine engine, int immediates, int count, long seed) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        List<Instance> instances = new ArrayList<>();
        for (Case c : cases()) {
            for (int i = 0; i < immediates; i++) {
                instances.add(new Instance(c, fill(c, random)));
            }
        }
        int codeSize = 4096 + 160 * instances.size() & -4096;
        Code code = new Code(codeSize + instances.size() * count * RECORD);
        code.address(BASE, Code.ORIGIN + codeSize);
        for (int i = 0; i < instances.size(); i++) {
            write(code, instances.get(i), Code.ORIGIN + codeSize + (i + 1L) * count * RECORD);
        }
        code.exit(BASE);
        assertTrue(code.position() <= codeSize, "the code does not fit");
        code.position(codeSize);
        for (int i = 0; i < instances.size() * count; i++) {
            for (int word = 0; word < 4; word++) {
                code.buffer().putLong(operand(random));
            }
            code.buffer().position(code.position() + RECORD - 32);
        }
        ByteBuffer expected = ByteBuffer.wrap(QemuUser.run(code.image())).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer actual = ByteBuffer.wrap(new InterpretedHart(engine).run(code.image()))
                .order(ByteOrder.LITTLE_ENDIAN);
        check(instances, count, codeSize, expected, actual);
    }

    /** An integer near zero, near an end of the range of 8, 16, 32 or 64 bits, a single bit, or anything. */
    private static long operand(SplittableRandom random) {
        long near = random.nextInt(5) - 2;
        return switch (random.nextInt(6)) {
            case 0 -> near;
            case 1 -> (1L << (8 << random.nextInt(4)) - 1) + near;
            case 2 -> -(1L << (8 << random.nextInt(4)) - 1) + near;
            case 3 -> 1L << random.nextInt(64);
            case 4 -> (int) random.nextLong();
            default -> random.nextLong();
        };
    }

    private static int fill(Case c, SplittableRandom random) {
        return c.template.fill((field, mask) -> switch (field) {
            case "rd" -> c.template.length() == 2 && c.encoding.value().contains("rd'") ? RD - 8 : RD;
            case "rs1" -> c.encoding.value().contains("rs1'") ? RS1 - 8 : RS1;
            case "rs2" -> c.encoding.value().contains("rs2'") ? RS2 - 8 : RS2;
            default -> random.nextInt();
        });
    }

    /** A loop over the records of an instruction. Its memory is where the base register and its immediate make it. */
    private static void write(Code code, Instance instance, long end) {
        Case c = instance.of;
        code.address(END, end);
        int loop = code.position();
        code.load(Code.LOAD, RS1, BASE, 0).load(Code.LOAD, RS2, BASE, 8);
        code.load(Code.LOAD, RD, BASE, c.joinsDestination() ? 0 : DESTINATION_BEFORE);
        code.load(Code.LOAD, WORD, BASE, MEMORY_BEFORE).store(Code.STORE, WORD, BASE, MEMORY);
        boolean stack = c.usesStackPointer();
        if (c.onMemory()) {
            int base = stack ? SP : RS1;
            // In two steps, since 2048 is no immediate.
            int displacement = (int) displacement(instance);
            code.addi(base, BASE, MEMORY - displacement / 2).addi(base, base, -(displacement - displacement / 2));
        } else if (stack) {
            code.load(Code.LOAD, SP, BASE, 0);
        }
        code.instruction(instance.bits, c.template.length());
        code.store(Code.STORE, stack && c.encoding.fixed().contains("rd=2") ? SP : RD, BASE, DESTINATION);
        code.addi(BASE, BASE, RECORD).branchNotEqual(BASE, END, loop);
    }

    /** The immediate of an instruction on memory, as our decoder reads it: wrong, and the access goes elsewhere. */
    private static long displacement(Instance instance) {
        int bits = instance.bits;
        return InterpretedHart.ISA.decoder(2)
                .decode(address -> address == 0 ? bits & 0xFFFF : bits >>> 16, 0).getLast().displacement();
    }

    private static void check(List<Instance> instances, int count, int codeSize, ByteBuffer expected, ByteBuffer actual) {
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < instances.size() * count; i++) {
            int record = codeSize + i * RECORD;
            if (expected.getLong(record + DESTINATION) != actual.getLong(record + DESTINATION)
                    || expected.getLong(record + MEMORY) != actual.getLong(record + MEMORY)) {
                Instance instance = instances.get(i / count);
                differences.add(instance.of + " " + Integer.toHexString(instance.bits) + ": " + words(expected, record, 0, 4)
                        + " is " + words(expected, record, 4, 6) + ", not " + words(actual, record, 4, 6));
            }
        }
        if (!differences.isEmpty()) {
            fail(differences.size() + " differences\n"
                    + String.join("\n", differences.subList(0, Math.min(40, differences.size()))));
        }
    }

    private static String words(ByteBuffer buffer, int record, int from, int to) {
        StringBuilder text = new StringBuilder();
        for (int i = from; i < to; i++) {
            text.append(i == from ? "" : " ").append(HexFormat.of().toHexDigits(buffer.getLong(record + 8 * i)));
        }
        return text.toString();
    }
}
