package org.vm.machine.internal.replace;

import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Enumeration;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.osgi.framework.Bundle;
import org.osgi.framework.Constants;
import org.osgi.framework.Version;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.replace.ReplacementException;

/**
 * The jar of a bundle as a file of its own, which lasts until it is closed. It is not compressed: whoever loads classes from
 * it while guests wait has less to do.
 */
final class BundleJar implements AutoCloseable {
    private static final int BUFFER = 1 << 15;
    private static final Logger LOG = LoggerFactory.getLogger(BundleJar.class);

    private final Path file;
    private final String version;
    private final boolean overlapping;

    private BundleJar(Path file, String version, boolean overlapping) {
        this.file = file;
        this.version = version;
        this.overlapping = overlapping;
    }

    /**
     * Copies what shall come in place of a bundle, and looks at it.
     *
     * @throws ReplacementException if it is not a jar of that bundle
     */
    static BundleJar copy(Bundle bundle, InputStream content) {
        Path given = null;
        Path file = null;
        try {
            given = Files.createTempFile("bundle", ".jar");
            try (OutputStream out = Files.newOutputStream(given)) {
                content.transferTo(out);
            }
            file = Files.createTempFile("bundle", ".jar");
            Attributes headers;
            try (JarFile jar = new JarFile(given.toFile(), false)) {
                headers = headers(bundle, jar.getManifest());
                copy(jar, file);
            }
            Files.delete(given);
            return new BundleJar(file, Version.parseVersion(headers.getValue(Constants.BUNDLE_VERSION)).toString(),
                    Overlapping.VALUE.equals(headers.getValue(Overlapping.HEADER)));
        } catch (IOException | RuntimeException e) {
            delete(given, e);
            delete(file, e);
            throw e instanceof ReplacementException known ? known
                    : new ReplacementException("what shall replace bundle '%s' is no jar that can be read, and nothing has changed: %s"
                            .formatted(bundle.getSymbolicName(), e.getMessage()), e);
        }
    }

    /** The jar of a bundle that has no name and nothing in it. */
    static InputStream nothing() throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        new JarOutputStream(bytes, manifest).close();
        return new ByteArrayInputStream(bytes.toByteArray());
    }

    /** Reads every entry: one that is cut off is better found now. */
    private static void copy(JarFile jar, Path file) throws IOException {
        byte[] buffer = new byte[BUFFER];
        try (ZipOutputStream out = stored(file)) {
            for (ZipEntry entry : Collections.list(jar.entries())) {
                try (InputStream in = jar.getInputStream(entry)) {
                    write(entry.getName(), in, out, buffer);
                }
            }
        }
    }

    private static ZipOutputStream stored(Path file) throws IOException {
        ZipOutputStream out = new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(file), BUFFER));
        out.setLevel(Deflater.NO_COMPRESSION);
        return out;
    }

    private static void write(String name, InputStream in, ZipOutputStream out, byte[] buffer) throws IOException {
        out.putNextEntry(new ZipEntry(name));
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            out.write(buffer, 0, count);
        }
        out.closeEntry();
    }

    private static Attributes headers(Bundle bundle, Manifest manifest) {
        Attributes headers = manifest == null ? new Attributes() : manifest.getMainAttributes();
        String name = headers.getValue(Constants.BUNDLE_SYMBOLICNAME);
        String symbolicName = name == null ? null : name.replaceAll(";.*", "").strip();
        if (!bundle.getSymbolicName().equals(symbolicName)) {
            throw new ReplacementException("bundle '%s' is not replaced by %s: give the jar of another version of it"
                    .formatted(bundle.getSymbolicName(), symbolicName == null ? "a jar that is no bundle" : "'" + symbolicName + "'"));
        }
        return headers;
    }

    /** The jar of a bundle as it is installed, made anew from its entries: the file that it came from may be another one now. */
    static BundleJar of(Bundle bundle) {
        Path file = null;
        try {
            file = Files.createTempFile("bundle", ".jar");
            byte[] buffer = new byte[BUFFER];
            try (ZipOutputStream out = stored(file)) {
                write(bundle, JarFile.MANIFEST_NAME, out, buffer);
                write(bundle, "", out, buffer);
            }
            return new BundleJar(file, bundle.getVersion().toString(), false);
        } catch (IOException | RuntimeException e) {
            delete(file, e);
            throw new ReplacementException("bundle '%s' is not replaced, because its present version cannot be kept for a way back: %s"
                    .formatted(bundle.getSymbolicName(), e.getMessage()), e);
        }
    }

    private static void write(Bundle bundle, String path, ZipOutputStream out, byte[] buffer) throws IOException {
        if (path.isEmpty() || path.endsWith("/")) {
            Enumeration<String> paths = bundle.getEntryPaths(path.isEmpty() ? "/" : path);
            for (String each : paths == null ? Collections.<String>emptyList() : Collections.list(paths)) {
                if (!each.equals(JarFile.MANIFEST_NAME)) {
                    write(bundle, each, out, buffer);
                }
            }
            return;
        }
        URL entry = bundle.getEntry("/" + path);
        if (entry == null) {
            throw new IOException("its entry " + path + " cannot be read");
        }
        try (InputStream in = entry.openStream()) {
            write(path, in, out, buffer);
        }
    }

    String version() {
        return version;
    }

    /** Whether its devices may be there beside those of another version. */
    boolean overlapping() {
        return overlapping;
    }

    InputStream open() throws IOException {
        return Files.newInputStream(file);
    }

    private static void delete(Path file, Throwable cause) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.debug("a temporary file stays", e);
        }
    }
}
