package org.vm.guest.internal;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** Reads tar: ustar, GNU long names ('L', 'K') and pax headers' {@code path} are enough for Debian packages. */
final class TarReader {
    private static final int BLOCK = 512;
    private static final int MAX_NAME = 64 * 1024;

    private final InputStream in;
    private BoundedStream content;
    private long padding;

    TarReader(InputStream in) {
        this.in = in;
    }

    /**
     * @param name path without leading {@code ./} or {@code /}, never with a {@code ..} in it
     * @param type tar's type flag: '0' file, '1' hard link, '2' symbolic link, '5' directory
     * @param link target of a link
     */
    record Entry(String name, char type, long size, String link, InputStream content) {
        boolean isFile() {
            return type == '0';
        }
    }

    /** @return the next entry, whose content can be read until the next call, or null at the end */
    Entry next() throws IOException {
        String longName = null;
        String longLink = null;
        while (true) {
            byte[] header = header();
            if (header == null) {
                return null;
            }
            long size = number(header, 124, 12);
            char type = header[156] == 0 ? '0' : (char) (header[156] & 0xFF);
            content = new BoundedStream(in, size);
            padding = -size & BLOCK - 1;
            switch (type) {
                case 'L' -> longName = text(size);
                case 'K' -> longLink = text(size);
                case 'x' -> longName = paxPath(text(size), longName);
                case 'g' -> text(size);
                default -> {
                    String name = longName != null ? longName : name(header);
                    String link = longLink != null ? longLink : string(header, 157, 100);
                    return new Entry(safe(name), type, size, link, content);
                }
            }
        }
    }

    private byte[] header() throws IOException {
        if (content != null) {
            content.skipRest();
            in.skipNBytes(padding);
        }
        byte[] header = in.readNBytes(BLOCK);
        if (header.length == 0) {
            return null;
        }
        if (header.length < BLOCK) {
            throw new EOFException("tar archive ends within a header");
        }
        long sum = 0;
        boolean zero = true;
        for (int i = 0; i < BLOCK; i++) {
            zero &= header[i] == 0;
            sum += i >= 148 && i < 156 ? ' ' : header[i] & 0xFF;
        }
        if (zero) {
            return null;
        }
        if (sum != number(header, 148, 8)) {
            throw new IOException("tar header with a wrong checksum");
        }
        return header;
    }

    private String text(long size) throws IOException {
        if (size > MAX_NAME) {
            throw new IOException("tar entry's name of " + size + " bytes is too long");
        }
        String text = new String(content.readNBytes((int) size), StandardCharsets.UTF_8);
        int end = text.indexOf('\0');
        return end < 0 ? text : text.substring(0, end);
    }

    private static String paxPath(String records, String otherwise) {
        for (String record : records.split("\n")) {
            int start = record.indexOf(" path=");
            if (start > 0) {
                return record.substring(start + 6);
            }
        }
        return otherwise;
    }

    private static String name(byte[] header) {
        String name = string(header, 0, 100);
        boolean ustar = string(header, 257, 5).equals("ustar") && header[262] == 0;
        String prefix = ustar ? string(header, 345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    private static String safe(String name) throws IOException {
        String path = name;
        while (path.startsWith("./") || path.startsWith("/")) {
            path = path.substring(path.indexOf('/') + 1);
        }
        for (String part : path.split("/")) {
            if (part.equals("..")) {
                throw new IOException("tar entry '" + name + "' points out of the archive");
            }
        }
        return path;
    }

    private static String string(byte[] header, int offset, int length) {
        int end = offset;
        while (end < offset + length && header[end] != 0) {
            end++;
        }
        return new String(header, offset, end - offset, StandardCharsets.UTF_8);
    }

    /** Octal digits, or big-endian binary if the first bit is set (GNU, for sizes of 8 GiB and more). */
    private static long number(byte[] header, int offset, int length) throws IOException {
        long value = 0;
        if ((header[offset] & 0x80) != 0) {
            for (int i = offset + length - 8; i < offset + length; i++) {
                value = value << 8 | header[i] & 0xFF;
            }
        } else {
            String digits = string(header, offset, length).strip();
            try {
                value = digits.isEmpty() ? 0 : Long.parseLong(digits, 8);
            } catch (NumberFormatException e) {
                throw new IOException("tar header with '" + digits + "' where a number must be", e);
            }
        }
        if (value < 0) {
            throw new IOException("tar header with a negative size");
        }
        return value;
    }
}
