package org.vm.guest.internal;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.vm.api.VmException;
import org.vm.guest.Progress;
import org.vm.guest.internal.HostTools.Program;

/**
 * Builds a kernel from a distribution's source package, with a configuration of ours and the host's cross compiler. All
 * is done in one folder; what an interrupted build left there is used by the next one.
 */
final class KernelBuild {
    /** The package with the source, and the archive in it. */
    static final String SOURCE = "linux-source-6.12";
    private static final String ARCHIVE = "usr/src/" + SOURCE + ".tar.xz";
    private static final String CROSS = "riscv64-linux-gnu-";
    private static final List<Program> PROGRAMS = List.of(new Program("make", "make"), new Program("gcc", "gcc"),
            new Program(CROSS + "gcc", "gcc-riscv64-linux-gnu"), new Program(CROSS + "ld", "binutils-riscv64-linux-gnu"),
            new Program("flex", "flex"), new Program("bison", "bison"), new Program("bc", "bc"), new Program("tar", "tar"),
            new Program("xz", "xz-utils"));
    /** Large, and no part of what we build. Kconfig files must stay, those of other architectures, too. */
    private static final List<String> UNUSED = List.of("*/drivers/gpu/drm/amd/include/*", "*/tools/testing/*");
    /** Lines that make prints for our configuration: nothing depends on it but the percentage shown. */
    private static final int STEPS = 1688;

    private final HostTools tools;
    private final Path builds;
    private final Path folder;
    private final Path log;

    /**
     * @param builds where kernels are built; one at a time
     * @param key    of source and configuration: what another build of the same left is used
     */
    KernelBuild(String searchPath, Path builds, String key) {
        this.builds = builds;
        this.folder = builds.resolve("linux-" + key);
        this.log = folder.resolve("build.log");
        // Names of this host and user have no place in a kernel.
        this.tools = new HostTools(searchPath, Map.of("PATH", searchPath, "ARCH", "riscv", "CROSS_COMPILE", CROSS, "LC_ALL", "C",
                "KBUILD_BUILD_USER", "vmm", "KBUILD_BUILD_HOST", "vmm", "KCONFIG_ALLCONFIG", wished().toString()));
    }

    /** @throws VmException naming what to install, if the host cannot build a kernel */
    static void requireTools(String searchPath) {
        new HostTools(searchPath, Map.of()).require("building a kernel", PROGRAMS);
    }

    /** Our configuration, as a part of one. */
    static byte[] configuration() throws IOException {
        try (InputStream in = KernelBuild.class.getResourceAsStream("kernel/config")) {
            if (in == null) {
                throw new IOException("this bundle lacks its resource kernel/config");
            }
            return in.readAllBytes();
        }
    }

    /** @return the kernel {@code Image}, in this build's folder */
    Path run(DebPackage source, Progress progress) throws IOException {
        Files.createDirectories(folder);
        try (Stream<Path> others = Files.list(builds)) {
            // Of another version or configuration, never to be completed.
            for (Path other : others.filter(path -> !path.equals(folder)).toList()) {
                delete(other);
            }
        }
        unpack(source, progress);
        configure(progress);
        compile(progress);
        return objects().resolve("arch/riscv/boot/Image");
    }

    /** What {@code uname -r} says in the kernel that was built. */
    String release() throws IOException {
        return Files.readString(objects().resolve("include/config/kernel.release")).strip();
    }

    private Path source() {
        return folder.resolve("source");
    }

    private Path objects() {
        return folder.resolve("objects");
    }

    private Path wished() {
        return folder.resolve("wished.config");
    }

    private void unpack(DebPackage source, Progress progress) throws IOException {
        if (Files.isDirectory(source())) {
            return;
        }
        Path part = folder.resolve("source.part");
        delete(part);
        Files.createDirectories(part);
        AtomicInteger found = new AtomicInteger();
        source.visit(entry -> {
            if (entry.isFile() && entry.name().equals(ARCHIVE)) {
                found.incrementAndGet();
                unpack(entry, part, progress);
            }
        });
        if (found.get() != 1) {
            throw new VmException("package " + SOURCE + " has no file " + ARCHIVE);
        }
        Files.move(part, source(), StandardCopyOption.ATOMIC_MOVE);
    }

    private void unpack(TarReader.Entry archive, Path target, Progress progress) throws IOException {
        String step = "unpacking the kernel's source";
        List<String> command = Stream.concat(Stream.of("tar", "-xJ", "--strip-components=1", "-C", target.toString()),
                UNUSED.stream().map(pattern -> "--exclude=" + pattern)).toList();
        tools.run(step, command, log, stdin -> {
            byte[] buffer = new byte[1 << 16];
            long done = 0;
            for (int n = archive.content().read(buffer); n >= 0; n = archive.content().read(buffer)) {
                stdin.write(buffer, 0, n);
                done += n;
                progress.report(step, done, archive.size());
            }
        }, line -> { });
    }

    /** All that our configuration does not name is off. What it names must have come on, or else it lacks something. */
    private void configure(Progress progress) throws IOException {
        progress.report("configuring the kernel", 0, -1);
        byte[] wish = configuration();
        Files.write(wished(), wish);
        Files.createDirectories(objects());
        make("configuring the kernel", line -> { }, "allnoconfig");
        try (Stream<String> lines = Files.lines(objects().resolve(".config"))) {
            Set<String> is = lines.collect(Collectors.toSet());
            List<String> refused = new String(wish, StandardCharsets.UTF_8).lines()
                    .filter(line -> line.startsWith("CONFIG_") && !is.contains(line)).toList();
            if (!refused.isEmpty()) {
                throw new VmException("this kernel's source does not take " + String.join(", ", refused)
                        + ": an option has another name, or needs one that is not in our configuration");
            }
        }
    }

    private void compile(Progress progress) throws IOException {
        String step = "building the kernel";
        AtomicInteger done = new AtomicInteger();
        make(step, line -> {
            // "  CC      mm/slub.o"; there is no way to know how many will come.
            if (line.startsWith("  ")) {
                progress.report(step, Math.min(done.incrementAndGet(), STEPS - 1), STEPS);
            }
        }, "-j" + Runtime.getRuntime().availableProcessors(), "Image");
        progress.report(step, STEPS, STEPS);
    }

    private void make(String what, Consumer<String> lines, String... words) throws IOException {
        List<String> command = Stream.concat(Stream.of("make", "-C", source().toString(), "O=" + objects()), Stream.of(words)).toList();
        tools.run(what, command, log, HostTools.Input.NONE, lines);
    }

    /** Removes all that was built, some 1.5 GB. */
    void clean() throws IOException {
        delete(folder);
    }

    private static void delete(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return;
        }
        Files.walkFileTree(tree, new SimpleFileVisitor<>() {
            @Override public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override public FileVisitResult postVisitDirectory(Path directory, IOException failure) throws IOException {
                if (failure != null) {
                    throw failure;
                }
                Files.delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
