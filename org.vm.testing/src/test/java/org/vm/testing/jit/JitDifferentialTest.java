package org.vm.testing.jit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vm.api.ExecMode;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.ExitReason;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.testing.Accumulating;
import org.vm.testing.BareHart;

/**
 * Random programs leave the same registers, control registers, memory, counters and traps behind, whatever runs them and
 * wherever it is interrupted by those who look.
 */
@Timeout(value = 3600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class JitDifferentialTest {
    private static final long MOST_REPEATS = 50;
    private static final long LIMIT = 2_000_000;

    /** A hart that runs one program after the other. */
    private static final class Subject implements AutoCloseable {
        private final List<ExecutionEngine> engines;
        private final BareHart hart;
        private int changes;

        /** @param engines what runs it first, and what takes over when it is disturbed */
        Subject(ExecutionEngine... engines) {
            this.engines = List.of(engines);
            // With instructions and control registers of a bundle's, whether a program uses them or not.
            hart = new BareHart(engines[0], List.of(Accumulating.EXTENSION));
        }

        /** All that a program leaves behind. */
        Map<String, Long> run(long seed, String source, SplittableRandom disturbance) {
            Cpu cpu = hart.cpu();
            cpu.reset();
            MemorySegment used = cpu.mmu.memory().asSlice(0, GuestFrame.USED);
            used.fill((byte) 0);
            hart.load(source);
            long start = cpu.retired;
            long traps = cpu.traps();
            long interrupts = cpu.interrupts();
            while (true) {
                ExitReason reason = hart.runner().run(disturbance == null ? LIMIT : 1 + disturbance.nextInt(3000));
                if (reason == ExitReason.WAIT) {
                    break;
                }
                if (cpu.retired - start > LIMIT) {
                    throw new AssertionError("seed " + seed + " does not end; pc is " + Long.toHexString(cpu.pc) + ", "
                            + cpu.controlRegisters());
                }
                if (disturbance != null) {
                    disturb(disturbance);
                }
            }
            Map<String, Long> state = new TreeMap<>(cpu.controlRegisters());
            for (int i = 0; i < 64; i++) {
                state.put((i < 32 ? "x" : "f") + i % 32, cpu.registers[i]);
            }
            state.put("pc", cpu.pc);
            state.put("retired", cpu.retired - start);
            state.put("exceptions", cpu.traps() - traps);
            state.put("interrupts taken", cpu.interrupts() - interrupts);
            for (int page = 0; page < GuestFrame.USED / 4096; page++) {
                long sum = 0;
                for (int i = 0; i < 4096; i += 8) {
                    sum = sum * 31 + used.get(ValueLayout.JAVA_LONG_UNALIGNED, page * 4096L + i);
                }
                state.put("memory page " + page, sum);
            }
            return state;
        }

        /** What others may do at any time and no program notices. */
        private void disturb(SplittableRandom random) {
            Cpu cpu = hart.cpu();
            switch (random.nextInt(12)) {
                case 0 -> hart.runner().flush();
                case 1 -> hart.engine(engines.get(++changes % engines.size()));
                case 2 -> cpu.mmu.flush();
                case 3 -> cpu.post(() -> { });
                case 4 -> cpu.requestAttention();
                case 5 -> cpu.codeEpoch++;
                default -> { }
            }
        }

        @Override
        public void close() {
            hart.close();
        }
    }

    private static void compare(TranslatingEngine engine, long from, int count, int times) {
        compare(engine, from, count, times, RandomGuest::program);
    }

    private static void compare(TranslatingEngine engine, long from, int count, int times, LongFunction<String> programs) {
        try (Subject reference = new Subject(new Interpreter(65536, 1_000_000, 1, 0)); Subject subject = new Subject(engine)) {
            for (long seed = from; seed < from + count; seed++) {
                String source = programs.apply(seed);
                Map<String, Long> expected = reference.run(seed, source, null);
                for (int time = 0; time < times; time++) {
                    SplittableRandom disturbance = seed % 2 == 0 ? null : new SplittableRandom(seed * 31 + time);
                    check(seed, time, source, expected, subject.run(seed, source, disturbance));
                }
            }
        }
    }

    /** As long as it takes until so many instructions were translated: the compiler's thread gets as much time as the host has. */
    private static void compareInBackground(TranslatingEngine engine, long from, int count, long translated,
            LongFunction<String> programs) {
        long seed = from;
        do {
            compare(engine, seed, count, 4, programs);
            seed += count;
        } while (!engine.hasTranslated(translated) && seed < from + MOST_REPEATS * count);
        engine.assertTranslated(translated);
    }

    private static void check(long seed, int time, String source, Map<String, Long> expected, Map<String, Long> actual) {
        StringBuilder differences = new StringBuilder();
        expected.forEach((name, value) -> {
            long is = actual.get(name);
            if (is != value) {
                differences.append(name).append(" is ").append(Long.toHexString(is)).append(", not ")
                        .append(Long.toHexString(value)).append('\n');
            }
        });
        if (!differences.isEmpty()) {
            fail("seed " + seed + ", run " + time + ":\n" + differences + source.substring(0, source.indexOf("\nend:")));
        }
    }

    @Test
    void programsAreRepeatable() {
        try (Subject one = new Subject(new Interpreter()); Subject other = new Subject(new Interpreter(1000, 2, 8, 4096))) {
            for (long seed = 0; seed < 50; seed++) {
                String source = RandomGuest.program(seed);
                Map<String, Long> state = one.run(seed, source, null);
                check(seed, 0, source, state, other.run(seed, source, new SplittableRandom(seed)));
                assertEquals(state, one.run(seed, source, null));
            }
        }
    }

    @Test
    void programsTranslatedAtOnceDoAsInterpreted() {
        try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, 1)) {
            compare(engine, 1000, 40, 1);
            engine.assertTranslated(20_000);
        }
    }

    @Test
    void programsTranslatedSoonDoAsInterpreted() {
        try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, 6)) {
            compare(engine, 2000, 60, 2);
            engine.assertTranslated(50_000);
        }
    }

    /** After so many traps that the handler makes the program end, with an interrupt pending all the while. */
    @Test
    void aProgramOfTwoThousandTrapsDoesAsInterpreted() {
        try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, 6)) {
            compare(engine, 1_095_274, 1, 4);
        }
    }

    /** Late enough to know where calculated jumps go. */
    @Test
    void loopsTranslatedLateDoAsInterpreted() {
        try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, 25)) {
            compare(engine, 2500, 80, 1);
            engine.assertTranslated(50_000);
        }
    }

    @Test
    void programsTranslatedInTheBackgroundDoAsInterpreted() {
        try (TranslatingEngine engine = new TranslatingEngine(ExecMode.HYBRID, 3)) {
            compareInBackground(engine, 3000, 30, 5_000, RandomGuest::program);
        }
    }

    @Test
    void instructionsOfABundleAndTheirControlRegistersDoAsInterpreted() {
        for (int threshold : new int[] {1, 6, 25}) {
            try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, threshold)) {
                compare(engine, 5000 + threshold * 100L, 40, 1, RandomGuest::accumulatingProgram);
                engine.assertTranslated(20_000);
            }
        }
        try (TranslatingEngine engine = new TranslatingEngine(ExecMode.HYBRID, 3)) {
            compareInBackground(engine, 8000, 20, 3_000, RandomGuest::accumulatingProgram);
        }
    }

    @Test
    void enginesTakeTurnsInAProgram() {
        try (TranslatingEngine jit = new TranslatingEngine(ExecMode.JIT, 2);
                TranslatingEngine hybrid = new TranslatingEngine(ExecMode.HYBRID, 2);
                Subject reference = new Subject(new Interpreter(65536, 1_000_000, 1, 0));
                Subject subject = new Subject(new Interpreter(), jit, hybrid)) {
            SplittableRandom random = new SplittableRandom(7);
            for (long seed = 4000; subject.changes < 100; seed++) {
                String source = seed % 2 == 0 ? RandomGuest.program(seed) : RandomGuest.accumulatingProgram(seed);
                check(seed, 0, source, reference.run(seed, source, null), subject.run(seed, source, random));
            }
            jit.assertTranslated(2_000);
            hybrid.assertTranslated(100);
        }
    }

    /** In eighths, each of which has as much time as a test may take. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
    @Tag("slow")
    void aHundredThousandProgramsDoAsInterpreted(int eighth) {
        for (int part = eighth * 25; part < eighth * 25 + 25; part++) {
            ExecMode mode = part % 4 == 0 ? ExecMode.HYBRID : ExecMode.JIT;
            try (TranslatingEngine engine = new TranslatingEngine(mode, part % 5 == 1 ? 1 : 2 + part % 7 * 4)) {
                compare(engine, 1_000_000L + part * 500L, 500, mode == ExecMode.HYBRID ? 3 : 1,
                        part % 3 == 0 ? RandomGuest::accumulatingProgram : RandomGuest::program);
                engine.assertTranslated(50_000);
            }
        }
    }
}
