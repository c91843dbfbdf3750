package org.vm.bench.guest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Compiles the sources of a folder for the guest. Results stay in the cache, under a hash of all that they are made of. */
final class Binaries {
    /** {@code -static}: the guest has no libraries. */
    private static final List<String> STATIC = List.of("-O2", "-static", "-march=rv64gc", "-mabi=lp64d");
    /** As distributions do; but the loader and the libraries are where the programs are. */
    private static final List<String> SHARED = List.of("-O2", "-fPIE", "-pie", "-march=rv64gc", "-mabi=lp64d",
            "-Wl,--dynamic-linker=" + Overlay.FOLDER + "/ld.so", "-Wl,-rpath," + Overlay.FOLDER);
    /** Files of the compiler's C library, by their names in the guest. */
    private static final Map<String, String> LIBRARIES = Map.of("ld.so", "ld-linux-riscv64-lp64d.so.1",
            "libc.so.6", "libc.so.6", "libm.so.6", "libm.so.6");
    private static final String HEADER = "bench.h";
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final Path sources;
    private final Path cache;
    private final Tool compiler;
    private final String version;

    Binaries(Path sources, Path cache, Tool compiler) throws InterruptedException {
        this.sources = sources;
        this.cache = cache;
        this.compiler = compiler;
        this.version = compiler.run(LIMIT, "--version").lines().findFirst().orElse("?");
    }

    static Tool compiler(String path) {
        return Tool.find("riscv64-linux-gnu-gcc", path, "install Debian's package gcc-riscv64-linux-gnu");
    }

    String version() {
        return version(STATIC);
    }

    private String version(List<String> options) {
        return version + " " + String.join(" ", options);
    }

    byte[] script(String name) throws IOException {
        return Files.readAllBytes(sources.resolve(name));
    }

    /** The program made of {@code NAME.c}. */
    byte[] program(String name) throws IOException, InterruptedException {
        return program(name, STATIC);
    }

    /** The same, position-independent; it wants the {@link #libraries}. */
    byte[] pie(String name) throws IOException, InterruptedException {
        return program(name, SHARED);
    }

    Map<String, byte[]> libraries() throws IOException, InterruptedException {
        Map<String, byte[]> libraries = new HashMap<>();
        for (Map.Entry<String, String> library : LIBRARIES.entrySet()) {
            Path file = Path.of(compiler.run(LIMIT, "-print-file-name=" + library.getValue()).strip());
            if (!file.isAbsolute()) {
                throw new BenchException("the compiler " + compiler.program() + " has no " + library.getValue()
                        + "; install Debian's package libc6-riscv64-cross");
            }
            libraries.put(library.getKey(), Files.readAllBytes(file));
        }
        return libraries;
    }

    private byte[] program(String name, List<String> options) throws IOException, InterruptedException {
        Path source = sources.resolve(name + ".c");
        if (!Files.isReadable(source)) {
            throw new BenchException("there is no source " + source);
        }
        Path binary = cache.resolve(name + "-" + key(source, options));
        if (!Files.exists(binary)) {
            Files.createDirectories(cache);
            Path part = Files.createTempFile(cache, name, ".part");
            try {
                List<String> arguments = new ArrayList<>(options);
                arguments.addAll(List.of("-o", part.toString(), source.toString(), "-lm"));
                compiler.run(LIMIT, arguments.toArray(String[]::new));
                Files.move(part, binary, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        }
        return Files.readAllBytes(binary);
    }

    private String key(Path source, List<String> options) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(Files.readAllBytes(source));
            digest.update(Files.readAllBytes(sources.resolve(HEADER)));
            digest.update(version(options).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest(), 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
