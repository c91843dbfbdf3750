package org.vm.guest.internal;

import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.vm.api.VmException;

/**
 * A Debian kernel package, taken apart in one pass: the kernel, and its modules put aside in one scratch file, from
 * which the few that are needed are read later.
 */
final class DebianKernel implements KernelModules.Source, AutoCloseable {
    private static final String KERNEL = "boot/vmlinux-";
    /** Where the modules are; since the merge of / and /usr below usr. */
    private static final String MODULES = "(usr/)?lib/modules/([^/]+)/(.+)";

    private record Slice(String path, long offset, int length) {}

    private final byte[] kernel;
    private final String version;
    private final Map<String, Slice> modules;
    private final Set<String> builtIn;
    private final Path scratchFile;
    private final RandomAccessFile scratch;

    private DebianKernel(byte[] kernel, String version, Map<String, Slice> modules, Set<String> builtIn, Path scratchFile)
            throws IOException {
        this.kernel = kernel;
        this.version = version;
        this.modules = modules;
        this.builtIn = builtIn;
        this.scratchFile = scratchFile;
        this.scratch = new RandomAccessFile(scratchFile.toFile(), "r");
    }

    /** @param scratchFile a file to work in, deleted in the end */
    static DebianKernel open(DebPackage deb, Path scratchFile) throws IOException {
        Map<String, byte[]> found = new HashMap<>();
        Map<String, Slice> modules = new HashMap<>();
        Set<String> builtIn = new HashSet<>();
        var pattern = Pattern.compile(MODULES);
        try (OutputStream out = Files.newOutputStream(scratchFile)) {
            long[] written = {0};
            deb.visit(entry -> {
                if (!entry.isFile()) {
                    return;
                }
                var matcher = pattern.matcher(entry.name());
                if (entry.name().startsWith(KERNEL)) {
                    found.put(entry.name(), DebPackage.content(entry));
                } else if (matcher.matches() && matcher.group(3).matches(".+\\.ko(\\.xz)?")) {
                    byte[] content = DebPackage.content(entry);
                    String path = matcher.group(3);
                    String name = path.substring(path.lastIndexOf('/') + 1).replaceFirst("\\.ko(\\.xz)?$", "");
                    out.write(content);
                    modules.put(KernelModules.canonical(name), new Slice(path, written[0], content.length));
                    written[0] += content.length;
                } else if (matcher.matches() && matcher.group(3).equals("modules.builtin")) {
                    new String(DebPackage.content(entry), StandardCharsets.UTF_8).lines()
                            .map(line -> line.substring(line.lastIndexOf('/') + 1).replaceFirst("\\.ko$", ""))
                            .map(KernelModules::canonical).forEach(builtIn::add);
                }
            });
        }
        if (found.size() != 1) {
            throw new VmException("the kernel package must hold one file " + KERNEL + "…, it has " + found.size());
        }
        Map.Entry<String, byte[]> kernel = found.entrySet().iterator().next();
        return new DebianKernel(kernel.getValue(), kernel.getKey().substring(KERNEL.length()), modules, builtIn, scratchFile);
    }

    byte[] kernel() {
        return kernel;
    }

    String version() {
        return version;
    }

    Set<String> builtIn() {
        return builtIn;
    }

    @Override public String path(String name) {
        Slice slice = modules.get(name);
        return slice == null ? null : slice.path.replaceFirst("\\.xz$", "");
    }

    @Override public byte[] read(String name) throws IOException {
        Slice slice = modules.get(name);
        byte[] content = new byte[slice.length];
        scratch.seek(slice.offset);
        scratch.readFully(content);
        return slice.path.endsWith(".xz") ? DebPackage.unxz(content) : content;
    }

    @Override public void close() throws IOException {
        scratch.close();
        Files.deleteIfExists(scratchFile);
    }
}
