package org.vm.shell.internal.command;

import java.util.List;
import java.util.Locale;
import org.vm.api.ConfigurationException;
import org.vm.api.ExecMode;
import org.vm.api.VmException;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineState;
import org.vm.shell.internal.text.Quantity;
import org.vm.shell.internal.text.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The life of machines. */
final class MachineCommands {
    private MachineCommands() {}

    /** A command about one machine. */
    abstract static class OnMachine extends ShellCommand {
        @Parameters(paramLabel = "MACHINE", arity = "0..1", description = "Its name; not needed if there is only one.")
        private String name;

        OnMachine(Shell shell) {
            super(shell);
        }

        Machine machine() {
            return shell.machine(name);
        }

        void say(Machine machine, String what) {
            out.println("machine '" + machine.name() + "' " + what);
        }
    }

    @Command(name = "list", description = "Lists the machines.", footer = "Example: list")
    static final class ListMachines extends ShellCommand {
        ListMachines(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            Table table = new Table("NAME", "STATE", "ARCH", "VCPUS", "MEMORY", "ENGINE", "REMARK").right(3, 4);
            for (Machine machine : shell.manager().machines()) {
                var config = machine.config();
                table.row(machine.name(), machine.state(), config.architecture(), config.vcpus(),
                        Quantity.size(config.memoryBytes()), engine(machine), remark(machine));
            }
            if (table.isEmpty()) {
                out.println("there is no machine yet; make one with: create NAME");
            } else {
                print(table);
            }
        }

        /** The name alone; why there is none is a remark, why another one is, {@code why} says. */
        private static String engine(Machine machine) {
            return machine.engine().split("[: ]", 2)[0];
        }

        private static String remark(Machine machine) {
            List<String> missing = machine.missing();
            return machine.reason().orElseGet(() -> switch (missing.size()) {
                case 0 -> "";
                case 1 -> missing.getFirst();
                default -> missing.size() + " things are missing, see: why " + machine.name();
            });
        }
    }

    @Command(name = "start", description = "Starts a machine: loads what is configured and runs its vCPUs.",
            footer = "Example: start linux")
    static final class Start extends OnMachine {
        Start(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            Machine machine = machine();
            if (machine.state() == MachineState.RUNNING || machine.state() == MachineState.PAUSED) {
                throw new ConfigurationException("machine '" + machine.name() + "' is "
                        + machine.state().name().toLowerCase(Locale.ROOT) + " already");
            }
            machine.start();
            say(machine, "runs; its console: console " + machine.name());
        }
    }

    @Command(name = "stop", description = "Stops a machine at once, without asking the guest.",
            footer = "Example: stop linux")
    static final class Stop extends OnMachine {
        Stop(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            Machine machine = machine();
            machine.stop();
            say(machine, "is stopped");
        }
    }

    @Command(name = "pause", description = "Halts the vCPUs and the machine's clock.", footer = "Example: pause linux")
    static final class Pause extends OnMachine {
        Pause(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            Machine machine = machine();
            machine.pause();
            say(machine, "stands still; go on with: resume " + machine.name());
        }
    }

    @Command(name = "resume", description = "Lets a paused machine go on.", footer = "Example: resume linux")
    static final class Resume extends OnMachine {
        Resume(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            Machine machine = machine();
            machine.resume();
            say(machine, "runs again");
        }
    }

    @Command(name = "reset", description = "Restarts the guest, as the reset button does.",
            footer = "Example: reset linux")
    static final class Reset extends OnMachine {
        Reset(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            Machine machine = machine();
            machine.reset();
            say(machine, "was reset");
        }
    }

    @Command(name = "mode", description = "Shows or changes how guest code is executed; the guest notices nothing.",
            footer = {"Example: mode linux", "         mode linux interpreter"})
    static final class Mode extends ShellCommand {
        @Parameters(paramLabel = "MACHINE", index = "0", description = "Its name.")
        private String name;

        @Parameters(paramLabel = "MODE", index = "1", arity = "0..1", description = "${COMPLETION-CANDIDATES}")
        private ExecMode mode;

        Mode(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            Machine machine = shell.machine(name);
            if (mode != null) {
                machine.mode(mode);
            }
            out.println("machine '" + machine.name() + "': mode " + machine.mode().text() + ", engine "
                    + machine.engine());
        }
    }

    @Command(name = "delete", description = "Stops a machine and deletes its configuration.",
            footer = "Example: delete linux")
    static final class Delete extends ShellCommand {
        @Parameters(paramLabel = "MACHINE", description = "Its name.")
        private String name;

        Delete(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() throws VmException {
            shell.manager().delete(shell.machine(name).name());
            out.println("machine '" + name + "' is gone");
        }
    }
}
