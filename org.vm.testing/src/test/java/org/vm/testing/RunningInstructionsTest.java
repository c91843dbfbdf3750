package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.LongStream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.ExecMode;
import org.vm.api.GuestArch;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.isa.InstructionExtension;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.engine.jit.internal.JitEngine;
import org.vm.isa.riscv.internal.RiscvArchitecture;

/** Instructions that are replaced while a guest executes them. */
class RunningInstructionsTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final long CELLS = BareHart.RAM + 0x10000;
    private static final int VERSION = 0;
    private static final int TURNS = 8;
    private static final int TRAPS = 16;
    private static final int COUNTED = 24;

    /** Stores which version it sees, and counts its turns and its traps; the instructions count, too, in a register of theirs. */
    private static final String PROGRAM = """
                    la      t0, trap
                    csrw    mtvec, t0
                    li      s0, 0x80010000          # each hart's own cells
                    csrr    t0, mhartid
                    slli    t0, t0, 6
                    add     s0, s0, t0
            turn:   li      a1, 100
            again:  version a0, a1
                    count   a1
                    sub     a0, a0, a1
                    addi    a1, a1, -1
                    bnez    a1, again
                    sd      a0, 0(s0)
                    csrr    t1, vcount
                    sd      t1, 24(s0)
                    ld      t1, 8(s0)
                    addi    t1, t1, 1
                    sd      t1, 8(s0)
                    j       turn
                    .align 2
            trap:   ld      t1, 16(s0)
                    addi    t1, t1, 1
                    sd      t1, 16(s0)
                    csrr    t1, mepc
                    addi    t1, t1, 4
                    csrw    mepc, t1
                    mret
            """;

    private record Instructions(String name, List<Class<?>> instructions) implements InstructionExtension {
        @Override
        public GuestArch architecture() {
            return GuestArch.RISCV64;
        }
    }

    @TempDir
    private Path folder;

    /** As a bundle of that version brings them, with a class loader of its own. */
    private InstructionExtension version(long number) throws IOException, ReflectiveOperationException {
        Path sources = Files.createDirectories(folder.resolve("v" + number));
        Path source = Files.writeString(sources.resolve("Versioned.java"), """
                import org.vm.api.isa.*;
                @ControlRegister(number = 0x800, name = "vcount")
                public final class Versioned {
                    private Versioned() {}
                    @Encoding("0000000 00000 rs1 000 rd 0001011")
                    public static long version(long rs1) { return rs1 + %dL; }
                    @Into("vcount")
                    @Encoding("0000001 00000 rs1 000 00000 0001011")
                    public static long count(long rs1, long vcount) { return vcount + 1; }
                }
                """.formatted(number));
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, "-parameters", "-proc:none", "-d", sources.toString(),
                "-classpath", System.getProperty("java.class.path"), source.toString()));
        ClassLoader loader = new URLClassLoader("v" + number, new URL[] {sources.toUri().toURL()}, getClass().getClassLoader());
        return new Instructions("xversion", List.of(loader.loadClass("Versioned")));
    }

    private GuestMachine start(ExecutionEngine engine, int vcpus) throws IOException, ReflectiveOperationException {
        InstructionExtension first = version(0);
        return GuestMachine.virt().memory(16 << 20).vcpus(vcpus).engine(engine).extension(first)
                .firmware(RiscvArchitecture.assembler(first).assemble(PROGRAM, BareHart.RAM).bytes()).start();
    }

    private static LongStream cells(GuestMachine guest, int offset) {
        return LongStream.range(0, guest.machine().cpus().size()).map(hart -> guest.machine().memory().segment()
                .get(ValueLayout.JAVA_LONG, guest.machine().memory().offset(CELLS + hart * 64 + offset, Long.BYTES)));
    }

    /** The least of the harts'. */
    private static long cell(GuestMachine guest, int offset) {
        return cells(guest, offset).min().orElseThrow();
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long until = System.nanoTime() + LIMIT.toNanos();
        CountDownLatch never = new CountDownLatch(1);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < until, "waited in vain: " + what);
            never.await(5, TimeUnit.MILLISECONDS);
        }
    }

    private void replace(ExecutionEngine engine, int vcpus, int times) throws Exception {
        List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
        try (GuestMachine guest = start(engine, vcpus)) {
            long counted = 0;
            for (int i = 1; i <= times; i++) {
                int number = i;
                InstructionExtension next = version(number);
                loaders.add(new WeakReference<>(next.instructions().getFirst().getClassLoader()));
                guest.machine().extensions(List.of(next));
                await("version " + number, () -> cells(guest, VERSION).allMatch(seen -> seen == number));
                long turns = cell(guest, TURNS);
                // Some of it translated.
                await("turns of version " + number, () -> cell(guest, TURNS) > turns + 50);
                assertTrue(cell(guest, COUNTED) > counted, "the register begins anew");
                counted = cell(guest, COUNTED);
            }
            assertEquals(0, cells(guest, TRAPS).sum(), "the guest has noticed");
            guest.machine().extensions(List.of());
            await("the encodings are illegal", () -> cell(guest, TRAPS) > 100);
            await("class loaders are gone", () -> {
                System.gc();
                return loaders.stream().allMatch(loader -> loader.refersTo(null));
            });
            long traps = cell(guest, TRAPS);
            guest.machine().extensions(List.of(version(times + 1)));
            await("they are back", () -> cells(guest, VERSION).allMatch(seen -> seen == times + 1));
            assertTrue(cell(guest, TRAPS) > traps);
            assertTrue(cell(guest, COUNTED) > counted, "the register was lost");
        }
    }

    @Test
    void theInterpreterGoesOverToTheNextVersionAndNothingStaysOfTheOnesBefore() throws Exception {
        replace(new Interpreter(), 1, 20);
    }

    @Test
    void translatedCodeGoesOverToTheNextVersionAndNothingStaysOfTheOnesBefore() throws Exception {
        try (JitEngine jit = new JitEngine(new Interpreter(), ExecMode.JIT, 1)) {
            replace(jit, 1, 20);
        }
    }

    @Test
    void codeThatIsTranslatedInTheBackgroundGoesOverOnAllVcpus() throws Exception {
        try (JitEngine hybrid = new JitEngine(new Interpreter(), ExecMode.HYBRID, 50)) {
            replace(hybrid, 2, 20);
        }
    }

    @Test
    @Tag("slow")
    void aThousandVersionsLeaveNothingBehind() throws Exception {
        try (JitEngine hybrid = new JitEngine(new Interpreter(), ExecMode.HYBRID, 50)) {
            replace(hybrid, 2, 1000);
        }
    }
}
