package org.vm.shell.internal.terminal;

import java.io.ByteArrayOutputStream;

/** Finds the keys meant for the monitor in what a person types: Ctrl-A and the key after it. */
final class EscapeKeys {
    /** What a key asks of the monitor. */
    enum Request { NONE, QUIT, SHELL, DETACH, HELP }

    static final String HELP = """
            Ctrl-A h       this help
            Ctrl-A x       stop the machine
            Ctrl-A c       to the shell of the monitor; the machine goes on
            Ctrl-A d       detach; the machine goes on
            Ctrl-A Ctrl-A  send Ctrl-A
            """;

    private static final int CTRL_A = 1;

    private final ByteArrayOutputStream typed = new ByteArrayOutputStream();
    private boolean escaped;

    /** Takes one byte. @return what it asks for */
    Request accept(int key) {
        if (!escaped) {
            escaped = key == CTRL_A;
            if (!escaped) {
                typed.write(key);
            }
            return Request.NONE;
        }
        escaped = false;
        return switch (key) {
            case 'x', 'X' -> Request.QUIT;
            case 'c', 'C' -> Request.SHELL;
            case 'd', 'D' -> Request.DETACH;
            case 'h', 'H', '?' -> Request.HELP;
            case CTRL_A -> {
                typed.write(CTRL_A);
                yield Request.NONE;
            }
            default -> Request.NONE;
        };
    }

    /** Bytes for the guest since the last call. */
    byte[] typed() {
        byte[] bytes = typed.toByteArray();
        typed.reset();
        return bytes;
    }
}
