package org.vm.isa.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.vm.api.ExecMode;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.ExitReason;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.isa.riscv.TranslatingEngine;

/** Random privileged programs log the same traps and registers as under {@code qemu-system-riscv64}. */
class PrivilegedProgramsTest {
    private static final int STEPS = 400;

    @BeforeAll
    static void qemuIsThere() {
        assumeTrue(isInstalled(), "qemu-system-riscv64 (package qemu-system-misc) is not installed");
    }

    private static boolean isInstalled() {
        try {
            Process process = new ProcessBuilder("qemu-system-riscv64", "--version").redirectErrorStream(true).start();
            process.getInputStream().readAllBytes();
            return process.waitFor() == 0;
        } catch (IOException notThere) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while looking for qemu-system-riscv64", e);
        }
    }

    @Test
    void trapsAndRegistersAreThoseOfQemu() throws Exception {
        for (int seed = 1; seed <= 3; seed++) {
            compare(new Interpreter(), seed);
        }
    }

    @Test
    void translatedCodesTrapsAndRegistersAreThoseOfQemu() throws Exception {
        for (int seed = 60; seed < 62; seed++) {
            try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, 1)) {
                compare(engine, seed);
                engine.assertTranslated(STEPS);
            }
        }
    }

    @Test
    @Tag("slow")
    void twentyThousandTrapsOfTranslatedCodeAreThoseOfQemu() throws Exception {
        for (int seed = 62; seed < 112; seed++) {
            try (TranslatingEngine engine = new TranslatingEngine(ExecMode.JIT, 1)) {
                compare(engine, seed);
            }
        }
    }

    @Test
    @Tag("slow")
    void twentyThousandTrapsAreThoseOfQemu() throws Exception {
        for (int seed = 4; seed < 54; seed++) {
            compare(new Interpreter(), seed);
        }
    }

    private static void compare(ExecutionEngine engine, long seed) throws Exception {
        String source = new PrivilegedPrograms(seed).generate(STEPS);
        byte[] program = RiscvArchitecture.assembler().assemble(source, PrivilegedPrograms.ORIGIN).bytes();
        byte[] image = Arrays.copyOf(program, (int) (PrivilegedPrograms.LOG - PrivilegedPrograms.ORIGIN));
        ByteBuffer actual = ByteBuffer.wrap(ours(engine, image)).order(ByteOrder.LITTLE_ENDIAN);
        image[(int) (PrivilegedPrograms.FLAG - PrivilegedPrograms.ORIGIN)] = 1;
        ByteBuffer expected = ByteBuffer.wrap(qemus(image)).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(STEPS * PrivilegedPrograms.LOGGED_BYTES, expected.capacity(), "bytes that QEMU logged");
        List<String> differences = new ArrayList<>();
        for (int step = 0; step < STEPS; step++) {
            String difference = difference(step, expected, actual);
            if (!difference.isEmpty()) {
                differences.add(difference + source(source, step));
            }
        }
        if (!differences.isEmpty()) {
            fail("seed " + seed + ": " + differences.size() + " steps differ\n"
                    + String.join("\n", differences.subList(0, Math.min(5, differences.size()))));
        }
    }

    private static byte[] ours(ExecutionEngine engine, byte[] image) {
        try (HartFixture board = HartFixture.bare();
                ExecutionEngine.Runner runner = engine.runner(board.hart)) {
            MemorySegment.copy(MemorySegment.ofArray(image), 0, board.memory.segment(), 0, image.length);
            ExitReason reason = runner.run(10_000_000);
            assertEquals(ExitReason.WAIT, reason, () -> "pc " + Long.toHexString(board.hart.pc));
            long from = PrivilegedPrograms.LOG - PrivilegedPrograms.ORIGIN;
            return board.memory.segment().asSlice(from, STEPS * PrivilegedPrograms.LOGGED_BYTES)
                    .toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private static byte[] qemus(byte[] image) throws IOException, InterruptedException {
        Path firmware = Files.createTempFile("oracle", ".bin");
        Path serial = Files.createTempFile("oracle", ".log");
        try {
            Files.write(firmware, image);
            Process process = new ProcessBuilder("qemu-system-riscv64", "-machine", "virt", "-m", "16", "-display", "none",
                    "-cpu", "rv64,h=false,v=false,sstc=true,svinval=true,svpbmt=true", "-bios", firmware.toString(),
                    "-serial", "file:" + serial).redirectErrorStream(true).start();
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("qemu-system-riscv64 does not end");
            }
            if (process.exitValue() != 0) {
                throw new IOException("qemu-system-riscv64 ended with " + process.exitValue() + ": "
                        + new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            }
            return Files.readAllBytes(serial);
        } finally {
            Files.delete(firmware);
            Files.delete(serial);
        }
    }

    private static String difference(int step, ByteBuffer expected, ByteBuffer actual) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < PrivilegedPrograms.LOGGED_BYTES / 8; i++) {
            int offset = step * PrivilegedPrograms.LOGGED_BYTES + 8 * i;
            long compared = i == 1 ? PrivilegedPrograms.STATUS_COMPARED : -1;
            if (((expected.getLong(offset) ^ actual.getLong(offset)) & compared) != 0) {
                String name = i == 0 ? "a0" : i == 1 ? "status at the trap" : PrivilegedPrograms.LOGGED.get(i - 2);
                text.append("step %d: %s is %x, not %x%n".formatted(step, name, expected.getLong(offset),
                        actual.getLong(offset)));
            }
        }
        return text.toString();
    }

    private static String source(String all, int step) {
        int from = all.indexOf("step" + step + ":");
        return all.substring(from, all.indexOf("step" + (step + 1) + ":"));
    }
}
