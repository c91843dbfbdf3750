package org.vm.shell.internal.command;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.vm.api.ConfigurationException;
import org.vm.api.DeviceException;
import org.vm.api.device.Device;
import org.vm.api.device.DeviceHost.Plugged;
import org.vm.api.hotplug.Removal;
import org.vm.api.machine.DeviceManager.Attachment;
import org.vm.api.machine.DeviceManager.Refusal;
import org.vm.api.machine.Machine;
import org.vm.shell.internal.text.Quantity;
import org.vm.shell.internal.text.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The devices of a machine: looking at them, plugging and unplugging them. */
final class DeviceCommands {
    private DeviceCommands() {}

    @Command(name = "devices", description = "Lists the devices of a machine.", footer = "Example: devices linux")
    static final class Devices extends MachineCommands.OnMachine {
        Devices(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            Machine machine = machine();
            Table table = new Table("NAME", "TYPE", "STATUS", "BASE", "SIZE", "IRQ").right(3, 4, 5);
            for (Attachment attachment : machine.devices().attachments()) {
                var device = attachment.device();
                table.row(device.name(), lower(device.type()), machine.devices().kept().contains(device.name())
                        ? "being replaced" : lower(device.status()), Quantity.hex(attachment.base()),
                        Quantity.size(device.size()), attachment.irq() == 0 ? "-" : attachment.irq());
            }
            print(table);
            Table plugged = new Table("NAME", "TYPE", "STATUS", "PLACE");
            for (Plugged each : machine.devices().plugged()) {
                plugged.row(each.device().name(), lower(each.device().type()), lower(each.device().status()), each.place());
            }
            if (!plugged.isEmpty()) {
                out.println();
                print(plugged);
            }
            for (Refusal refusal : machine.devices().refusals()) {
                for (String line : Table.wrap("refused: " + refusal.device() + ": " + refusal.reason(),
                        shell.screen().columns())) {
                    out.println(line);
                }
            }
        }
    }

    @Command(name = "device", description = "Shows the registers, queues and settings of one device.",
            footer = "Example: device linux uart0")
    static final class Info extends ShellCommand {
        @Parameters(paramLabel = "MACHINE", index = "0", description = "Name of the machine.")
        private String machineName;

        @Parameters(paramLabel = "DEVICE", index = "1", description = "Name of the device.")
        private String deviceName;

        Info(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            Plugged found = shell.device(shell.machine(machineName), deviceName);
            Device device = found.device();
            out.printf("%s: %s, %s, at %s%n", device.name(), lower(device.type()), lower(device.status()), found.place());
            Table table = new Table("REGISTER", "VALUE");
            device.info().forEach(table::row);
            if (!table.isEmpty()) {
                print(table);
            }
        }
    }

    @Command(name = "device-add", description = "Plugs a device into a machine, by writing its configuration.",
            footer = {"Example: device-add linux virtio.blk disk1 file=disk.img readOnly=true",
                "The configuration is the same as a file dropped into plugins/."})
    static final class Add extends ShellCommand {
        private static final int STEPS = 20;
        private static final long STEP_MILLIS = 100;

        @Parameters(paramLabel = "MACHINE", index = "0", description = "Name of the machine.")
        private String machineName;

        @Parameters(paramLabel = "KIND", index = "1", description = "What to add, as in virtio.blk; or sensor@1.2.0, if there are several versions.")
        private String kind;

        @Parameters(paramLabel = "NAME", index = "2", description = "A new name for the device.")
        private String deviceName;

        @Parameters(paramLabel = "KEY=VALUE", index = "3..*", arity = "0..*", description = "Settings of the device.")
        private List<String> settings = List.of();

        Add(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() throws InterruptedException {
            Machine machine = shell.machine(machineName);
            requireKind(shell, kind);
            shell.manager().addDevice(machine.name(), kind, deviceName, settings(settings));
            out.println(outcome(machine));
        }

        /** What became of the configuration, which takes a moment. */
        private String outcome(Machine machine) throws InterruptedException {
            for (int i = 0; i < STEPS; i++) {
                Optional<Plugged> there = shell.find(machine, deviceName);
                if (there.isPresent()) {
                    return "device '" + deviceName + "' is at " + there.get().place();
                }
                Optional<Refusal> refusal = machine.devices().refusals().stream()
                        .filter(r -> r.device().equals(deviceName)).findFirst();
                if (refusal.isPresent()) {
                    throw new DeviceException(refusal.get().reason() + "; take the configuration back with: device-remove "
                            + machine.name() + " " + deviceName);
                }
                Thread.sleep(STEP_MILLIS);
            }
            return "device '" + deviceName + "' is configured, but not there yet; see: why " + deviceName;
        }
    }

    @Command(name = "device-remove", description = {"Removes a device and its configuration; it is taken away at last, even if the guest does not"
        + " let it go.", "To unplug a device in agreement with the guest: unplug"},
            footer = "Example: device-remove linux disk1")
    static final class Remove extends ShellCommand {
        private static final Duration PATIENCE = Duration.ofSeconds(15);

        @Parameters(paramLabel = "MACHINE", index = "0", description = "Name of the machine.")
        private String machineName;

        @Parameters(paramLabel = "DEVICE", index = "1", description = "Name of the device.")
        private String deviceName;

        Remove(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() throws InterruptedException {
            Machine machine = shell.machine(machineName);
            boolean refused = machine.devices().refusals().stream().anyMatch(r -> r.device().equals(deviceName));
            String name = refused ? deviceName : shell.device(machine, deviceName).device().name();
            HotplugCommands.await(shell.manager().removeDevice(machine.name(), name, PATIENCE, Removal.INSIST));
            out.println("device '" + deviceName + "' has left machine '" + machine.name() + "'");
        }
    }

    @Command(name = "device-set", description = {"Changes settings of a device, by writing its configuration; KEY= takes one"
        + " back.", "A disk's storage grows under a running guest (size for a file, ram for a RAM disk)."},
            footer = "Example: device-set linux disk1 size=2G")
    static final class Set extends ShellCommand {
        @Parameters(paramLabel = "MACHINE", index = "0", description = "Name of the machine.")
        private String machineName;

        @Parameters(paramLabel = "DEVICE", index = "1", description = "Name of the device.")
        private String deviceName;

        @Parameters(paramLabel = "KEY=VALUE", index = "2..*", arity = "1..*", description = "Settings to change.")
        private List<String> settings;

        Set(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            Machine machine = shell.machine(machineName);
            shell.manager().changeDevice(machine.name(), shell.device(machine, deviceName).device().name(), settings(settings));
            out.println("device '" + deviceName + "' is being changed; see: device " + machine.name() + " " + deviceName);
        }
    }

    static void requireKind(Shell shell, String kind) {
        List<String> kinds = shell.manager().deviceKinds();
        String plain = kind.replaceFirst("@.*", "");
        if (!kinds.contains(plain) && kinds.stream().noneMatch(each -> each.startsWith(plain + "@"))) {
            throw new ConfigurationException("there is no kind of device '" + kind + "'; there are: " + String.join(", ", kinds));
        }
    }

    /** {@code key=value} arguments as configuration properties: all text, which components convert as they declare. */
    static Map<String, Object> settings(List<String> arguments) {
        Map<String, Object> settings = new LinkedHashMap<>();
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            if (equals < 1) {
                throw new ConfigurationException("'" + argument + "' is no setting; write key=value");
            }
            settings.put(argument.substring(0, equals), argument.substring(equals + 1));
        }
        return settings;
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
