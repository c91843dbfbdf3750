package org.vm.kit;

import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code ./vmm new} and {@code ./vmm dev}: for people who write plugins. Runs beside the monitor, not in it. */
@Command(name = "vmm", subcommands = {NewCommand.class, DevCommand.class})
public final class KitCommand {
    private static final int FAILURE = 1;
    private static final int MISTAKE = 2;

    /** Where the distribution is, and where what commands say goes. */
    record Surroundings(Path home, Path folder, PrintStream out, PrintStream err) {}

    /** What a command needs, given to it after it was parsed. */
    interface Placed {
        int call(Surroundings where) throws IOException, InterruptedException;
    }

    private KitCommand() {}

    public static void main(String[] arguments) {
        Surroundings here = new Surroundings(Path.of(System.getProperty("vmm.home")), Path.of("").toAbsolutePath(), System.out, System.err);
        System.exit(run(here, arguments));
    }

    /** @return the exit status: 0, 1 for a failure, 2 for a mistake on the command line */
    static int run(Surroundings where, String... arguments) {
        CommandLine line = new CommandLine(new KitCommand());
        line.setOut(new PrintWriter(where.out(), true));
        line.setErr(new PrintWriter(where.err(), true));
        line.setExecutionStrategy(parsed -> {
            Integer help = CommandLine.executeHelpRequest(parsed);
            if (help != null) {
                return help;
            }
            CommandLine.ParseResult last = parsed;
            while (last.hasSubcommand()) {
                last = last.subcommand();
            }
            if (!(last.commandSpec().userObject() instanceof Placed command)) {
                last.commandSpec().commandLine().usage(where.out());
                return MISTAKE;
            }
            return carryOut(command, where, last.commandSpec().qualifiedName());
        });
        return line.execute(arguments);
    }

    private static int carryOut(Placed command, Surroundings where, String name) {
        try {
            return command.call(where);
        } catch (KitException e) {
            where.err().println(name + ": " + e.getMessage());
            return FAILURE;
        } catch (IOException e) {
            where.err().println(name + ": " + e);
            return FAILURE;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return FAILURE;
        }
    }
}
