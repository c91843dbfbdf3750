package org.vm.machine.internal;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vm.api.ConfigurationException;

/**
 * What a machine starts with.
 *
 * @param firmware for M-mode; without it the monitor's built-in firmware enters the kernel in S-mode
 * @param append   the kernel's command line
 */
public record Boot(Optional<Image> kernel, Optional<Image> initrd, Optional<Image> firmware, String append) {

    /** From configuration, where an empty text means none. */
    public static Boot files(String kernel, String initrd, String firmware, String append) {
        return new Boot(file(kernel), file(initrd), file(firmware), append);
    }

    private static Optional<Image> file(String name) {
        return name.isBlank() ? Optional.empty() : Optional.of(Image.of(Path.of(name)));
    }

    /** Everything that is missing, one sentence each. */
    List<String> missing() {
        List<String> missing = new ArrayList<>();
        if (kernel.isEmpty() && firmware.isEmpty()) {
            missing.add("neither a kernel nor a firmware is configured");
        }
        kernel.flatMap(Image::missing).ifPresent(why -> missing.add("kernel: " + why));
        initrd.flatMap(Image::missing).ifPresent(why -> missing.add("initrd: " + why));
        firmware.flatMap(Image::missing).ifPresent(why -> missing.add("firmware: " + why));
        return missing;
    }

    void check(String machine) {
        if (!missing().isEmpty()) {
            throw new ConfigurationException("machine '" + machine + "' cannot start: " + String.join("; ", missing()));
        }
    }
}
