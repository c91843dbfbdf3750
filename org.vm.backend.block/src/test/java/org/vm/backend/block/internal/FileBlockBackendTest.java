package org.vm.backend.block.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.ConfigurationException;

class FileBlockBackendTest {
    @TempDir
    Path folder;

    private Path image(int size) throws IOException {
        Path image = folder.resolve("disk.img");
        byte[] bytes = new byte[size];
        Arrays.fill(bytes, (byte) 0x77);
        return Files.write(image, bytes);
    }

    private static MemorySegment ram(int size, int value) {
        return Arena.ofAuto().allocate(size).fill((byte) value);
    }

    @Test
    void scatteredBuffersAreWrittenInOrderAndReadBack() throws IOException {
        Path image = image(8192);
        try (FileBlockBackend disk = new FileBlockBackend(image, false)) {
            disk.write(512, List.of(ram(100, 1), ram(412, 2), ram(512, 3)));
            MemorySegment a = ram(512, 0);
            MemorySegment b = ram(1024, 0);
            disk.read(512, List.of(a, b));
            assertEquals(1, a.get(ValueLayout.JAVA_BYTE, 99));
            assertEquals(2, a.get(ValueLayout.JAVA_BYTE, 100));
            assertEquals(3, b.get(ValueLayout.JAVA_BYTE, 511));
            assertEquals(0x77, b.get(ValueLayout.JAVA_BYTE, 512));
        }
    }

    @Test
    void zeroesAreWrittenWhereAskedAndNowhereElse() throws IOException {
        Path image = image(200 << 10);
        try (FileBlockBackend disk = new FileBlockBackend(image, false)) {
            disk.writeZeroes(512, 150 << 10, true);
        }
        byte[] expected = new byte[200 << 10];
        Arrays.fill(expected, (byte) 0x77);
        Arrays.fill(expected, 512, 512 + (150 << 10), (byte) 0);
        assertArrayEquals(expected, Files.readAllBytes(image));
    }

    @Test
    void twoWritersOfOneImageAreRefusedWithBothWaysOut() throws IOException {
        Path image = image(512);
        try (FileBlockBackend first = new FileBlockBackend(image, false)) {
            String message = assertThrows(ConfigurationException.class, () -> new FileBlockBackend(image, false)).getMessage();
            assertTrue(message.contains(image.toString()) && message.contains("two machines must not write one image"),
                    message);
            assertThrows(ConfigurationException.class, () -> new FileBlockBackend(image, true));
            assertEquals(512, first.size());
        }
        new FileBlockBackend(image, false).close();
    }

    @Test
    void manyReadersShareAnImageAndKeepWritersOut() throws IOException {
        Path image = image(512);
        try (FileBlockBackend a = new FileBlockBackend(image, true); FileBlockBackend b = new FileBlockBackend(image, true)) {
            assertTrue(a.readOnly() && b.readOnly());
            assertThrows(ConfigurationException.class, () -> new FileBlockBackend(image, false));
        }
    }

    @Test
    void anImageThatIsMissingOrAFolderIsRefusedByName() {
        Path missing = folder.resolve("missing.img");
        assertTrue(assertThrows(ConfigurationException.class, () -> new FileBlockBackend(missing, false)).getMessage()
                .contains("missing.img' does not exist"));
        assertTrue(assertThrows(ConfigurationException.class, () -> new FileBlockBackend(folder, false)).getMessage()
                .contains("is not a regular file"));
    }

    @Test
    void growthIsSeenAndReadingBeyondAShrunkImageFails() throws IOException {
        Path image = image(1024);
        try (FileBlockBackend disk = new FileBlockBackend(image, false);
                RandomAccessFile other = new RandomAccessFile(image.toFile(), "rw")) {
            other.setLength(4096);
            assertEquals(4096, disk.size());
            other.setLength(512);
            assertThrows(IOException.class, () -> disk.read(512, List.of(ram(512, 0))));
        }
    }

    /** What was flushed is in the file even if the process dies at once, without any of its own clean-up. */
    @Test
    void itGrowsInPlaceAndTakesNoOtherFile() throws IOException {
        Path image = image(1024);
        Map<String, Object> settings = new HashMap<>(Map.of("file", image.toString(), "size", "1M"));
        try (FileBlockBackend disk = new FileBlockBackend(image, false)) {
            assertTrue(disk.adjust(settings));
            assertEquals(1 << 20, Files.size(image));
            assertEquals(1 << 20, disk.size());
            settings.put("size", "4K");
            assertTrue(disk.adjust(settings), "it is as large as that already");
            assertEquals(1 << 20, disk.size());
            settings.put("readOnly", "true");
            assertFalse(disk.adjust(settings));
            settings.put("readOnly", "false");
            settings.put("file", image + ".other");
            assertFalse(disk.adjust(settings));
        }
        try (FileBlockBackend disk = new FileBlockBackend(image, true)) {
            assertTrue(assertThrows(ConfigurationException.class, () -> disk.grow("2M")).getMessage().contains("read-only"));
        }
        assertEquals(1 << 20, Files.size(image));
    }

    @Test
    @Timeout(60)
    void whatWasFlushedSurvivesAKill() throws Exception {
        Path image = image(1 << 20);
        Process child = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-cp",
                System.getProperty("java.class.path"), FlushAndWait.class.getName(), image.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader out = new BufferedReader(new InputStreamReader(child.getInputStream()))) {
            assertEquals("flushed", out.readLine());
            assertThrows(ConfigurationException.class, () -> new FileBlockBackend(image, false), "another process has it");
        } finally {
            child.destroyForcibly();
        }
        assertTrue(child.waitFor(20, TimeUnit.SECONDS));
        byte[] bytes = Files.readAllBytes(image);
        for (int i = 0; i < 1 << 20; i += 4096) {
            assertEquals(0x42, bytes[i], "byte " + i);
        }
        new FileBlockBackend(image, false).close();
    }

    /** The child of {@link #whatWasFlushedSurvivesAKill}. */
    static final class FlushAndWait {
        public static void main(String[] arguments) throws IOException {
            FileBlockBackend disk = new FileBlockBackend(Path.of(arguments[0]), false);
            for (int i = 0; i < 1 << 20; i += 4096) {
                disk.write(i, List.of(ram(4096, 0x42)));
            }
            disk.flush();
            System.out.println("flushed");
            System.in.read();
        }
    }
}
