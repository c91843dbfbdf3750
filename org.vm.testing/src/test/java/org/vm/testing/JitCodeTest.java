package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.ExecMode;
import org.vm.api.cpu.ExitReason;
import org.vm.api.cpu.TranslatedCode;
import org.vm.api.cpu.TranslationStats;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.engine.jit.internal.JitEngine;

/** What becomes of translated code: it is counted, shown, dropped and unloaded. */
class JitCodeTest {
    private static final int A0 = 10;
    private static final int A1 = 11;
    private static final int SMALL = 20_000;

    private static final String SUM = """
                    li      a0, 0
                    li      a1, 10000
            1:      add     a0, a0, a1
                    addi    a1, a1, -1
                    bnez    a1, 1b
                    wfi
            """;

    private static JitEngine atOnce(long limit) {
        return new JitEngine(new Interpreter(), ExecMode.JIT, 1, false, limit);
    }

    private static TranslatedCode code(BareHart hart) {
        return hart.runner().translated().orElseThrow();
    }

    /** Loops that have nothing to do with each other. */
    private static String manyLoops(int count) {
        StringBuilder source = new StringBuilder("li a0, 0\n");
        for (int i = 0; i < count; i++) {
            source.append("li a1, 5\nloop").append(i).append(":\n");
            source.repeat("add a0, a0, a1\nxor a2, a2, a0\n", 20);
            source.append("addi a1, a1, -1\nbnez a1, loop").append(i).append("\n");
        }
        return source.append("wfi").toString();
    }

    @Test
    void theCacheKeepsItsLimitAndTheClassesOfWhatIsDroppedAreUnloaded() {
        try (JitEngine engine = atOnce(SMALL); BareHart hart = new BareHart(engine)) {
            long unloaded = ManagementFactory.getClassLoadingMXBean().getUnloadedClassCount();
            hart.load(manyLoops(300));
            hart.runToEnd(1_000_000);
            assertEquals(300 * 20 * 15, hart.x(A0));
            TranslationStats stats = code(hart).stats();
            assertTrue(stats.evicted() > 200, stats.toString());
            assertTrue(stats.bytes() <= SMALL && stats.bytes() > 0, stats.toString());
            System.gc();
            long gone = ManagementFactory.getClassLoadingMXBean().getUnloadedClassCount() - unloaded;
            assertTrue(gone >= stats.evicted() / 2, gone + " classes unloaded of " + stats.evicted());
        }
    }

    @Test
    void theClassesOfAMachineGoWithIt() {
        try (JitEngine engine = atOnce(JitEngine.CODE_LIMIT)) {
            long unloaded = ManagementFactory.getClassLoadingMXBean().getUnloadedClassCount();
            long translated;
            try (BareHart hart = new BareHart(engine)) {
                hart.load(manyLoops(100));
                hart.runToEnd(1_000_000);
                translated = code(hart).stats().translated();
                assertTrue(translated >= 100, code(hart).stats().toString());
                assertEquals(0, code(hart).stats().evicted());
            }
            System.gc();
            long gone = ManagementFactory.getClassLoadingMXBean().getUnloadedClassCount() - unloaded;
            assertTrue(gone >= translated, gone + " classes unloaded of " + translated);
        }
    }

    @Test
    void whatRunsMostSurvives() {
        try (JitEngine engine = atOnce(SMALL); BareHart hart = new BareHart(engine)) {
            hart.load("""
                            li      a3, 40
                    again:  li      a1, 5000
                    hot:    add     a0, a0, a1
                            addi    a1, a1, -1
                            bnez    a1, hot
                            la      t0, table
                            slli    t1, a3, 3
                            add     t0, t0, t1
                            ld      t0, 0(t0)
                            jalr    t0
                            addi    a3, a3, -1
                            bnez    a3, again
                            wfi
                    """ + functions(41));
            hart.runToEnd(10_000_000);
            TranslatedCode code = code(hart);
            assertTrue(code.stats().evicted() > 0, code.stats().toString());
            assertTrue(code.regions().getFirst().executed() > 100_000, code.regions().toString());
        }
    }

    private static String functions(int count) {
        StringBuilder source = new StringBuilder();
        for (int i = 0; i < count; i++) {
            source.append("f").append(i).append(":\n").repeat("add a2, a2, a3\nxor a2, a2, a0\n", 30).append("ret\n");
        }
        source.append(".align 3\ntable:\n");
        for (int i = 0; i < count; i++) {
            source.append(".dword f").append(i).append("\n");
        }
        return source.toString();
    }

    /** The code around it is in other regions. */
    @Test
    void aLoopThatRunsLongIsARegionOfItsOwn() {
        StringBuilder source = new StringBuilder("li s0, 3000\nagain:\n");
        source.repeat("xor a2, a2, a0\nadd a3, a3, a2\nslli a4, a3, 3\n", 5);
        source.append("li a1, 500\ninner: add a0, a0, a1\naddi a1, a1, -1\nbnez a1, inner\n");
        source.repeat("add a2, a2, a4\nxor a5, a5, a2\n", 5).append("addi s0, s0, -1\nbnez s0, again\nwfi\n");
        try (JitEngine engine = new JitEngine(new Interpreter(), ExecMode.JIT, 2000, false, JitEngine.CODE_LIMIT);
                BareHart hart = new BareHart(engine)) {
            hart.load(source.toString());
            hart.runToEnd(10_000_000);
            assertEquals(3000L * 125_250, hart.x(A0));
            List<TranslatedCode.Region> regions = code(hart).regions();
            TranslatedCode.Region inner = regions.stream().filter(region -> region.instructions() == 3).findFirst()
                    .orElseThrow(() -> new AssertionError(regions.toString()));
            assertTrue(regions.stream().filter(region -> region != inner).allMatch(region -> region.instructions() > 10
                    && region.instructions() < 40), "the loop is in no other region: " + regions);
            assertTrue(inner.executed() > 500_000, regions.toString());
        }
    }

    /** What is known of its number ends where a program writes it by its own number. */
    @Test
    void aControlRegisterHasAllBitsThatAProgramWritesAfterAnInstructionThatWroteFew() {
        try (JitEngine engine = new JitEngine(new Interpreter(), ExecMode.JIT, 50, false, JitEngine.CODE_LIMIT);
                BareHart hart = new BareHart(engine, List.of(Accumulating.EXTENSION))) {
            hart.load("""
                            li      s0, 1000
                            li      a1, 0x123456789
                            j       1f
                            # The region begins here, where most is, and not behind the csrw, where nothing would be known.
                    1:      add     a0, a0, a3
                            addi    s0, s0, -1
                            li      a2, -5
                            setw    s0
                            csrw    macc, a1
                            fold    a3, a2
                            bnez    s0, 1b
                            add     a0, a0, a3
                            wfi
                    """);
            hart.runToEnd(100_000);
            assertEquals(1000 * (0x1_2345_6789L ^ -5), hart.x(A0));
            assertTrue(code(hart).stats().runs().executed() > 5_000, code(hart).stats().toString());
        }
    }

    /** Each reading of a counter puts all registers in their place, which is more bytecode than it is estimated to be. */
    @Test
    void whatTurnsOutLargerThanHotSpotCompilesIsCut() {
        StringBuilder source = new StringBuilder("li s1, 1000\nagain:\n");
        for (int register = 8; register < 32; register++) {
            if (register != 9) {
                source.append("addi x").append(register).append(", x").append(register).append(", 1\n");
            }
        }
        source.repeat("csrr t0, minstret\nadd t1, t1, t0\n", 80).append("addi s1, s1, -1\nbnez s1, again\nwfi\n");
        try (JitEngine engine = new JitEngine(new Interpreter(), ExecMode.JIT, 50, false, JitEngine.CODE_LIMIT);
                BareHart hart = new BareHart(engine)) {
            hart.load(source.toString());
            hart.runToEnd(1_000_000);
            assertEquals(1000, hart.x(A0));
            TranslationStats stats = code(hart).stats();
            assertEquals(0, stats.failed(), stats.toString());
            int whole = 2 * 80;
            assertTrue(code(hart).regions().stream().allMatch(region -> region.instructions() < whole), code(hart).regions().toString());
            assertTrue(stats.runs().executed() > 80_000, stats.toString());
        }
    }

    /** Two of the addresses jumped to differ only far up, so the table is as large as a table may be. */
    @Test
    void tablesOfJumpsAreWithinTheLimitOfTheCache() {
        try (JitEngine engine = new JitEngine(new Interpreter(), ExecMode.JIT, 50, false, JitEngine.CODE_LIMIT);
                BareHart hart = new BareHart(engine)) {
            hart.load("""
                            la      t0, table
                            li      s1, 8000
                    again:  andi    t1, s1, 7
                            slli    t1, t1, 3
                            add     t1, t0, t1
                            ld      t1, 0(t1)
                            jr      t1
                    """ + cases(1, 7) + """
                    next:   addi    s1, s1, -1
                            bnez    s1, again
                            wfi
                            .align  3
                    table:  .dword  c0
                            .dword  c1
                            .dword  c2
                            .dword  c3
                            .dword  c4
                            .dword  c5
                            .dword  c6
                            .dword  c7
                            .align  13
                    """ + cases(0, 1) + ".align 16\n" + cases(7, 8));
            hart.runToEnd(1_000_000);
            assertEquals(8000, hart.x(A0));
            TranslationStats stats = code(hart).stats();
            assertTrue(stats.bytes() >= 64 << 10, stats.toString());
        }
    }

    private static String cases(int from, int to) {
        StringBuilder source = new StringBuilder();
        for (int i = from; i < to; i++) {
            source.append("c").append(i).append(":\naddi a0, a0, 1\nj next\n");
        }
        return source.toString();
    }

    @Test
    void whatIsFlushedIsTranslatedAgain() {
        try (JitEngine engine = atOnce(JitEngine.CODE_LIMIT); BareHart hart = new BareHart(engine)) {
            hart.load(SUM);
            hart.runToEnd(1_000_000);
            TranslatedCode code = code(hart);
            long found = code.stats().found();
            long executed = code.stats().runs().executed();
            assertTrue(found > 0 && executed > 29_000, code.stats().toString());
            code.flush();
            assertEquals(List.of(), code.regions());
            assertEquals(0, code.stats().bytes());
            assertEquals(executed, code.stats().runs().executed(), "what ran is not forgotten");
            hart.load(SUM);
            hart.runToEnd(1_000_000);
            assertEquals(10_000 * 10_001 / 2, hart.x(A0));
            assertTrue(code.stats().found() > found);
            assertTrue(code.stats().runs().executed() > 2 * 29_000, code.stats().toString());
        }
    }

    @Test
    void entriesAndTheirEndsAreCounted() {
        try (JitEngine engine = atOnce(JitEngine.CODE_LIMIT); BareHart hart = new BareHart(engine)) {
            hart.load("""
                            la      t0, cell
                    1:      ld      a1, 0(t0)
                            addi    a1, a1, 1
                            sd      a1, 0(t0)
                            j       1b
                            .align  3
                    cell:   .dword  0
                    """);
            for (int i = 0; i < 100; i++) {
                assertEquals(ExitReason.BUDGET, hart.runner().run(1000));
            }
            TranslationStats.Runs runs = code(hart).stats().runs();
            assertTrue(runs.interrupted() >= 90, runs.toString());
            assertTrue(runs.missed() >= 1, "the first access misses the TLB: " + runs);
            assertTrue(runs.executed() > 90_000 && runs.executed() <= hart.cpu().retired, runs.toString());
            assertEquals(runs.entries(), runs.left() + runs.missed() + runs.interrupted() + runs.trapped());
        }
    }

    @Test
    void codeThatChangesIsInvalidated() {
        try (JitEngine engine = atOnce(JitEngine.CODE_LIMIT); BareHart hart = new BareHart(engine)) {
            hart.load("""
                            li      a0, 50
                            la      t0, code
                    1:      lw      t4, 0(t0)
                            li      t5, 0x100000        # another immediate
                            xor     t4, t4, t5
                            sw      t4, 0(t0)
                            fence.i
                            jal     code
                            addi    a0, a0, -1
                            bnez    a0, 1b
                            wfi
                    code:   addi    a1, a1, 3           # or 2
                            ret
                    """);
            hart.runToEnd(100_000);
            assertEquals(50 * 5 / 2, hart.x(A1));
            TranslationStats stats = code(hart).stats();
            assertTrue(stats.invalidated() >= 20, stats.toString());
        }
    }

    /** A guest's interpreter goes from each operation to any other: regions of some of them would be left all the time. */
    @Test
    void anInterpreterIsOneRegion() {
        int operations = 48;
        StringBuilder source = new StringBuilder("""
                la      s0, table
                li      s1, 200000
                li      s2, 12345
                li      s3, 1103515245
                """);
        String next = """
                mul     s2, s2, s3
                addi    s2, s2, 1013
                srliw   t0, s2, 16
                li      t1, %d
                remuw   t0, t0, t1
                slli    t0, t0, 3
                add     t0, t0, s0
                ld      t0, 0(t0)
                jr      t0
                """.formatted(operations);
        source.append(next);
        for (int i = 0; i < operations; i++) {
            source.append("op%d: addi s1, s1, -1\nblez s1, end\naddi a0, a0, %d\n".formatted(i, i)).append(next);
        }
        source.append("end: wfi\n.align 3\ntable:\n");
        for (int i = 0; i < operations; i++) {
            source.append(".dword op").append(i).append('\n');
        }
        try (JitEngine engine = new JitEngine(new Interpreter(), ExecMode.JIT, 500, false, JitEngine.CODE_LIMIT);
                BareHart hart = new BareHart(engine)) {
            hart.load(source.toString());
            hart.runToEnd(10_000_000);
            TranslationStats stats = code(hart).stats();
            // Of 48 operations of 12 instructions a third has room in the 8,000 bytes that HotSpot compiles without being told to: every
            // second jump would lead out of it.
            assertTrue(stats.runs().executed() / stats.runs().entries() > 100, stats.toString());
        }
    }

    /** A call would go through the whole MMU each time. */
    @Test
    void loadsAndStoresFindMemoryByThemselves() {
        try (JitEngine engine = atOnce(JitEngine.CODE_LIMIT); BareHart hart = new BareHart(engine)) {
            hart.load("""
                            li      t0, 3 << 13
                            csrs    mstatus, t0
                            li      a1, 10000
                            la      a2, data
                    1:      lb      a3, 0(a2)
                            lbu     a3, 1(a2)
                            lh      a3, 2(a2)
                            lhu     a3, 4(a2)
                            lw      a3, 4(a2)
                            lwu     a3, 8(a2)
                            ld      a3, 8(a2)
                            flw     fa0, 4(a2)
                            fld     fa1, 8(a2)
                            sb      a3, 0(a2)
                            sh      a3, 2(a2)
                            sw      a3, 4(a2)
                            sd      a3, 8(a2)
                            fsw     fa0, 4(a2)
                            fsd     fa1, 8(a2)
                            addi    a1, a1, -1
                            bnez    a1, 1b
                            wfi
                            .align  3
                    data:   .dword  1, 2
                    """);
            hart.runToEnd(1_000_000);
            TranslatedCode.Listing listing = code(hart).listing(code(hart).regions().getFirst().number());
            assertTrue(listing.guest().stream().anyMatch(line -> line.contains("flw")), listing.guest().toString());
            List<String> calls = listing.bytecode().stream().filter(line -> line.matches(" +invokestatic (LoadStore|\\w+Instructions)\\..*"))
                    .toList();
            assertEquals(List.of(), calls);
        }
    }

    /** As compilers have it around a comparison that must not raise flags: it takes no more than other instructions. */
    @Test
    void flagsOfFloatingPointAreReadAndWrittenWithinARegion() {
        try (JitEngine engine = atOnce(JitEngine.CODE_LIMIT); BareHart hart = new BareHart(engine)) {
            hart.load("""
                            li      t0, 3 << 13
                            csrs    mstatus, t0
                            li      a1, 10000
                            li      a4, 1
                            fcvt.d.l fa0, a1
                            fmv.d.x fa2, zero
                            fsflags a4
                    1:      frflags a2
                            fdiv.d  fa1, fa0, fa2
                            csrrwi  a3, fflags, 1
                            fsflags a2
                            addi    a1, a1, -1
                            bnez    a1, 1b
                            frflags a0
                            wfi
                    """);
            hart.runToEnd(1_000_000);
            assertEquals(1, hart.x(A0));
            assertEquals(9, hart.x(A0 + 3), "inexact as before, and divide by zero");
            TranslatedCode.Listing listing = code(hart).listing(code(hart).regions().getFirst().number());
            assertTrue(listing.bytecode().stream().noneMatch(line -> line.contains("goesOn")), listing.bytecode().toString());
        }
    }

    @Test
    void aRegionIsListedAsGuestCodeAndBytecode() {
        try (JitEngine engine = atOnce(JitEngine.CODE_LIMIT); BareHart hart = new BareHart(engine)) {
            hart.load(SUM);
            hart.runToEnd(1_000_000);
            TranslatedCode code = code(hart);
            TranslatedCode.Region hottest = code.regions().getFirst();
            TranslatedCode.Listing listing = code.listing(hottest.number());
            assertTrue(listing.guest().stream().anyMatch(line -> line.contains("8000000c  add")), listing.guest().toString());
            assertTrue(listing.bytecode().contains("  ladd"), listing.bytecode().toString());
            assertTrue(listing.bytecode().stream().anyMatch(line -> line.matches("  goto L\\d+")), listing.bytecode().toString());
            byte[] file = code.classFile(hottest.number());
            assertEquals((byte) 0xCA, file[0]);
            assertEquals((byte) 0xFE, file[1]);
        }
    }

    @Test
    void flightRecorderSeesTranslationsAndEvictions(@TempDir Path folder) throws Exception {
        try (Recording recording = new Recording()) {
            List.of("Translated", "Compiled", "Invalidated", "Evicted").forEach(name ->
                    recording.enable("org.vm." + name).withoutThreshold());
            recording.start();
            try (JitEngine engine = atOnce(SMALL); BareHart hart = new BareHart(engine)) {
                hart.load(manyLoops(40));
                hart.runToEnd(1_000_000);
            }
            Path file = folder.resolve("events.jfr");
            recording.dump(file);
            List<RecordedEvent> events = RecordingFile.readAllEvents(file);
            Set<String> names = events.stream().map(e -> e.getEventType().getName()).collect(Collectors.toSet());
            assertTrue(names.containsAll(Set.of("org.vm.Translated", "org.vm.Evicted")), names.toString());
            RecordedEvent first = events.stream().filter(e -> e.getEventType().getName().equals("org.vm.Translated"))
                    .findFirst().orElseThrow();
            assertEquals("0x80000000", first.getString("address"));
            assertTrue(first.getInt("instructions") > 0 && first.getInt("bytes") > 0, first.toString());
            assertFalse(Files.size(file) == 0);
        }
    }
}
