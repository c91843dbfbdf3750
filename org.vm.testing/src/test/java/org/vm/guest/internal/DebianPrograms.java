package org.vm.guest.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.vm.guest.Progress;

/** Debian packages with all that they depend on, unpacked as an archive to append to our initial RAM disk. */
public final class DebianPrograms {
    private static final String LIBRARIES = "usr/lib/riscv64-linux-gnu/";
    private static final String LOADER = "ld-linux-riscv64-lp64d.so.1";

    private DebianPrograms() {}

    /**
     * @param program what the package is for: a path in it
     * @param scripts more files, executable, by path
     */
    public static byte[] overlay(String packageName, String program, Map<String, String> scripts) {
        Host host = Host.local();
        Archive archive = new Archive(Mirror.choose(host.variable(Mirror.VARIABLE), host.aptSources()), "trixie", "riscv64",
                host.keyring(), new Downloader(host.proxies(), Duration.ofMinutes(1)), host.cache());
        PackageIndex index = archive.index(name -> true, Instant.now(), Progress.SILENT);
        Map<String, TarEntry> files = new TreeMap<>();
        Set<String> seen = new HashSet<>();
        Deque<String> wanted = new ArrayDeque<>(List.of(packageName));
        while (!wanted.isEmpty()) {
            String name = wanted.remove();
            if (seen.add(name)) {
                PackageEntry entry = index.get(name);
                wanted.addAll(entry.depends());
                archive.fetch(entry, Progress.SILENT).visit(file -> {
                    if (file.name().equals(program) || file.name().startsWith(LIBRARIES) && file.name().contains(".so")) {
                        files.put(file.name(), new TarEntry(file.isFile() ? DebPackage.content(file) : null,
                                Optional.of(file.link())));
                    }
                });
            }
        }
        return archive(files, scripts);
    }

    private record TarEntry(byte[] content, Optional<String> link) {}

    private static byte[] archive(Map<String, TarEntry> files, Map<String, String> scripts) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (CpioWriter cpio = new CpioWriter(bytes)) {
            Set<String> folders = new TreeSet<>(Set.of("lib"));
            for (String path : files.keySet()) {
                for (int slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
                    folders.add(path.substring(0, slash));
                }
            }
            for (String folder : folders) {
                cpio.directory(folder, 0755);
            }
            for (Map.Entry<String, TarEntry> file : files.entrySet()) {
                if (file.getValue().content != null) {
                    cpio.file(file.getKey(), 0755, file.getValue().content);
                } else {
                    cpio.link(file.getKey(), file.getValue().link.orElseThrow());
                }
            }
            cpio.link("lib/" + LOADER, "/" + LIBRARIES + LOADER);
            for (Map.Entry<String, String> script : scripts.entrySet()) {
                cpio.file(script.getKey(), 0755, script.getValue().getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return bytes.toByteArray();
    }
}
