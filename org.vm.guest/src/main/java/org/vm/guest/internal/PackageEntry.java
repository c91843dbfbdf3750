package org.vm.guest.internal;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.vm.api.VmException;

/**
 * One stanza of a {@code Packages} file.
 *
 * @param file    path below the mirror's base
 * @param depends names of the packages it depends on, first alternatives only
 */
record PackageEntry(String name, String version, String file, long size, String sha256, List<String> depends) {

    static PackageEntry of(Map<String, String> stanza) {
        String name = stanza.getOrDefault("package", "");
        try {
            List<String> depends = Stream.of(stanza.getOrDefault("depends", "").split(","))
                    .map(alternatives -> alternatives.split("\\|")[0].strip().split("[ (:]")[0])
                    .filter(word -> !word.isEmpty()).toList();
            String sha256 = stanza.getOrDefault("sha256", "");
            String file = stanza.getOrDefault("filename", "");
            if (!sha256.matches("[0-9a-f]{64}") || file.isEmpty() || file.startsWith("/") || file.contains("..")) {
                throw new VmException("the package index has no usable file name or SHA-256 for package " + name);
            }
            return new PackageEntry(name, stanza.getOrDefault("version", "?"), file,
                    Long.parseLong(stanza.getOrDefault("size", "")), sha256, depends);
        } catch (NumberFormatException e) {
            throw new VmException("the package index has no usable size for package " + name, e);
        }
    }
}
