package org.vm.guest.internal;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import org.vm.api.VmException;
import org.vm.guest.Progress;

/** Fetches files over HTTP: resumes what was cut, verifies, and only then gives a file its name. */
final class Downloader {
    private static final int ATTEMPTS = 5;
    private static final int BUFFER = 1 << 16;

    private final Proxies proxies;
    private final Duration timeout;

    /** @param timeout longest silence of a server */
    Downloader(Proxies proxies, Duration timeout) {
        this.proxies = proxies;
        this.timeout = timeout;
    }

    /** A server's answer that says the request is wrong, so that there is no use in trying again. */
    private static final class Refused extends IOException {
        private static final long serialVersionUID = 1;

        Refused(String message) {
            super(message);
        }
    }

    /**
     * Fetches a file whose content is known beforehand.
     *
     * @param sha256 lower-case hexadecimal
     * @param target its final place; if it is there with the right content, nothing is fetched
     * @throws VmException if it cannot be fetched or is not what it must be; then {@code target} does not exist
     */
    void fetch(URI source, long size, String sha256, Path target, String label, Progress progress) {
        try {
            if (Files.isRegularFile(target) && Files.size(target) == size && sha256(target).equals(sha256)) {
                return;
            }
            Files.createDirectories(target.getParent());
            Path part = target.resolveSibling(target.getFileName() + ".part");
            boolean resumed = Files.exists(part) && Files.size(part) > 0;
            transferAll(source, size, part, label, progress);
            String actual = sha256(part);
            if (!actual.equals(sha256) && resumed) {
                // What an earlier run left may have been another file: once more, from the start.
                Files.delete(part);
                transferAll(source, size, part, label, progress);
                actual = sha256(part);
            }
            if (!actual.equals(sha256)) {
                Files.delete(part);
                throw new VmException("the file fetched from " + source + " is not what the package index says: SHA-256 is "
                        + actual + ", it must be " + sha256 + "; try again later or another mirror");
            }
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw failure(source, e);
        }
    }

    /** Fetches a small file into memory. @param limit more bytes than this are an error */
    byte[] fetch(URI source, int limit) {
        for (int attempt = 1; ; attempt++) {
            try {
                HttpURLConnection connection = open(source);
                try (InputStream in = answer(connection, source, HttpURLConnection.HTTP_OK)) {
                    byte[] content = in.readNBytes(limit + 1);
                    if (content.length > limit) {
                        throw new Refused("it has more than " + limit + " bytes");
                    }
                    return content;
                } finally {
                    connection.disconnect();
                }
            } catch (IOException e) {
                if (e instanceof Refused || attempt == ATTEMPTS) {
                    throw failure(source, e);
                }
            }
        }
    }

    private static VmException failure(URI source, IOException e) {
        String reason = e instanceof Refused ? e.getMessage() : e.toString();
        return new VmException("cannot fetch " + source + ": " + reason
                + "; check the network, or give another mirror with --mirror", e);
    }

    /** Tries until {@code part} has {@code size} bytes; an attempt that brought something on does not count. */
    private void transferAll(URI source, long size, Path part, String label, Progress progress) throws IOException {
        int attempt = 1;
        while (true) {
            long before = Files.exists(part) ? Files.size(part) : 0;
            try {
                if (before > size) {
                    Files.delete(part);
                    before = 0;
                }
                if (before < size) {
                    transfer(source, before, size, part, label, progress);
                } else if (!Files.exists(part)) {
                    Files.createFile(part);
                }
                progress.report(label, size, size);
                return;
            } catch (IOException e) {
                long after = Files.exists(part) ? Files.size(part) : 0;
                attempt = after > before ? 1 : attempt + 1;
                if (e instanceof Refused || attempt > ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private void transfer(URI source, long from, long size, Path part, String label, Progress progress) throws IOException {
        HttpURLConnection connection = open(source);
        if (from > 0) {
            connection.setRequestProperty("Range", "bytes=" + from + "-");
        }
        try {
            int expected = from > 0 && connection.getResponseCode() == HttpURLConnection.HTTP_PARTIAL
                    ? HttpURLConnection.HTTP_PARTIAL : HttpURLConnection.HTTP_OK;
            long done = expected == HttpURLConnection.HTTP_PARTIAL ? start(connection, from) : 0;
            try (InputStream in = answer(connection, source, expected);
                    OutputStream out = Files.newOutputStream(part, StandardOpenOption.CREATE, done > 0
                            ? StandardOpenOption.APPEND : StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                byte[] buffer = new byte[BUFFER];
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    done += n;
                    if (done > size) {
                        throw new Refused("it has more than the " + size + " bytes that the package index says");
                    }
                    out.write(buffer, 0, n);
                    progress.report(label, done, size);
                }
            }
            if (done < size) {
                throw new IOException("connection ended after " + done + " of " + size + " bytes");
            }
        } finally {
            connection.disconnect();
        }
    }

    /** Position at which a partial answer begins (RFC 9110, section 14.4); it must be the one asked for. */
    private static long start(HttpURLConnection connection, long from) throws IOException {
        String range = connection.getHeaderField("Content-Range");
        if (range == null || !range.startsWith("bytes " + from + "-")) {
            throw new Refused("the server answers with the wrong part of the file (" + range + ")");
        }
        return from;
    }

    private HttpURLConnection open(URI source) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) source.toURL().openConnection(proxies.select(source));
        connection.setConnectTimeout((int) timeout.toMillis());
        connection.setReadTimeout((int) timeout.toMillis());
        connection.setRequestProperty("Accept-Encoding", "identity");
        return connection;
    }

    private static InputStream answer(HttpURLConnection connection, URI source, int expected) throws IOException {
        int status = connection.getResponseCode();
        if (status == expected) {
            return connection.getInputStream();
        }
        String message = "the server answers " + status + " " + connection.getResponseMessage();
        if (status >= 500) {
            throw new IOException(message);
        }
        throw new Refused(message);
    }

    static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = sha256Digest();
            byte[] buffer = new byte[BUFFER];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(digest.digest());
        }
    }

    static String sha256(byte[] content) {
        return HexFormat.of().formatHex(sha256Digest().digest(content));
    }

    private static MessageDigest sha256Digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
