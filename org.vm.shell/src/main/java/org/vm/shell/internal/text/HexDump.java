package org.vm.shell.internal.text;

import java.io.PrintWriter;
import java.util.Locale;

/** Sixteen bytes a line: address, hexadecimal, printable characters. */
public final class HexDump {
    private HexDump() {}

    public static void print(PrintWriter out, long address, byte[] bytes) {
        for (int start = 0; start < bytes.length; start += 16) {
            StringBuilder hex = new StringBuilder(" ");
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 16; i++) {
                hex.append(i == 8 ? " " : "");
                if (start + i < bytes.length) {
                    int b = bytes[start + i] & 0xFF;
                    hex.append(String.format(Locale.ROOT, " %02x", b));
                    text.append(b >= 0x20 && b < 0x7F ? (char) b : '.');
                } else {
                    hex.append("   ");
                }
            }
            out.println(Quantity.hex16(address + start) + hex + "  " + text);
        }
    }
}
