package org.vm.bench.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Host memory of a monitor, in MiB.
 *
 * @param all  everything resident
 * @param own  without the pages that the guest has touched
 */
record ResidentMemory(double all, double own) {
    private static final Pattern MAPPING = Pattern.compile("[0-9a-f]+-[0-9a-f]+ (....) .*");
    private static final Pattern FIELD = Pattern.compile("(Size|Rss): +(\\d+) kB");
    /** As {@link Monitor#MEMORY}. */
    private static final long GUEST_KIB = 512 << 10;

    /** Linux Documentation/filesystems/proc: {@code /proc/PID/smaps}. */
    static ResidentMemory of(long pid) throws IOException {
        return parse(Files.readString(Path.of("/proc", Long.toString(pid), "smaps")));
    }

    /** The guest's RAM is the mapping that can be written and is as large as the RAM; a Java heap never grows so far. */
    static ResidentMemory parse(String smaps) {
        long all = 0;
        long guest = 0;
        long size = 0;
        boolean writable = false;
        for (String line : smaps.lines().toList()) {
            Matcher mapping = MAPPING.matcher(line);
            Matcher field = FIELD.matcher(line);
            if (mapping.matches()) {
                writable = mapping.group(1).startsWith("rw");
            } else if (field.matches()) {
                long kib = Long.parseLong(field.group(2));
                if (field.group(1).equals("Size")) {
                    size = kib;
                } else {
                    all += kib;
                    guest = writable && size >= GUEST_KIB ? Math.max(guest, kib) : guest;
                }
            }
        }
        return new ResidentMemory(all / 1024.0, (all - guest) / 1024.0);
    }
}
