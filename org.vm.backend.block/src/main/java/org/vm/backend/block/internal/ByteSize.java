package org.vm.backend.block.internal;

import org.vm.api.ConfigurationException;

/** Sizes as people write them: {@code 4096}, {@code 64M}, {@code 2G}. */
final class ByteSize {
    private ByteSize() {}

    static long parse(String text) {
        String units = "KMGT";
        String trimmed = text.strip().toUpperCase();
        int unit = trimmed.isEmpty() ? -1 : units.indexOf(trimmed.charAt(trimmed.length() - 1));
        try {
            long number = Long.parseLong(unit < 0 ? trimmed : trimmed.substring(0, trimmed.length() - 1));
            return Math.multiplyExact(number, 1L << 10 * (unit + 1));
        } catch (ArithmeticException | NumberFormatException e) {
            throw new ConfigurationException("'" + text + "' is not a size; write a number of bytes, or 512K, 64M, 2G", e);
        }
    }

    /** As in {@code 64 MiB}, in the largest unit that gives a whole number. */
    static String print(long bytes) {
        int unit = bytes == 0 ? 0 : Math.min(Long.numberOfTrailingZeros(bytes) / 10, 4);
        return (bytes >> 10 * unit) + " " + new String[] {"bytes", "KiB", "MiB", "GiB", "TiB"}[unit];
    }
}
