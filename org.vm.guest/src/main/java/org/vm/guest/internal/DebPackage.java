package org.vm.guest.internal;

import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;
import org.vm.api.VmException;

/** A Debian package file (deb(5)): its files are read in one pass; nothing is unpacked that nobody asked for. */
final class DebPackage {
    /** More than any preset of xz needs (xz(1): 65 MiB at -9), so that no header can ask for more. */
    private static final int XZ_MEMORY_KIB = 128 * 1024;
    /** No file that we take out of a package comes near this. */
    static final long MAX_FILE = 256L << 20;

    private final Path path;

    DebPackage(Path path) {
        this.path = path;
    }

    interface Visitor {
        void visit(TarReader.Entry entry) throws IOException;
    }

    /** Shows every entry of the data archive, in its order. */
    void visit(Visitor visitor) {
        try (InputStream file = new BufferedInputStream(Files.newInputStream(path), 1 << 16)) {
            ArReader ar = new ArReader(file);
            for (ArReader.Member member = ar.next(); member != null; member = ar.next()) {
                if (member.name().startsWith("data.tar")) {
                    TarReader tar = new TarReader(decompress(member));
                    for (TarReader.Entry entry = tar.next(); entry != null; entry = tar.next()) {
                        visitor.visit(entry);
                    }
                    return;
                }
            }
            throw new IOException("it has no data.tar");
        } catch (IOException e) {
            throw new VmException("package file " + path + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** @return content of the files named, all of which must be there */
    Map<String, byte[]> read(Set<String> names) {
        Map<String, byte[]> found = new HashMap<>();
        visit(entry -> {
            if (entry.isFile() && names.contains(entry.name())) {
                found.put(entry.name(), content(entry));
            }
        });
        for (String name : names) {
            if (!found.containsKey(name)) {
                throw new VmException("package file " + path + " has no " + name);
            }
        }
        return found;
    }

    static byte[] content(TarReader.Entry entry) throws IOException {
        if (entry.size() > MAX_FILE) {
            throw new IOException(entry.name() + " has " + entry.size() + " bytes; " + MAX_FILE + " are the most allowed");
        }
        return entry.content().readNBytes((int) entry.size());
    }

    private static InputStream decompress(ArReader.Member member) throws IOException {
        return switch (member.name()) {
            case "data.tar" -> member.content();
            case "data.tar.xz" -> new BufferedInputStream(new XZInputStream(member.content(), XZ_MEMORY_KIB), 1 << 16);
            case "data.tar.gz" -> new GZIPInputStream(member.content(), 1 << 16);
            default -> throw new IOException("compression of " + member.name() + " is not supported");
        };
    }

    /** @return what an .xz file in memory holds, at most {@link #MAX_FILE} bytes */
    static byte[] unxz(byte[] compressed) throws IOException {
        try (InputStream in = new XZInputStream(new ByteArrayInputStream(compressed), XZ_MEMORY_KIB)) {
            byte[] content = in.readNBytes((int) MAX_FILE);
            if (in.read() >= 0) {
                throw new IOException("compressed file holds more than " + MAX_FILE + " bytes");
            }
            return content;
        }
    }
}
