package org.vm.isa.riscv.oracle;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vm.api.ExecMode;
import org.vm.api.PagingMode;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.isa.DecodedRow;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.isa.riscv.TranslatingEngine;

/** Random programs leave the same registers, flags and memory as under {@code qemu-riscv64}. */
class RandomProgramsTest {
    /** Fuses after a few entries, so that loops run both ways. */
    private static final ExecutionEngine ENGINE = new Interpreter(4096, 8, 4, 4096);
    private static final long WHOLE = 1L << 40;

    @BeforeAll
    static void qemuIsThere() {
        assumeTrue(QemuUser.isInstalled(), "qemu-riscv64 (package qemu-user) is not installed");
    }

    @Test
    void aThousandProgramsDoAsUnderQemu() throws Exception {
        compare(new InterpretedHart(ENGINE, PagingMode.BARE, WHOLE), 1, 1000);
    }

    @ParameterizedTest
    @EnumSource(names = {"SV39", "SV48", "SV57"})
    void programsOnShuffledPagesDoAsUnderQemu(PagingMode paging) throws Exception {
        compare(new InterpretedHart(ENGINE, paging, WHOLE), 1000 + paging.levels(), 300);
    }

    /** A runner that is replaced finds everything in the hart. */
    @Test
    void programsInSlicesDoAsUnderQemu() throws Exception {
        compare(new InterpretedHart(ENGINE, PagingMode.SV39, 97), 2000, 100);
    }

    @Test
    void translatedProgramsDoAsUnderQemu() throws Exception {
        try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, 1)) {
            compare(new InterpretedHart(engine, PagingMode.SV39, WHOLE), 3000, 150);
            engine.assertTranslated(5_000);
        }
    }

    @Test
    void translatedLoopsDoAsUnderQemu() throws Exception {
        try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, 4)) {
            compare(new InterpretedHart(engine, PagingMode.SV39, WHOLE), 3001, 500);
            engine.assertTranslated(50_000);
        }
    }

    /** Engines take turns in the middle of loops. */
    @Test
    void translatedLoopsInSlicesDoAsUnderQemu() throws Exception {
        try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, 4)) {
            compare(new InterpretedHart(engine, PagingMode.BARE, 997), 3002, 100);
            engine.assertTranslated(2_000);
        }
    }

    @Test
    void loopsThatAreTranslatedInTheBackgroundDoAsUnderQemu() throws Exception {
        try (TranslatingEngine engine = new TranslatingEngine(ExecMode.HYBRID, 4)) {
            compare(new InterpretedHart(engine, PagingMode.SV39, WHOLE), 3003, 1000);
            engine.assertTranslated(100);
        }
    }

    @Test
    @Tag("slow")
    void aHundredThousandTranslatedProgramsDoAsUnderQemu() throws Exception {
        PagingMode[] modes = PagingMode.values();
        for (int seed = 4000; seed < 4200; seed++) {
            try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, seed % 4 == 0 ? 1 : 4)) {
                compare(new InterpretedHart(engine, modes[seed % modes.length], WHOLE), seed, 500);
                engine.assertTranslated(50_000);
            }
        }
    }

    @Test
    @Tag("slow")
    void aHundredThousandProgramsDoAsUnderQemu() throws Exception {
        PagingMode[] modes = PagingMode.values();
        for (int seed = 2; seed < 102; seed++) {
            compare(new InterpretedHart(ENGINE, modes[seed % modes.length], WHOLE), seed, 1000);
        }
    }

    private static void compare(InterpretedHart hart, long seed, int count) throws Exception {
        RandomPrograms.Layout programs = new RandomPrograms(seed).generate(count);
        ByteBuffer expected = ByteBuffer.wrap(QemuUser.run(programs.code().image())).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer actual = ByteBuffer.wrap(hart.run(programs.code().image())).order(ByteOrder.LITTLE_ENDIAN);
        int first = expected.mismatch(actual);
        if (first >= 0) {
            fail("seed " + seed + ": " + describe(programs, expected, actual, first));
        }
    }

    private static String describe(RandomPrograms.Layout programs, ByteBuffer expected, ByteBuffer actual, int first) {
        if (first < programs.data()) {
            return "code at " + Integer.toHexString(first) + " was overwritten";
        }
        int program = (first - programs.data()) / RandomPrograms.DATA_SIZE;
        int data = programs.dataOf(program);
        StringBuilder text = new StringBuilder("program " + program + "\n");
        for (int offset = 0; offset < RandomPrograms.DATA_SIZE; offset += 8) {
            long before = programs.code().buffer().getLong(data + offset);
            long wanted = expected.getLong(data + offset);
            long got = actual.getLong(data + offset);
            if (wanted != got) {
                text.append("%s was %016x, is %016x, not %016x%n".formatted(name(offset), before, wanted, got));
            }
        }
        int end = program + 1 < programs.starts().length ? programs.starts()[program + 1] : programs.end();
        return text.append(listing(programs.code(), programs.starts()[program], end)).toString();
    }

    private static String name(int offset) {
        int number = offset / 8;
        return number < 32 ? "x" + number : number < 64 ? "f" + (number - 32) : number == 64 ? "fcsr"
                : "memory " + (offset - RandomPrograms.STATE_SIZE);
    }

    private static String listing(Code code, int from, int to) {
        StringBuilder text = new StringBuilder();
        int position = from;
        while (position < to) {
            long pc = Code.ORIGIN + position;
            DecodedRow row = InterpretedHart.ISA.decoder(2)
                    .decode(address -> code.buffer().getShort((int) (address - Code.ORIGIN)) & 0xFFFF, pc).getFirst();
            text.append("%x: %s%n".formatted(pc, InterpretedHart.ISA.disassemble(row, pc)));
            position += Math.max(row.length(), 2);
        }
        return text.toString();
    }
}
