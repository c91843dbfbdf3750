package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** Images of disks with an ext4 file system, by the host's tools. */
final class Ext4Image {
    private Ext4Image() {}

    /** An empty file system; without the tool for it the test is skipped. */
    static Path create(Path image, long size) throws IOException, InterruptedException {
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(size);
        }
        Assumptions.assumeTrue(tool("mke2fs", "-q", "-t", "ext4", image.toString()) == 0, "mke2fs is not installed");
        return image;
    }

    static void assertClean(Path image) throws InterruptedException {
        assertEquals(0, tool("e2fsck", "-fn", image.toString()), "the file system is not clean");
    }

    private static int tool(String... command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            assertTrue(process.waitFor(2, TimeUnit.MINUTES), command[0] + " does not end");
            return process.exitValue();
        } catch (IOException e) {
            return -1;
        }
    }
}
