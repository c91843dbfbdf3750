package org.vm.bench.guest;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * The Linux guest of the catalog.
 *
 * @param version as {@code vmm fetch} tells it
 * @param append  the kernel's command line
 */
record GuestFiles(String version, Path kernel, Path initrd, String append) {
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final String NAME = "linux";

    /** Fetches it if it is not in the cache. */
    static GuestFiles fetch(Tool vmm) throws InterruptedException {
        return parse(vmm.run(LIMIT, "fetch", NAME));
    }

    /**
     * <pre>
     *   linux: Linux 6.12 …
     *     kernel   /home/…/Image
     *     initrd   /home/…/initrd.cpio
     *     append   console=ttyS0
     * </pre>
     */
    static GuestFiles parse(String printed) {
        return new GuestFiles(field(printed, NAME + ":").orElse("?"), Path.of(required(printed, "kernel")),
                Path.of(required(printed, "initrd")), field(printed, "append").orElse(""));
    }

    private static String required(String printed, String key) {
        return field(printed, key).orElseThrow(() -> new BenchException(
                "vmm fetch " + NAME + " named no " + key + "; it printed: " + printed.strip()));
    }

    private static Optional<String> field(String printed, String key) {
        return printed.lines().map(String::strip).filter(line -> line.startsWith(key + " "))
                .map(line -> line.substring(key.length()).strip()).findFirst();
    }
}
