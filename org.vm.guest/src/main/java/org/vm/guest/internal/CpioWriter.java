package org.vm.guest.internal;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Writes the archive format of initial RAM disks: "newc" (Linux Documentation/driver-api/early-userspace/
 * buffer-format). Everything belongs to root and has no date, so the same input gives the same bytes.
 */
public final class CpioWriter implements Closeable {
    private static final int S_IFIFO_MASK = 0170000;
    private static final int S_IFDIR = 0040000;
    private static final int S_IFREG = 0100000;
    private static final int S_IFLNK = 0120000;
    private static final int S_IFCHR = 0020000;
    private static final int BLOCK = 512;

    private final OutputStream out;
    private long written;
    private int inode = 1;

    public CpioWriter(OutputStream out) {
        this.out = out;
    }

    public void directory(String path, int permissions) throws IOException {
        entry(path, S_IFDIR | permissions & ~S_IFIFO_MASK, 0, 0, new byte[0]);
    }

    public void file(String path, int permissions, byte[] content) throws IOException {
        entry(path, S_IFREG | permissions & ~S_IFIFO_MASK, 0, 0, content);
    }

    public void link(String path, String target) throws IOException {
        entry(path, S_IFLNK | 0777, 0, 0, target.getBytes(StandardCharsets.UTF_8));
    }

    public void characterDevice(String path, int permissions, int major, int minor) throws IOException {
        entry(path, S_IFCHR | permissions & ~S_IFIFO_MASK, major, minor, new byte[0]);
    }

    private void entry(String path, int mode, int major, int minor, byte[] content) throws IOException {
        byte[] name = path.getBytes(StandardCharsets.UTF_8);
        // c_magic ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
        String header = "070701" + hex(inode++) + hex(mode) + hex(0) + hex(0) + hex(1) + hex(0) + hex(content.length)
                + hex(0) + hex(0) + hex(major) + hex(minor) + hex(name.length + 1) + hex(0);
        write(header.getBytes(StandardCharsets.US_ASCII));
        write(name);
        write(new byte[1]);
        pad(4);
        write(content);
        pad(4);
    }

    private static String hex(int value) {
        return "%08X".formatted(value);
    }

    private void write(byte[] bytes) throws IOException {
        out.write(bytes);
        written += bytes.length;
    }

    private void pad(int alignment) throws IOException {
        write(new byte[(int) (-written & alignment - 1)]);
    }

    /** Ends the archive, padded so that another one may follow. */
    @Override public void close() throws IOException {
        inode = 0;
        entry("TRAILER!!!", 0, 0, 0, new byte[0]);
        pad(BLOCK);
        out.close();
    }
}
