package org.vm.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkFolderTest {
    @TempDir Path base;

    @Test
    void twoProcessesHaveFoldersOfTheirOwn() throws IOException {
        try (WorkFolder one = WorkFolder.create(base); WorkFolder two = WorkFolder.create(base)) {
            assertNotEquals(one.folder(), two.folder());
            assertNotEquals(one.log(), two.log());
            assertTrue(Files.isDirectory(one.folder()), "the second removed the first");
        }
    }

    @Test
    void theFolderGoesAndALogWithSomethingInItStays() throws IOException {
        WorkFolder work = WorkFolder.create(base);
        Files.createDirectories(work.folder().resolve("bundles/bundle1"));
        Files.writeString(work.folder().resolve("bundles/bundle1/state"), "x");
        Files.writeString(work.log(), "a line\n");
        work.close();
        work.close();
        assertFalse(Files.exists(work.folder()));
        assertTrue(Files.exists(work.log()));
        WorkFolder quiet = WorkFolder.create(base);
        Files.createFile(quiet.log());
        quiet.close();
        assertFalse(Files.exists(quiet.log()));
    }

    @Test
    void whatAKilledProcessLeftGoesAtTheNextStart() throws Exception {
        Process ended = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-version")
                .redirectErrorStream(true).redirectOutput(base.resolve("out").toFile()).start();
        ended.waitFor();
        Path left = Files.createDirectories(base.resolve("run").resolve(ended.pid() + "-123").resolve("bundles"));
        Path alive = Files.createDirectories(base.resolve("run").resolve(ProcessHandle.current().pid() + "-123"));
        Path other = Files.createDirectories(base.resolve("run").resolve("something"));
        WorkFolder.create(base).close();
        assertFalse(Files.exists(left));
        assertFalse(Files.exists(left.getParent()));
        assertTrue(Files.exists(alive));
        assertTrue(Files.exists(other));
    }

    @Test
    void onlyTheNewestLogsStay() throws IOException {
        Path logs = Files.createDirectories(base.resolve("log"));
        for (int i = 0; i < 30; i++) {
            Path log = Files.writeString(logs.resolve("vmm-" + i + ".log"), "x");
            assertTrue(log.toFile().setLastModified(1_000_000_000L + i * 1000L));
        }
        WorkFolder.create(base).close();
        try (var left = Files.list(logs)) {
            assertEquals(20, left.count());
        }
        assertTrue(Files.exists(logs.resolve("vmm-29.log")));
        assertFalse(Files.exists(logs.resolve("vmm-9.log")));
    }

    @Test
    void theEnvironmentNamesThePlace() {
        assertEquals(Path.of("/w"), WorkFolder.base(Map.of("VMM_WORK", "/w", "XDG_CACHE_HOME", "/c")));
        assertEquals(Path.of("/c/vmm"), WorkFolder.base(Map.of("XDG_CACHE_HOME", "/c")));
        assertTrue(WorkFolder.base(Map.of()).endsWith(Path.of(".cache", "vmm")));
    }
}
