package org.vm.guest.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.guest.GuestExec;

class CpioWriterTest {
    @Test
    void filesOfEveryAlignmentComeOutAsTheyWentIn() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (CpioWriter cpio = new CpioWriter(out)) {
            cpio.directory("d", 0755);
            for (int size = 0; size < 10; size++) {
                cpio.file("d/" + "n".repeat(size + 1), 0644, "x".repeat(size).getBytes(StandardCharsets.US_ASCII));
            }
            cpio.link("link", "d/n");
        }
        Map<String, byte[]> entries = TestArchive.cpio(out.toByteArray());
        assertEquals(12, entries.size());
        for (int size = 0; size < 10; size++) {
            assertEquals("x".repeat(size), new String(entries.get("d/" + "n".repeat(size + 1))));
        }
        assertEquals("d/n", new String(entries.get("link")));
        assertEquals(0, out.size() % 512);
    }

    @Test
    void theHeaderIsThatOfTheKernelsDocument() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (CpioWriter cpio = new CpioWriter(out)) {
            cpio.characterDevice("dev/console", 0600, 5, 1);
        }
        String header = out.toString(StandardCharsets.US_ASCII).substring(0, 110);
        //            magic   ino       mode      uid       gid       nlink     mtime     size      dev major minor
        assertEquals("070701" + "00000001" + "00002180" + "00000000" + "00000000" + "00000001" + "00000000" + "00000000"
                + "00000000" + "00000000" + "00000005" + "00000001" + "0000000C" + "00000000", header);
    }

    @Test
    void aCommandFollowsTheInitialRamDiskAtAnAlignedPlace(@TempDir Path folder) throws IOException {
        Path initrd = Files.write(folder.resolve("initrd"), first());
        Path target = folder.resolve("with-command");
        new GuestExec("echo 'ä'; exit 3").writeInitrd(initrd, target);
        byte[] all = Files.readAllBytes(target);
        assertArrayEquals(first(), Arrays.copyOf(all, first().length));
        Map<String, byte[]> entries = TestArchive.cpio(all);
        assertEquals(List.of("init", "exec", "exec/command", "exec/token"), List.copyOf(entries.keySet()));
        assertEquals("echo 'ä'; exit 3\n", new String(entries.get("exec/command"), StandardCharsets.UTF_8));
        assertTrue(new String(entries.get("exec/token")).matches("[0-9a-f]{32}\n"));
    }

    private static byte[] first() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (CpioWriter cpio = new CpioWriter(out)) {
            cpio.file("init", 0755, "#!/bin/sh\n".getBytes(StandardCharsets.US_ASCII));
        }
        return out.toByteArray();
    }
}
