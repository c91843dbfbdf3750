package org.vm.shell.internal.command;

import org.vm.api.ConfigurationException;
import org.vm.shell.internal.text.Table;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** What there is to type. */
@Command(name = "help", description = "Shows all commands, or one of them with examples.", footer = "Example: help mem")
final class HelpCommand extends ShellCommand {
    @Parameters(paramLabel = "COMMAND", arity = "0..1", description = "The command to explain.")
    private String command;

    HelpCommand(Shell shell) {
        super(shell);
    }

    @Override
    protected void run() {
        if (command == null) {
            Table table = new Table("COMMAND", "WHAT IT DOES");
            Catalog.names().forEach(name -> table.row(name,
                    new CommandLine(Catalog.command(name, shell)).getCommandSpec().usageMessage().description()[0]));
            table.row("exit", "Leaves the shell; so does Ctrl-D.");
            print(table);
            out.println();
            Table.wrap("help COMMAND shows arguments and an example. Tab completes names. The shell is Gogo: pipes"
                    + " (devices linux | grep virtio), variables and the commands of other bundles work; gogo:help"
                    + " lists them.", shell.screen().columns()).forEach(out::println);
            return;
        }
        String name = command.replaceFirst("^vm:", "");
        if (!Catalog.names().contains(name)) {
            throw new ConfigurationException("there is no command '" + command + "'; help lists all");
        }
        Invocation.line(name, shell).usage(out);
    }
}
