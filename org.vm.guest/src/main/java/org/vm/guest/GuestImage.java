package org.vm.guest;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;

/**
 * Files that make a guest, ready to be loaded by a machine.
 *
 * @param name        name in the catalog
 * @param description what it is, with its version
 * @param firmware    M-mode firmware to start with, or empty: the machine's built-in SBI starts the kernel
 * @param kernel      kernel {@code Image}, or empty for firmware alone
 * @param initrd      initial RAM disk
 * @param append      kernel command line
 */
public record GuestImage(String name, String description, Optional<Path> firmware, Optional<Path> kernel,
        Optional<Path> initrd, String append) {

    public GuestImage {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(description, "description");
        Objects.requireNonNull(firmware, "firmware");
        Objects.requireNonNull(kernel, "kernel");
        Objects.requireNonNull(initrd, "initrd");
        Objects.requireNonNull(append, "append");
    }
}
