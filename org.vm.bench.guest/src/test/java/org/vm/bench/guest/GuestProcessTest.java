package org.vm.bench.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(OS.WINDOWS)
@Timeout(60)
class GuestProcessTest {
    private final Transcript printed = new Transcript();

    private GuestProcess start(String script) {
        return GuestProcess.start(List.of("/bin/sh", "-c", script), Map.of("WORD", "some"), (bytes, length) -> printed.write(bytes, 0, length),
                printed::close);
    }

    private static long soon() {
        return System.nanoTime() + Duration.ofSeconds(30).toNanos();
    }

    @Test
    void aPhraseIsFoundWhenItArrivesAndInputReachesTheProcess() throws Exception {
        try (GuestProcess process = start("printf 'user@host:~'; printf '# '; read word; echo got $word and $WORD >&2; exit 3")) {
            OptionalLong prompt = printed.await(":~# ", soon());
            assertTrue(prompt.orElseThrow() > process.started());
            process.type("yes\n");
            assertTrue(process.await(soon()));
            assertTrue(process.errors().await("got yes and some", soon()).isPresent());
        }
    }

    @Test
    void aPhraseThatCannotComeAnyMoreIsNotWaitedFor() throws Exception {
        try (GuestProcess process = start("echo one")) {
            assertEquals(OptionalLong.empty(), printed.await("two", soon()));
            assertTrue(process.await(soon()));
            assertEquals("one\n", printed.text());
        }
    }

    @Test
    void aProcessThatWouldRunForEverEndsWithItsObject() throws Exception {
        ProcessHandle handle;
        try (GuestProcess process = start("echo ready; exec sleep 1000")) {
            assertTrue(printed.await("ready", soon()).isPresent());
            assertFalse(process.await(System.nanoTime()));
            handle = ProcessHandle.of(process.pid()).orElseThrow();
        }
        assertFalse(handle.isAlive());
    }

    @Test
    void aProgramThatIsMissingIsNamedWithWhatToDo(@TempDir Path empty) {
        String message = assertThrows(BenchException.class, () -> Binaries.compiler(empty.toString())).getMessage();
        assertTrue(message.contains("riscv64-linux-gnu-gcc") && message.contains("install"), message);
    }

    @Test
    void aToolThatFailsOrHangsIsAFailure() {
        Tool shell = Tool.find("sh", "/nowhere:/bin").orElseThrow();
        assertThrows(BenchException.class, () -> shell.run(Duration.ofSeconds(30), "-c", "exit 1"));
        assertThrows(BenchException.class, () -> shell.run(Duration.ofSeconds(1), "-c", "exec sleep 1000"));
    }

    @Test
    void theGuestsFilesAreReadFromWhatFetchPrints() {
        GuestFiles files = GuestFiles.parse("""
                linux: Linux 6.12 (6.12-1)
                  kernel   /a folder/Image
                  initrd   /a folder/initrd.cpio
                  append   console=ttyS0 quiet
                """);
        assertEquals(new GuestFiles("Linux 6.12 (6.12-1)", Path.of("/a folder/Image"), Path.of("/a folder/initrd.cpio"),
                "console=ttyS0 quiet"), files);
        assertThrows(BenchException.class, () -> GuestFiles.parse("nothing"));
        assertEquals(List.of("vmm", "run", "linux", "--memory", "512M", "--initrd", "i", "--vcpus", "2", "--engine", "jit"),
                new Monitor.Vmm(Path.of("vmm"), Optional.of("jit"), Map.of()).command(Path.of("i"), 2));
        assertTrue(new Monitor.Qemu(Path.of("qemu"), files).command(Path.of("i"), 1).contains("console=ttyS0 quiet"));
    }

    @Test
    void aFreshCacheHasTheGuestsAndLeavesThemWhenItGoes(@TempDir Path cache) throws Exception {
        Files.createDirectories(cache.resolve("guests/linux"));
        Files.createDirectories(cache.resolve("profiles/linux"));
        Path folder;
        try (FreshCache fresh = FreshCache.of(cache)) {
            folder = BenchCommand.cache(fresh.environment());
            assertEquals(folder, BenchCommand.cache(Map.of("XDG_CACHE_HOME", fresh.environment().get("XDG_CACHE_HOME"))));
            assertTrue(Files.exists(folder.resolve("guests/linux")));
            assertFalse(Files.exists(folder.resolve("profiles")));
            Files.createDirectories(folder.resolve("profiles/linux"));
        }
        assertFalse(Files.exists(folder.getParent()));
        assertTrue(Files.exists(cache.resolve("guests/linux")));
    }

    @Test
    void theCacheIsWhereGuestsAreKept() {
        assertEquals(Path.of("/c"), BenchCommand.cache(Map.of("VMM_CACHE", "/c", "HOME", "/h")));
        assertEquals(Path.of("/x/vmm"), BenchCommand.cache(Map.of("XDG_CACHE_HOME", "/x", "HOME", "/h")));
        assertEquals(Path.of("/h/.cache/vmm"), BenchCommand.cache(Map.of("HOME", "/h", "VMM_CACHE", "")));
    }
}
