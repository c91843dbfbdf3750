package org.vm.bench.guest;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;

/** Compiles the sources of a folder for the guest. Results stay in the cache, under a hash of all that they are made of. */
final class Binaries {
    /** {@code -static}: the guest has no libraries. */
    private static final String[] OPTIONS = {"-O2", "-static", "-march=rv64gc", "-mabi=lp64d"};
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
        return version + " " + String.join(" ", OPTIONS);
    }

    byte[] script(String name) throws IOException {
        return Files.readAllBytes(sources.resolve(name));
    }

    /** The program made of {@code NAME.c}. */
    byte[] program(String name) throws IOException, InterruptedException {
        Path source = sources.resolve(name + ".c");
        if (!Files.isReadable(source)) {
            throw new BenchException("there is no source " + source);
        }
        Path binary = cache.resolve(name + "-" + key(source));
        if (!Files.exists(binary)) {
            Files.createDirectories(cache);
            Path part = Files.createTempFile(cache, name, ".part");
            try {
                String[] arguments = new String[OPTIONS.length + 4];
                System.arraycopy(OPTIONS, 0, arguments, 0, OPTIONS.length);
                arguments[OPTIONS.length] = "-o";
                arguments[OPTIONS.length + 1] = part.toString();
                arguments[OPTIONS.length + 2] = source.toString();
                arguments[OPTIONS.length + 3] = "-lm";
                compiler.run(LIMIT, arguments);
                Files.move(part, binary, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(part);
            }
        }
        return Files.readAllBytes(binary);
    }

    private String key(Path source) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(Files.readAllBytes(source));
            digest.update(Files.readAllBytes(sources.resolve(HEADER)));
            digest.update(version().getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest(), 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
