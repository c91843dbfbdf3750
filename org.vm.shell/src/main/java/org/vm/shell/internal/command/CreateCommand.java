package org.vm.shell.internal.command;

import java.util.List;
import org.vm.api.ConfigurationException;
import org.vm.api.machine.Machine;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestCatalog;
import org.vm.shell.internal.text.ProgressLine;
import org.vm.shell.internal.text.Quantity;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A new machine. */
@Command(name = "create", description = "Creates a machine, by writing its configuration.",
        footer = {"Example: create linux --guest linux --vcpus 2",
            "         create test --memory 64M --kernel program.elf",
            "The configuration is the same as a file dropped into plugins/."})
final class CreateCommand extends ShellCommand {
    private static final int SETTLE_STEPS = 30;
    private static final long SETTLE_STEP_MILLIS = 100;

    @Parameters(paramLabel = "NAME", index = "0", description = "A new name.")
    private String name;

    @Option(names = "--guest", paramLabel = "GUEST", description = "A guest by name (builtin, linux); fetched if need be.")
    private String guest;

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
        Guest what = guest();
        what.merge(options.properties());
        what.merge(DeviceCommands.settings(settings));
        Machine machine = shell.manager().create(name, what.properties());
        out.println("machine '" + name + "': " + Quantity.size(machine.config().memoryBytes()) + ", "
                + machine.config().vcpus() + " vCPU" + (machine.config().vcpus() == 1 ? "" : "s"));
        List<String> missing = settled(machine);
        missing.forEach(reason -> out.println("not ready yet: " + reason));
        if (missing.isEmpty()) {
            out.println("start it with: start " + name);
        }
    }

    private Guest guest() {
        if (guest == null) {
            return Guest.empty();
        }
        if (guest.equals("builtin")) {
            return Guest.builtin();
        }
        GuestCatalog catalog = shell.guests().get();
        Guest.known(catalog, guest);
        return Guest.image(catalog.prepare(guest, FetchOptions.DEFAULT,
                new ProgressLine(out, shell.screen().terminal().isPresent())), shell.screen().terminal());
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
