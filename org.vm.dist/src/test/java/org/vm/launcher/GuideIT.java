package org.vm.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The pages on devices and instructions, followed to the letter. */
@DisabledOnOs(OS.WINDOWS)
class GuideIT {
    private static final Path DOCS = Path.of("..", "docs").toAbsolutePath().normalize();
    private static final Duration LONG = Duration.ofMinutes(4);

    @TempDir
    private Path folder;
    private Reader reader;

    @BeforeEach
    void sit() throws Exception {
        Path cache = WorkFolder.base(java.util.Map.of());
        assumeTrue(Files.exists(cache.resolve("guests/trixie-linux/guest.properties")),
                "the guest linux is not in the cache; get it with: ./vmm fetch linux");
        reader = new Reader(folder, Path.of("target", "vmm").toAbsolutePath());
    }

    @AfterEach
    void leave() throws Exception {
        if (reader != null) {
            reader.close();
        }
    }

    private void follow(List<Guide.Step> steps) throws Exception {
        assertFalse(steps.isEmpty(), "there is nothing to follow");
        for (Guide.Step step : steps) {
            switch (step) {
                case Guide.HostCommand(String line) -> reader.host(line, LONG);
                case Guide.GuestCommand(String line, List<String> output) -> reader.guest(line, output, LONG);
                case Guide.Edit(String from, String to) -> {
                    Path source = source(from + "\n");
                    Files.writeString(source, Files.readString(source).replace(from, to));
                }
                case Guide.Seen(String line) -> reader.see(line, LONG);
            }
        }
    }

    /** The file of the project that contains the text. */
    private Path source(String text) throws IOException {
        try (Stream<Path> files = Files.find(folder, Integer.MAX_VALUE, (file, _) -> file.toString().endsWith(".java"))) {
            for (Path file : files.toList()) {
                if (Files.readString(file).contains(text)) {
                    return file;
                }
            }
        }
        return fail("no source contains: " + text);
    }

    @Test
    void aDeviceIsWrittenInTenMinutes() throws Exception {
        follow(Guide.read(DOCS.resolve("adding-a-device.md"), "## In ten minutes", "The rest of this page"));
        assertEquals(0, reader.powerOff(LONG), "the guest did not survive it");
    }

    @Test
    void instructionsAreUsedFromC() throws Exception {
        for (String tool : List.of("riscv64-linux-gnu-gcc", "mke2fs", "truncate")) {
            assumeTrue(Stream.of((System.getenv("PATH") + ":/sbin:/usr/sbin").split(File.pathSeparator))
                    .anyMatch(place -> Files.isExecutable(Path.of(place, tool))), "there is no " + tool);
        }
        follow(Guide.read(DOCS.resolve("adding-an-instruction.md"), "# Adding an instruction", "The rest of this page"));
        assertEquals(0, reader.powerOff(LONG));
    }
}
