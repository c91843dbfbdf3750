package org.vm.shell.internal.command;

import org.jline.terminal.Terminal;
import org.vm.api.ConfigurationException;
import org.vm.api.machine.Machine;
import org.vm.shell.internal.terminal.TerminalSession;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The terminal on a machine's console. */
@Command(name = "console", description = "Attaches the terminal to a machine's console; Ctrl-A d comes back.",
        footer = {"Example: console linux", "While attached: Ctrl-A h shows the other keys."})
final class ConsoleCommand extends ShellCommand {
    @Parameters(paramLabel = "MACHINE", index = "0", arity = "0..1",
            description = "Its name; not needed if there is only one.")
    private String machineName;

    @Parameters(paramLabel = "CONSOLE", index = "1", arity = "0..1", description = "Which of several consoles.")
    private String consoleName;

    ConsoleCommand(Shell shell) {
        super(shell);
    }

    @Override
    protected void run() throws Exception {
        Machine machine = shell.machine(machineName);
        Terminal terminal = shell.screen().terminal().orElseThrow(() ->
                new ConfigurationException("console needs a terminal"));
        var console = shell.consoles().find(machine.name(), consoleName);
        out.println("console of machine '" + machine.name() + "'; Ctrl-A d leaves it, Ctrl-A h shows more keys");
        out.flush();
        TerminalSession session = new TerminalSession(terminal);
        switch (session.run(console, machine.ended())) {
            case QUIT -> {
                machine.stop();
                out.println("machine '" + machine.name() + "' is stopped");
            }
            case ENDED -> out.println("machine '" + machine.name() + "' has ended: "
                    + machine.reason().orElse("status " + machine.ended().getNow(0)));
            case DETACHED, SHELL -> out.println("the machine goes on; back to its console with: console "
                    + machine.name());
        }
    }
}
