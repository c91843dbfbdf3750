package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.ExecMode;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.engine.jit.internal.JitEngine;
import org.vm.isa.riscv.internal.RiscvArchitecture;
import org.vm.machine.internal.Board;

/** Interrupts of the Advanced Interrupt Architecture come as under {@code qemu-system-riscv64}. */
class AdvancedInterruptProgramsTest {
    private static final int STEPS = 300;

    @TempDir
    Path folder;

    @Test
    void interruptsAndRegistersAreThoseOfQemu() throws Exception {
        for (long seed = 1; seed <= 3; seed++) {
            compare(seed, new Interpreter());
        }
    }

    @Test
    void translatedCodeSeesTheSame() throws Exception {
        try (JitEngine jit = new JitEngine(new Interpreter(), ExecMode.JIT, 1)) {
            compare(100, jit);
        }
    }

    @Test
    @Tag("slow")
    void fifteenThousandStepsAreThoseOfQemu() throws Exception {
        for (long seed = 4; seed < 54; seed++) {
            compare(seed, new Interpreter());
        }
    }

    private void compare(long seed, ExecutionEngine engine) throws Exception {
        String source = new AdvancedInterruptPrograms(seed).generate(STEPS);
        byte[] program = RiscvArchitecture.assembler().assemble(source, BareHart.RAM).bytes();
        List<String> expected = qemus(program);
        List<String> actual = ours(program, engine);
        int perStep = AdvancedInterruptPrograms.LOGGED_VALUES;
        assertEquals(STEPS * perStep, expected.size(), "values that QEMU logged");
        long interrupts = expected.stream().filter(value -> value.startsWith("800000000000000")).distinct().count();
        assertTrue(interrupts >= 4, interrupts + " kinds of interrupts were taken");
        for (int step = 0; step < STEPS; step++) {
            int from = step * perStep;
            assertEquals(String.join("\n", expected.subList(from, from + perStep)),
                    String.join("\n", actual.subList(Math.min(from, actual.size()), Math.min(from + perStep, actual.size()))),
                    "seed " + seed + "\n" + source(source, step));
        }
    }

    private static String source(String all, int step) {
        return all.substring(all.indexOf("step" + step + ":"), all.indexOf("step" + (step + 1) + ":"));
    }

    private static List<String> ours(byte[] program, ExecutionEngine engine) {
        try (GuestMachine guest = GuestMachine.virt().board(Board.virt().aia("aplic-imsic")).memory(16 << 20).firmware(program)
                .engine(engine).start()) {
            assertEquals(0, guest.awaitEnd(Duration.ofMinutes(2)));
            return guest.console().output().lines().toList();
        }
    }

    private List<String> qemus(byte[] program) throws IOException, InterruptedException {
        Path firmware = Files.write(folder.resolve("oracle.bin"), program);
        Path serial = folder.resolve("oracle.log");
        Files.deleteIfExists(serial);
        Process process;
        try {
            process = new ProcessBuilder("qemu-system-riscv64", "-machine", "virt,aia=aplic-imsic", "-m", "16", "-display", "none",
                    "-cpu", "rv64,h=false,v=false,sstc=true", "-bios", firmware.toString(), "-serial", "file:" + serial)
                    .redirectErrorStream(true).start();
        } catch (IOException notThere) {
            assumeTrue(false, "qemu-system-riscv64 (package qemu-system-misc) is not installed: " + notThere.getMessage());
            throw notThere;
        }
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException("qemu-system-riscv64 does not end");
        }
        String complaints = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.exitValue(), complaints);
        return Files.readAllLines(serial);
    }
}
