package org.vm.guest.internal;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Reads the outer archive of a Debian package: common {@code ar} with 60-byte headers (deb(5)). */
final class ArReader {
    private static final byte[] MAGIC = "!<arch>\n".getBytes(StandardCharsets.US_ASCII);
    private static final int HEADER = 60;

    private final InputStream in;
    private BoundedStream member;
    private boolean oddMember;

    ArReader(InputStream in) throws IOException {
        this.in = in;
        if (!Arrays.equals(in.readNBytes(MAGIC.length), MAGIC)) {
            throw new IOException("not an ar archive");
        }
    }

    record Member(String name, long size, InputStream content) {}

    /** @return the next member, whose content can be read until the next call, or null at the end */
    Member next() throws IOException {
        if (member != null) {
            member.skipRest();
            if (oddMember) {
                in.skipNBytes(1);
            }
        }
        byte[] header = in.readNBytes(HEADER);
        if (header.length == 0) {
            return null;
        }
        if (header.length < HEADER) {
            throw new EOFException("ar archive ends within a header");
        }
        if (header[58] != '`' || header[59] != '\n') {
            throw new IOException("ar header without its end mark");
        }
        String name = field(header, 0, 16);
        if (name.endsWith("/")) {
            name = name.substring(0, name.length() - 1);
        }
        long size;
        try {
            size = Long.parseLong(field(header, 48, 10));
        } catch (NumberFormatException e) {
            throw new IOException("ar member '" + name + "' has no size", e);
        }
        if (size < 0) {
            throw new IOException("ar member '" + name + "' has a negative size");
        }
        oddMember = (size & 1) != 0;
        member = new BoundedStream(in, size);
        return new Member(name, size, member);
    }

    private static String field(byte[] header, int offset, int length) {
        return new String(header, offset, length, StandardCharsets.US_ASCII).strip();
    }
}
