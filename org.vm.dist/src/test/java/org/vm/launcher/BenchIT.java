package org.vm.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./vmm bench} measures programs in our own machine. Skipped where the cross compiler or the guest is missing. */
@DisabledOnOs(OS.WINDOWS)
class BenchIT {
    private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();

    private record Answer(int status, String output, String error) {}

    private static Answer bench(Path scratch, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(CHECKOUT.resolve("vmm").toString(), "bench"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null"))).redirectOutput(scratch.resolve("out").toFile()).redirectError(scratch.resolve("err").toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("VMM_WORK", scratch.resolve("work").toString());
        // The distribution that this build has just assembled.
        builder.environment().put("VMM_NO_BUILD", "1");
        Process process = builder.start();
        try {
            assertTrue(process.waitFor(180, TimeUnit.SECONDS), "vmm bench does not end");
        } finally {
            process.descendants().forEach(ProcessHandle::destroy);
            process.destroy();
        }
        return new Answer(process.exitValue(), Files.readString(scratch.resolve("out")),
                Files.readString(scratch.resolve("err")));
    }

    @Test
    void aProgramRunsInOurMachineAndItsTimeIsInTheTable(@TempDir Path scratch) throws Exception {
        assumeTrue(Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, "riscv64-linux-gnu-gcc"))),
                "there is no riscv64-linux-gnu-gcc; it is in Debian's package gcc-riscv64-linux-gnu");
        Path cache = Path.of(Optional.ofNullable(System.getenv("VMM_CACHE"))
                .orElse(System.getenv("HOME") + "/.cache/vmm"));
        assumeTrue(Files.exists(cache.resolve("guests/trixie-linux/guest.properties")),
                "the guest linux is not in the cache; get it with: ./vmm fetch linux");
        Path file = scratch.resolve("report.md");
        Answer answer = bench(scratch, "sha256", "awk", "--no-qemu", "--rounds", "2", "--runs", "1", "--out",
                file.toString());
        assertEquals(0, answer.status, answer.output + answer.error);
        assertTrue(answer.output.contains("| sha256  |"), answer.output);
        assertTrue(answer.output.contains("| awk     |"), answer.output);
        assertEquals(answer.output, Files.readString(file));
    }

    @Test
    void anUnknownProgramIsAMistakeThatNamesWhatThereIs(@TempDir Path scratch) throws Exception {
        Answer answer = bench(scratch, "sha257");
        assertEquals(1, answer.status);
        assertTrue(answer.error.contains("sha257") && answer.error.contains("sha256"), answer.error);
    }
}
