package org.vm.shell.internal.command;

import org.vm.api.machine.Machine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The reasons why something is not there. */
@Command(name = "why", description = "Says in words why a machine, a device or a bundle is not there or does not run.",
        footer = {"Example: why linux", "         why disk1"})
final class WhyCommand extends ShellCommand {
    @Parameters(paramLabel = "NAME", arity = "0..1", description = "A machine, a device or a bundle; by default all machines.")
    private String name;

    WhyCommand(Shell shell) {
        super(shell);
    }

    @Override
    protected void run() {
        if (name != null) {
            out.println(shell.manager().why(name).stripTrailing());
            return;
        }
        if (shell.manager().machines().isEmpty()) {
            out.print(shell.manager().why(""));
            out.println("there is no machine yet; make one with: create NAME");
        }
        for (Machine machine : shell.manager().machines()) {
            out.println(shell.manager().why(machine.name()).stripTrailing());
        }
    }
}
