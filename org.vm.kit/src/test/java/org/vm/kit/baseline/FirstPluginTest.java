package org.vm.kit.baseline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.device.MmioDevice;
import org.vm.api.isa.InstructionExtension;
import org.vm.isa.riscv.internal.RiscvArchitecture;
import org.vm.testing.BareHart;
import org.vm.testing.GuestMachine;

/** A plugin that was compiled with the API of the last release runs in a machine of today. */
class FirstPluginTest {
    private static final Path SOURCES = Path.of("src/test/resources/api/plugin");
    private static final long BASE = 0x0400_0000;

    @TempDir
    private Path folder;

    /** The plugin's classes: compiled with nothing but the text of that API, and annotations. */
    private ClassLoader plugin() throws Exception {
        Path api = Files.createDirectories(folder.resolve("api"));
        ApiText.compile(Files.readString(ApiBaselineTest.baseline()), folder.resolve("text"), api);
        Path classes = Files.createDirectories(folder.resolve("classes"));
        try (Stream<Path> sources = Files.list(SOURCES)) {
            ApiText.javac(classes, api.toString(), sources.map(Path::toString).toList());
        }
        return new URLClassLoader(new URL[] {classes.toUri().toURL()}, getClass().getClassLoader());
    }

    private static <T> T make(ClassLoader plugin, String name, Class<T> type) throws ReflectiveOperationException {
        return type.cast(plugin.loadClass(name).getConstructor().newInstance());
    }

    @Test
    void aDeviceAndInstructionsOfTheLastReleaseStillWork() throws Exception {
        ClassLoader plugin = plugin();
        MmioDevice device = make(plugin, "first.FirstDevice", MmioDevice.class);
        InstructionExtension instructions = make(plugin, "first.First", InstructionExtension.class);
        byte[] program = RiscvArchitecture.assembler(instructions).assemble("""
                        li      a0, 0x4000000
                        lw      a1, 0(a0)               # identity
                        li      a2, 3
                        first.mac a1, a2
                        csrr    a3, facc
                        sw      a3, 4(a0)
                        lw      a4, 4(a0)               # what was written, and one
                        li      a2, 0x100000
                        li      a3, 0x5555
                        li      a5, 0x3001
                        beq     a4, a5, end
                        li      a3, 0x13333
                end:    sw      a3, 0(a2)
                wait:   j       wait
                """, BareHart.RAM).bytes();
        try (GuestMachine guest = GuestMachine.virt().memory(16 << 20).device(device, BASE, 1).extension(instructions).firmware(program).start()) {
            assertEquals(0, guest.awaitEnd(Duration.ofSeconds(60)));
            assertEquals(List.of(), guest.machine().warnings());
            assertTrue(device.info().get("calls").contains("attach reset describe"), () -> device.info().toString());
        }
        assertTrue(device.info().get("calls").endsWith("detach"), () -> device.info().toString());
    }
}
