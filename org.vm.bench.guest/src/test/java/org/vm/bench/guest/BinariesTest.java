package org.vm.bench.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Skipped where Debian's cross compiler or QEMU's user emulation is missing. */
@Timeout(120)
class BinariesTest {
    private static final Path SOURCES = Path.of("../bench/guest");

    private static Tool tool(String name, String debian) {
        Optional<Tool> tool = Tool.find(name, System.getenv().getOrDefault("PATH", ""));
        assumeTrue(tool.isPresent(), "there is no " + name + "; it is in Debian's package " + debian);
        return tool.get();
    }

    @Test
    void aProgramIsCompiledOnceAndAgainWhenItsHeaderChanges(@TempDir Path scratch) throws Exception {
        Tool compiler = tool("riscv64-linux-gnu-gcc", "gcc-riscv64-linux-gnu");
        Path sources = Files.createDirectory(scratch.resolve("sources"));
        for (String file : new String[] {"getppid.c", "bench.h"}) {
            Files.copy(SOURCES.resolve(file), sources.resolve(file));
        }
        Path cache = scratch.resolve("cache");
        byte[] first = new Binaries(sources, cache, compiler).program("getppid");
        assertArrayEquals(new byte[] {0x7F, 'E', 'L', 'F'}, Arrays.copyOf(first, 4));
        assertArrayEquals(first, new Binaries(sources, cache, compiler).program("getppid"));
        assertEquals(1, count(cache));
        Files.writeString(sources.resolve("bench.h"), "\n", java.nio.file.StandardOpenOption.APPEND);
        new Binaries(sources, cache, compiler).program("getppid");
        assertEquals(2, count(cache));
    }

    private static long count(Path folder) throws Exception {
        try (Stream<Path> files = Files.list(folder)) {
            return files.count();
        }
    }

    @Test
    void aProgramReportsItsRoundsAndTheSameChecksumEachTime(@TempDir Path scratch) throws Exception {
        Tool compiler = tool("riscv64-linux-gnu-gcc", "gcc-riscv64-linux-gnu");
        Tool emulator = tool("qemu-riscv64", "qemu-user");
        Path program = scratch.resolve("sha256");
        Files.write(program, new Binaries(SOURCES, scratch.resolve("cache"), compiler).program("sha256"));
        assertTrue(program.toFile().setExecutable(true));
        Measurement one = Measurement.parse(emulator.run(Duration.ofSeconds(60), program.toString(), "2"), 2).orElseThrow();
        Measurement two = Measurement.parse(emulator.run(Duration.ofSeconds(60), program.toString(), "2"), 2).orElseThrow();
        assertEquals(one.check(), two.check());
        assertEquals(2, one.rounds().size());
    }

    @Test
    void anOrdinaryProgramIsPositionIndependentAndHasItsLoaderAndLibraries(@TempDir Path scratch) throws Exception {
        Tool compiler = tool("riscv64-linux-gnu-gcc", "gcc-riscv64-linux-gnu");
        Binaries binaries = new Binaries(SOURCES, scratch.resolve("cache"), compiler);
        // ELF's e_type is at 16: 3 is ET_DYN, 2 is ET_EXEC.
        assertEquals(3, binaries.pie("mix")[16]);
        assertEquals(2, binaries.program("mix")[16]);
        assertEquals(Set.of("ld.so", "libc.so.6", "libm.so.6"), binaries.libraries().keySet());
    }
}
