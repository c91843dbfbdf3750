package org.vm.shell.internal.command;

import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.VmException;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Runs one command with its arguments. */
public final class Invocation {
    private static final Logger LOG = LoggerFactory.getLogger(Invocation.class);

    private Invocation() {}

    /** A command failed; the message is one sentence for the person who typed it, and is all that a shell shows. */
    public static final class CommandFailure extends RuntimeException {
        CommandFailure(String message, Throwable cause) {
            super(message, cause);
        }

        @Override
        public String toString() {
            return getMessage();
        }
    }

    /** @throws CommandFailure saying what went wrong */
    public static void run(String name, Shell shell, List<String> arguments) {
        CommandLine line = line(name, shell);
        try {
            if (!CommandLine.printHelpIfRequested(line.parseArgs(arguments.toArray(String[]::new)))) {
                ((ShellCommand) line.getCommand()).run();
            }
        } catch (ParameterException mistake) {
            throw new CommandFailure(sentence(mistake) + "; see: help " + name, mistake);
        } catch (Exception failure) {
            throw failure(name, failure);
        }
        shell.screen().out().flush();
    }

    static CommandLine line(String name, Shell shell) {
        CommandLine line = new CommandLine(Catalog.command(name, shell));
        line.setOut(shell.screen().out()).setErr(shell.screen().out());
        line.setUsageHelpWidth(Math.clamp(shell.screen().columns(), 60, 120));
        line.setCaseInsensitiveEnumValuesAllowed(true);
        return line;
    }

    private static CommandFailure failure(String name, Exception failure) {
        if (failure instanceof VmException || failure instanceof CommandFailure) {
            return new CommandFailure(failure.getMessage(), failure);
        }
        LOG.error("command {} failed", name, failure);
        return new CommandFailure("command " + name + " failed unexpectedly: " + failure + "; the log has the details",
                failure);
    }

    /** The parser's message with a small first letter and without the stop at its end. */
    public static String sentence(ParameterException mistake) {
        String message = mistake.getMessage().strip().replace("\n", " ").replaceFirst("\\.$", "");
        return message.substring(0, 1).toLowerCase(Locale.ROOT) + message.substring(1);
    }
}
