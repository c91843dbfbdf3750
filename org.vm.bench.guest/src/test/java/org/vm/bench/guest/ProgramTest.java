package org.vm.bench.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ProgramTest {
    private static final Path SOURCES = Path.of("../bench/guest");

    @Test
    void withoutANameEverythingIsChosen() {
        assertEquals(Program.ALL.size() + 1, Program.select(List.of()).size());
    }

    @Test
    void namesGroupsAndBinariesChoose() {
        assertEquals(Set.of("boot", "nbody", "matmul", "mandelbrot", "fft", "sort"),
                Program.select(List.of("boot", "float", "sort", "fft")));
        assertEquals(Set.of("parallel-1", "parallel-2"), Program.select(List.of("parallel")));
        assertEquals(Set.of("parallel-2"), Program.select(List.of("parallel-2")));
    }

    @Test
    void anUnknownNameIsAMistakeThatNamesWhatThereIs() {
        String message = assertThrows(BenchException.class, () -> Program.select(List.of("sha256", "sha512"))).getMessage();
        assertTrue(message.contains("sha512") && message.contains("sha256") && message.contains("system"), message);
    }

    @Test
    void everyProgramHasItsSource() {
        for (Program program : Program.ALL) {
            assertTrue(Files.isReadable(SOURCES.resolve(program.binary() + ".c")), program.name());
            program.child().ifPresent(name -> assertTrue(Files.isReadable(SOURCES.resolve(name + ".c")), program.name()));
            program.script().ifPresent(file -> assertTrue(Files.isReadable(SOURCES.resolve(file)), program.name()));
        }
    }

    @Test
    void theGuestIsToldTheProgramAndTheAmountOfWork() {
        assertEquals("/bench/mix 20", Program.ALL.getFirst().command(20));
        assertEquals("/bench/script 7 /bench/awk.sh", Program.ALL.stream().filter(p -> p.name().equals("awk")).findFirst()
                .orElseThrow().command(7));
    }
}
