package org.vm.shell.internal.command;

import java.util.List;
import java.util.Map;
import org.vm.api.ConfigurationException;
import org.vm.api.machine.Machine;
import org.vm.shell.internal.text.Quantity;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** A new machine. */
@Command(name = "create", description = "Creates a machine, by writing its configuration.",
        footer = {"Example: create test --memory 512M --vcpus 2 --kernel Image",
            "The configuration is the same as a file dropped into plugins/."})
final class CreateCommand extends ShellCommand {
    private static final int SETTLE_STEPS = 30;
    private static final long SETTLE_STEP_MILLIS = 100;

    @Parameters(paramLabel = "NAME", index = "0", description = "A new name.")
    private String name;

    @Mixin
    private MachineOptions options;

    @Parameters(paramLabel = "KEY=VALUE", index = "1..*", arity = "0..*", description = "Further settings.")
    private List<String> settings = List.of();

    CreateCommand(Shell shell) {
        super(shell);
    }

    @Override
    protected void run() throws InterruptedException {
        if (shell.manager().find(name).isPresent()) {
            throw new ConfigurationException("there is a machine '" + name + "' already; delete it first or take"
                    + " another name");
        }
        options.check(name);
        Map<String, Object> properties = options.properties();
        properties.putAll(DeviceCommands.settings(settings));
        Machine machine = shell.manager().create(name, properties);
        out.println("machine '" + name + "': " + Quantity.size(machine.config().memoryBytes()) + ", "
                + machine.config().vcpus() + " vCPU" + (machine.config().vcpus() == 1 ? "" : "s"));
        List<String> missing = settled(machine);
        missing.forEach(reason -> out.println("not ready yet: " + reason));
        if (missing.isEmpty()) {
            out.println("start it with: start " + name);
        }
    }

    /** What is missing once the board's devices have come, which takes a moment, or do not come. */
    private static List<String> settled(Machine machine) throws InterruptedException {
        List<String> missing = machine.missing();
        int unchanged = 0;
        for (int i = 0; i < SETTLE_STEPS && unchanged < 3 && !missing.isEmpty(); i++) {
            Thread.sleep(SETTLE_STEP_MILLIS);
            List<String> now = machine.missing();
            unchanged = now.equals(missing) ? unchanged + 1 : 0;
            missing = now;
        }
        return missing;
    }
}
