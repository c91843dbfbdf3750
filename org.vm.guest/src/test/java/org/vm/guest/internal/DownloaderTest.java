package org.vm.guest.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.VmException;
import org.vm.guest.Progress;

class DownloaderTest {
    private static final String PATH = "pool/file.deb";

    @TempDir Path folder;
    private final Downloader downloader = new Downloader(new Proxies(Map.of()), Duration.ofSeconds(10));
    private final byte[] content = new byte[300_000];
    private FakeMirror mirror;
    private Path target;

    @BeforeEach
    void start() throws IOException {
        new Random(2).nextBytes(content);
        mirror = new FakeMirror(Map.of(PATH, content));
        target = folder.resolve("cache/file.deb");
    }

    @AfterEach
    void stop() {
        mirror.close();
    }

    private void fetch(Progress progress) {
        downloader.fetch(mirror.uri(PATH), content.length, Downloader.sha256(content), target, "file", progress);
    }

    private List<Path> left() throws IOException {
        try (var files = Files.list(target.getParent())) {
            return files.toList();
        }
    }

    @Test
    void aFileIsFetchedWithProgressAndNothingElseStays() throws IOException {
        List<Long> seen = new ArrayList<>();
        fetch((what, done, total) -> {
            assertEquals("file", what);
            assertEquals(content.length, total);
            seen.add(done);
        });
        assertArrayEquals(content, Files.readAllBytes(target));
        assertEquals(content.length, seen.getLast());
        assertEquals(seen.stream().sorted().toList(), seen);
        assertEquals(List.of(target), left());
    }

    @Test
    void aFileThatIsThereIsNotFetchedAgain() {
        fetch(Progress.SILENT);
        fetch(Progress.SILENT);
        assertEquals(List.of(PATH), mirror.requests);
    }

    @Test
    void aDamagedFileInTheCacheIsFetchedAgain() throws IOException {
        Files.createDirectories(target.getParent());
        Files.write(target, new byte[content.length]);
        fetch(Progress.SILENT);
        assertArrayEquals(content, Files.readAllBytes(target));
    }

    @Test
    void aCutConnectionIsResumedWhereItWasCut() throws IOException {
        mirror.cuts.put(PATH, new ArrayList<>(List.of(100_000, 50_000)));
        fetch(Progress.SILENT);
        assertArrayEquals(content, Files.readAllBytes(target));
        List<String> asked = mirror.requests.stream().filter(r -> r.startsWith(PATH)).toList();
        assertEquals(List.of(PATH, PATH + " bytes=100000-", PATH + " bytes=150000-"), asked);
    }

    @Test
    void anEarlierProcesssPartIsResumed() throws IOException {
        Files.createDirectories(target.getParent());
        Files.write(folder.resolve("cache/file.deb.part"), Arrays.copyOf(content, 200_000));
        fetch(Progress.SILENT);
        assertArrayEquals(content, Files.readAllBytes(target));
        assertEquals(List.of(PATH + " bytes=200000-"), mirror.requests);
    }

    @Test
    void aPartOfAnotherFileIsThrownAwayOnce() throws IOException {
        Files.createDirectories(target.getParent());
        Files.write(folder.resolve("cache/file.deb.part"), new byte[200_000]);
        fetch(Progress.SILENT);
        assertArrayEquals(content, Files.readAllBytes(target));
        assertEquals(List.of(PATH + " bytes=200000-", PATH), mirror.requests);
    }

    @Test
    void aServerWithoutRangesStartsAgain() throws IOException {
        mirror.ranges = false;
        mirror.cuts.put(PATH, new ArrayList<>(List.of(100_000)));
        fetch(Progress.SILENT);
        assertArrayEquals(content, Files.readAllBytes(target));
    }

    @Test
    void wrongContentIsRefusedAndNotKept() throws IOException {
        byte[] other = content.clone();
        other[123] ^= 1;
        mirror.files.put(PATH, other);
        String message = assertThrows(VmException.class, () -> fetch(Progress.SILENT)).getMessage();
        assertTrue(message.contains("SHA-256") && message.contains(PATH), message);
        assertEquals(List.of(), left());
    }

    @Test
    void aServerThatSendsMoreThanAnnouncedIsStopped() {
        mirror.files.put(PATH, Arrays.copyOf(content, content.length + 100_000));
        assertTrue(assertThrows(VmException.class, () -> fetch(Progress.SILENT)).getMessage().contains("more than"));
        assertFalse(Files.exists(target));
    }

    @Test
    void aServerThatNeverGetsOnIsGivenUp() {
        mirror.cuts.put(PATH, new ArrayList<>(List.of(1000, 0, 0, 0, 0, 0, 0, 0)));
        assertTrue(assertThrows(VmException.class, () -> fetch(Progress.SILENT)).getMessage().contains("cannot fetch"));
        assertFalse(Files.exists(target));
    }

    @Test
    void aServersTroubleIsTriedAgainAndARefusalIsNot() {
        mirror.statuses.put(PATH, new ArrayList<>(List.of(503, 502)));
        assertEquals(content.length, downloader.fetch(mirror.uri(PATH), content.length).length);
        mirror.requests.clear();
        mirror.statuses.put(PATH, new ArrayList<>(List.of(403)));
        String message = assertThrows(VmException.class, () -> downloader.fetch(mirror.uri(PATH), content.length)).getMessage();
        assertTrue(message.contains("403") && message.contains("--mirror"), message);
        assertEquals(1, mirror.requests.size());
    }

    @Test
    void aSmallFileHasALimit() {
        assertTrue(assertThrows(VmException.class, () -> downloader.fetch(mirror.uri(PATH), 1000)).getMessage()
                .contains("more than 1000 bytes"));
    }
}
