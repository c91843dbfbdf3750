package org.vm.shell.internal.terminal;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All settings of the process's terminal, as stty(1) saves them. JLine restores modes and control characters, but loses
 * the line speed, which a serial line cannot do without.
 */
public final class TerminalSettings {
    private static final Logger LOG = LoggerFactory.getLogger(TerminalSettings.class);

    private final Optional<String> saved;

    private TerminalSettings(Optional<String> saved) {
        this.saved = saved;
    }

    /** The settings as they are now; nothing if standard input is no terminal or the host has no stty. */
    public static TerminalSettings now() {
        return new TerminalSettings(stty("-g").filter(settings -> !settings.isEmpty()));
    }

    public void restore() {
        saved.ifPresent(TerminalSettings::stty);
    }

    private static Optional<String> stty(String argument) {
        try {
            Process stty = new ProcessBuilder("stty", argument).redirectInput(Redirect.INHERIT)
                    .redirectError(Redirect.DISCARD).start();
            try (InputStream output = stty.getInputStream()) {
                String text = new String(output.readAllBytes(), StandardCharsets.US_ASCII).strip();
                return stty.waitFor() == 0 ? Optional.of(text) : Optional.empty();
            }
        } catch (IOException e) {
            LOG.info("stty cannot be run, so the line speed is not restored: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return Optional.empty();
    }
}
