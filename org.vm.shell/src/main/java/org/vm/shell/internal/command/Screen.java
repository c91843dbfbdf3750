package org.vm.shell.internal.command;

import java.io.PrintWriter;
import java.util.Optional;
import org.jline.terminal.Terminal;

/** Where a command prints; with a terminal behind it or (in pipes, scripts and tests) without. */
public record Screen(PrintWriter out, Optional<Terminal> terminal) {
    private static final int USUAL_COLUMNS = 80;

    public int columns() {
        return terminal.map(Terminal::getWidth).filter(width -> width > 0).orElse(USUAL_COLUMNS);
    }
}
