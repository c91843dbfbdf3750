package org.vm.machine.internal;

import java.util.Locale;
import org.vm.api.ConfigurationException;

/** Numbers as people write them in configurations. */
final class Quantity {
    private Quantity() {}

    /** Bytes: {@code 1048576}, {@code 512M}, {@code 2G}. */
    static long bytes(String text) {
        String trimmed = text.strip().toUpperCase(Locale.ROOT);
        String number = trimmed.replaceFirst("I?B?$", "");
        int shift = switch (number.isEmpty() ? ' ' : number.charAt(number.length() - 1)) {
            case 'K' -> 10;
            case 'M' -> 20;
            case 'G' -> 30;
            case 'T' -> 40;
            default -> 0;
        };
        try {
            long value = Long.decode(shift == 0 ? number : number.substring(0, number.length() - 1));
            return Math.multiplyExact(value, 1L << shift);
        } catch (NumberFormatException | ArithmeticException e) {
            throw new ConfigurationException("'" + text + "' is not a size; write bytes, or a number with K, M or G", e);
        }
    }

    /** A number, or a text with one (decimal, or hexadecimal after 0x); nothing or an empty text is {@code absent}. */
    static long number(Object value, long absent) {
        if (value instanceof Number number) {
            return number.longValue();
        }
        if (value == null || value.toString().isBlank()) {
            return absent;
        }
        try {
            return Long.decode(value.toString().strip());
        } catch (NumberFormatException e) {
            throw new ConfigurationException("'" + value + "' is not a number; write it as 4096 or 0x1000", e);
        }
    }
}
