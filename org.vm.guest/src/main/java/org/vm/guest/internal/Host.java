package org.vm.guest.internal;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What this machine says about fetching: environment variables, apt's sources, trusted keys, the cache folder.
 *
 * @param root the file system's root
 */
record Host(Map<String, String> environment, Path root) {
    static Host local() {
        return new Host(System.getenv(), Path.of("/"));
    }

    Optional<String> variable(String name) {
        return Optional.ofNullable(environment.get(name)).filter(value -> !value.isBlank());
    }

    /** {@code VMM_CACHE}, or the folder for caches as the XDG base directory specification says. */
    Path cache() {
        return variable("VMM_CACHE").map(Path::of)
                .or(() -> variable("XDG_CACHE_HOME").map(folder -> Path.of(folder, "vmm")))
                .orElseGet(() -> Path.of(variable("HOME").orElse(System.getProperty("user.home")), ".cache", "vmm"))
                .toAbsolutePath();
    }

    AptSources aptSources() {
        return new AptSources(root.resolve("etc/apt"));
    }

    /** {@code VMM_KEYRING}, or the folders where the distribution's own package puts its keys. */
    Keyring keyring() {
        return variable("VMM_KEYRING").map(file -> Keyring.read(List.of(Path.of(file)), file))
                .orElseGet(() -> Keyring.installed(List.of(root.resolve("usr/share/keyrings"),
                        root.resolve("etc/apt/trusted.gpg.d"))));
    }

    Proxies proxies() {
        return new Proxies(environment);
    }
}
