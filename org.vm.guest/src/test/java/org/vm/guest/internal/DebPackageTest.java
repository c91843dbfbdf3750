package org.vm.guest.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.VmException;

class DebPackageTest {
    @TempDir Path folder;

    private DebPackage deb(byte[] bytes) throws IOException {
        return new DebPackage(Files.write(folder.resolve("test.deb"), bytes));
    }

    private DebPackage ofTar(ByteArrayOutputStream tar) throws IOException {
        return deb(TestArchive.debOf("data.tar.xz", TestArchive.xz(tar.toByteArray())));
    }

    private static String refusal(DebPackage deb) {
        return assertThrows(VmException.class, () -> deb.visit(entry -> {})).getMessage();
    }

    @Test
    void filesAreReadByNameWithTheirContent() throws IOException {
        byte[] random = new byte[100_001];
        new Random(1).nextBytes(random);
        String longName = "usr/lib/" + "very-long-folder-name/".repeat(8) + "file";
        DebPackage deb = deb(TestArchive.deb(TestArchive.Content.of("etc/motd", "hello\n"),
                new TestArchive.Content(longName, random), TestArchive.Content.of("empty", "")));
        var files = deb.read(Set.of("etc/motd", longName, "empty"));
        assertEquals("hello\n", new String(files.get("etc/motd")));
        assertArrayEquals(random, files.get(longName));
        assertEquals(0, files.get("empty").length);
    }

    @Test
    void aFileThatIsNotThereIsNamed() throws IOException {
        DebPackage deb = deb(TestArchive.deb(TestArchive.Content.of("a", "a")));
        assertTrue(assertThrows(VmException.class, () -> deb.read(Set.of("a", "b/c"))).getMessage().endsWith("has no b/c"));
    }

    @Test
    void uncompressedAndGzipDataAreReadToo() throws IOException {
        ByteArrayOutputStream tar = new ByteArrayOutputStream();
        TestArchive.tarEntry(tar, "./x", '0', new byte[] {7}, 1);
        assertArrayEquals(new byte[] {7}, deb(TestArchive.debOf("data.tar", tar.toByteArray())).read(Set.of("x")).get("x"));
        ByteArrayOutputStream zipped = new ByteArrayOutputStream();
        try (var gzip = new GZIPOutputStream(zipped)) {
            gzip.write(tar.toByteArray());
        }
        assertArrayEquals(new byte[] {7}, deb(TestArchive.debOf("data.tar.gz", zipped.toByteArray())).read(Set.of("x")).get("x"));
    }

    @Test
    void anEntryThatPointsOutOfTheArchiveIsRefused() throws IOException {
        for (String name : List.of("../evil", "usr/../../evil", "./a/..", "/../etc/passwd")) {
            ByteArrayOutputStream tar = new ByteArrayOutputStream();
            TestArchive.tarEntry(tar, name, '0', new byte[0], 0);
            assertTrue(refusal(ofTar(tar)).contains("points out of the archive"), name);
        }
    }

    @Test
    void absolutePathsBecomeRelativeOnes() throws IOException {
        ByteArrayOutputStream tar = new ByteArrayOutputStream();
        TestArchive.tarEntry(tar, "/etc/x", '0', new byte[] {1}, 1);
        assertArrayEquals(new byte[] {1}, ofTar(tar).read(Set.of("etc/x")).get("etc/x"));
    }

    @Test
    void aSizeThatTheArchiveDoesNotHoldIsAnErrorAndNoAllocation() throws IOException {
        ByteArrayOutputStream tar = new ByteArrayOutputStream();
        TestArchive.tarEntry(tar, "./huge", '0', new byte[512], 8L << 30);
        DebPackage deb = ofTar(tar);
        assertTrue(assertThrows(VmException.class, () -> deb.read(Set.of("huge"))).getMessage().contains("the most allowed"));
        ByteArrayOutputStream shorter = new ByteArrayOutputStream();
        TestArchive.tarEntry(shorter, "./big", '0', new byte[512], 200L << 20);
        DebPackage cut = ofTar(shorter);
        assertTrue(assertThrows(VmException.class, () -> cut.read(Set.of("big"))).getMessage().contains("too early"));
    }

    @Test
    void aLongNameWithoutBoundIsRefused() throws IOException {
        ByteArrayOutputStream tar = new ByteArrayOutputStream();
        TestArchive.tarEntry(tar, "././@LongLink", 'L', new byte[512], 1L << 30);
        assertTrue(refusal(ofTar(tar)).contains("too long"));
    }

    @Test
    void aWrongTarChecksumIsAnError() throws IOException {
        ByteArrayOutputStream tar = new ByteArrayOutputStream();
        TestArchive.tarEntry(tar, "./x", '0', new byte[0], 0);
        byte[] bytes = tar.toByteArray();
        bytes[0] ^= 1;
        assertTrue(refusal(deb(TestArchive.debOf("data.tar", bytes))).contains("checksum"));
    }

    @Test
    void anXzHeaderCannotAskForMoreMemoryThanAnyPresetNeeds() throws IOException {
        byte[] xz = TestArchive.xz(new byte[1024]);
        // Block header at 12 (xz file format, 3.1): size, flags, filter LZMA2, size of its properties, dictionary size.
        assertEquals(0x21, xz[14]);
        xz[16] = 36;                                       // 1 GiB
        int length = (xz[12] + 1) * 4;
        CRC32 crc = new CRC32();
        crc.update(xz, 12, length - 4);
        ByteBuffer.wrap(xz).order(ByteOrder.LITTLE_ENDIAN).putInt(12 + length - 4, (int) crc.getValue());
        assertTrue(refusal(deb(TestArchive.debOf("data.tar.xz", xz))).contains("memory"));
    }

    @Test
    void everyCutOfAPackageIsAnErrorOrItsWholeContent() throws IOException {
        byte[] whole = TestArchive.deb(TestArchive.Content.of("a", "content"));
        List<Integer> accepted = new ArrayList<>();
        for (int length = 0; length < whole.length; length++) {
            DebPackage deb = deb(Arrays.copyOf(whole, length));
            try {
                assertEquals("content", new String(deb.read(Set.of("a")).get("a")));
                accepted.add(length);
            } catch (VmException expected) {
                assertTrue(expected.getMessage().contains("test.deb"), expected.getMessage());
            }
        }
        // What is behind the end-of-archive blocks may be missing: it is never read.
        assertTrue(accepted.stream().allMatch(length -> length > whole.length - 200), accepted::toString);
    }

    @Test
    void anythingElseIsNotAPackage() throws IOException {
        assertTrue(refusal(deb("<html>".repeat(100).getBytes())).contains("not an ar archive"));
        assertTrue(refusal(deb(TestArchive.debOf("data.tar.zst", new byte[10]))).contains("data.tar.zst"));
        assertTrue(refusal(deb(TestArchive.debOf("other", new byte[10]))).contains("no data.tar"));
    }
}
