package org.vm.guest.internal;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.tukaani.xz.XZInputStream;
import org.vm.api.VmException;

/** The packages of one suite, component and architecture that somebody asked for. */
final class PackageIndex {
    private static final int XZ_MEMORY_KIB = 128 * 1024;

    private final Map<String, PackageEntry> packages;
    private final String origin;

    private PackageIndex(Map<String, PackageEntry> packages, String origin) {
        this.packages = packages;
        this.origin = origin;
    }

    /**
     * @param packagesXz a {@code Packages.xz}, verified before
     * @param wanted     names to keep: the whole file has tens of thousands
     * @param origin     where it comes from, for messages
     */
    static PackageIndex read(Path packagesXz, Predicate<String> wanted, String origin) {
        Map<String, PackageEntry> packages = new HashMap<>();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(
                new XZInputStream(Files.newInputStream(packagesXz), XZ_MEMORY_KIB), StandardCharsets.UTF_8), 1 << 16)) {
            Stanzas stanzas = new Stanzas(in);
            for (Map<String, String> stanza = stanzas.next(); stanza != null; stanza = stanzas.next()) {
                if (wanted.test(stanza.getOrDefault("package", ""))) {
                    PackageEntry entry = PackageEntry.of(stanza);
                    packages.put(entry.name(), entry);
                }
            }
        } catch (IOException e) {
            throw new VmException("the package index " + packagesXz + " cannot be read: " + e.getMessage(), e);
        }
        return new PackageIndex(packages, origin);
    }

    PackageEntry get(String name) {
        PackageEntry entry = packages.get(name);
        if (entry == null) {
            throw new VmException("package " + name + " is not in " + origin);
        }
        return entry;
    }

    /** The package that a meta-package stands for: its first dependency whose name begins so. */
    PackageEntry follow(String metaPackage, String prefix) {
        PackageEntry meta = get(metaPackage);
        return meta.depends().stream().filter(name -> name.startsWith(prefix)).findFirst().map(this::get)
                .orElseThrow(() -> new VmException("package " + metaPackage + " " + meta.version() + " in " + origin
                        + " depends on no package named " + prefix + "…"));
    }
}
