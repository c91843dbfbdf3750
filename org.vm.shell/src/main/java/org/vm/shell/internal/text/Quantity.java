package org.vm.shell.internal.text;

import java.util.Locale;
import org.vm.api.ConfigurationException;

/** Sizes, addresses and counts as people write and read them. */
public final class Quantity {
    private static final String UNITS = "KMGT";

    private Quantity() {}

    /** {@code 512M}, {@code 2G}, {@code 64KiB}, {@code 4096}, {@code 0x1000} in bytes. */
    public static long bytes(String text) {
        String upper = text.toUpperCase(Locale.ROOT).replaceFirst("(?<=[KMGT])(I?B)$", "");
        int unit = upper.isEmpty() ? -1 : UNITS.indexOf(upper.charAt(upper.length() - 1));
        try {
            if (unit < 0) {
                return number(text);
            }
            long count = Long.parseLong(upper.substring(0, upper.length() - 1).strip());
            return Math.multiplyExact(count, 1L << (10 * (unit + 1)));
        } catch (ArithmeticException | NumberFormatException e) {
            throw new ConfigurationException("'" + text + "' is no size: write bytes or a number with K, M, G or T,"
                    + " as in 512M", e);
        }
    }

    /** An address: hexadecimal with {@code 0x}, else decimal. */
    public static long address(String text) {
        try {
            return number(text);
        } catch (NumberFormatException e) {
            throw new ConfigurationException("'" + text + "' is no address: write 0x80000000 or a decimal number", e);
        }
    }

    private static long number(String text) {
        String digits = text.replace("_", "");
        return digits.startsWith("0x") || digits.startsWith("0X")
                ? Long.parseUnsignedLong(digits.substring(2), 16) : Long.parseLong(digits);
    }

    /** Bytes with the largest unit that says it exactly, or one decimal. */
    public static String size(long bytes) {
        if (Long.compareUnsigned(bytes, 1024) < 0) {
            return bytes + " B";
        }
        int unit = Math.min((63 - Long.numberOfLeadingZeros(bytes)) / 10, UNITS.length());
        long one = 1L << (10 * unit);
        String name = " " + UNITS.charAt(unit - 1) + "iB";
        return bytes % one == 0 ? bytes / one + name : String.format(Locale.ROOT, "%.1f", (double) bytes / one) + name;
    }

    /** A count in at most six characters ({@code 1234}, {@code 12.3k}, {@code 4.56M}). */
    public static String count(long count) {
        if (count < 10_000) {
            return Long.toString(count);
        }
        double value = count;
        int step = -1;
        while (value >= 1000 && step < 3) {
            value /= 1000;
            step++;
        }
        int decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;
        return String.format(Locale.ROOT, "%." + decimals + "f", value) + "kMGT".charAt(step);
    }

    public static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f%%", share * 100);
    }

    /** 64 bits in hexadecimal, without leading zeros. */
    public static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    /** 64 bits in hexadecimal, 16 digits. */
    public static String hex16(long value) {
        return String.format(Locale.ROOT, "%016x", value);
    }
}
