package org.vm.shell.internal.command;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.VmException;
import org.vm.api.cpu.TranslatedCode;
import org.vm.api.cpu.TranslationStats;

class JitCommandTest {
    private final FakeManager manager = new FakeManager("linux");
    private final StringWriter printed = new StringWriter();
    private final Shell shell = new Shell(manager, new Consoles(), FakeCatalog::new,
            new Screen(new PrintWriter(printed), Optional.empty()));
    private final FakeCode code = new FakeCode();

    private static final class FakeCode implements TranslatedCode {
        private boolean flushed;

        @Override
        public TranslationStats stats() {
            return new TranslationStats(2, 9000, 16 << 20, 340, 5, 1000, 10, 8, 1, 3, 4, 12_000_000, 345_000_000,
                    new TranslationStats.Runs(1000, 50_000, 100, 20, 3, 7));
        }

        @Override
        public List<Region> regions() {
            return List.of(new Region(7, 0x8020_0000L, State.READY, 300, 7000, 900, 49_000),
                    new Region(3, 0x8020_1000L, State.PROFILING, 40, 2000, 100, 1_000));
        }

        @Override
        public Listing listing(int number) {
            return new Listing(List.of("entry", "  80200000  addi a0,a0,1"), List.of("  lload 7", "  lconst_1", "  ladd"));
        }

        @Override
        public byte[] classFile(int number) {
            if (number == 3) {
                throw new VmException("there is no region 3, or not any more");
            }
            return new byte[] {1, 2, (byte) number};
        }

        @Override
        public void flush() {
            flushed = true;
        }
    }

    private String run(String line) {
        manager.machines.getFirst().translated = code;
        printed.getBuffer().setLength(0);
        List<String> words = Arrays.asList(line.split(" "));
        Invocation.run(words.getFirst(), shell, words.subList(1, words.size()));
        return printed.toString().replace(System.lineSeparator(), "\n");
    }

    @Test
    void statisticsAndTheHottestRegionsAreShown() {
        assertEquals("""
                engine hybrid: 2 regions, 340 instructions, 8.8 KiB of 16 MiB bytecode; 5 waiting, threshold 1000
                found 10, translated 8, failed 1, invalidated 3, evicted 4; 12 ms translating, 345 ms compiling
                executed 50.0k instructions in 1000 entries, which ended: left 877, missed 100, interrupted 20, trapped 3; stale 7
                REGION     ADDRESS  INSNS  BYTES  ENTRIES  EXECUTED  STATE
                     7  0x80200000    300   7000      900     49.0k  ready
                     3  0x80201000     40   2000      100      1000  profiling
                """, run("jit linux"));
    }

    @Test
    void aRegionIsShownBesideItsBytecode() {
        assertEquals("entry" + " ".repeat(43) + "lload 7\n"
                + "  80200000  addi a0,a0,1" + " ".repeat(24) + "lconst_1\n"
                + " ".repeat(48) + "ladd\n", run("jit linux 7"));
    }

    @Test
    void classFilesAreWritten(@TempDir Path folder) throws Exception {
        String said = run("jit linux --dump " + folder.resolve("classes"));
        assertTrue(said.startsWith("1 class files are in "), said);
        assertArrayEquals(new byte[] {1, 2, 7}, Files.readAllBytes(folder.resolve("classes/Region7.class")));
        assertFalse(Files.exists(folder.resolve("classes/Region3.class")), "it was gone");
    }

    @Test
    void codeIsFlushedOnlyWhenAskedFor() {
        run("jit linux");
        assertFalse(code.flushed);
        run("jit linux --flush");
        assertTrue(code.flushed);
    }

    @Test
    void aMachineWithoutTranslatedCodeSaysWhy() {
        assertEquals("machine 'linux' runs no translated code: its state is created, its engine hybrid",
                assertThrows(Invocation.CommandFailure.class, () ->
                        Invocation.run("jit", shell, List.of("linux"))).toString());
    }
}
