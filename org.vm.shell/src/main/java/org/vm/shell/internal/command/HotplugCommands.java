package org.vm.shell.internal.command;

import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.vm.api.ConfigurationException;
import org.vm.api.VmException;
import org.vm.api.hotplug.HotplugEvent;
import org.vm.api.hotplug.HotplugManager;
import org.vm.api.hotplug.Removal;
import org.vm.api.hotplug.SlotInfo;
import org.vm.api.machine.Machine;
import org.vm.shell.internal.text.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Slots, and what comes and goes in them while the guest runs. */
final class HotplugCommands {
    private HotplugCommands() {}

    private static HotplugManager manager(Machine machine) {
        return machine.devices().hotplug().orElseThrow(() -> new ConfigurationException("machine '" + machine.name()
                + "' has no slots; they are its PCI host bridge's, see: why " + machine.name()));
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /** What a stage ends with, when it ends. Ctrl+C ends the waiting, not what is waited for. */
    static <T> T await(CompletionStage<T> stage) throws InterruptedException {
        try {
            return stage.toCompletableFuture().get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof VmException known ? known : new VmException(e.getCause().toString(), e.getCause());
        }
    }

    private static Duration seconds(double timeout) {
        if (!(timeout >= 0 && timeout <= 86_400)) {
            throw new ConfigurationException("the guest can have 0 to 86400 seconds, not " + timeout);
        }
        return Duration.ofMillis((long) (timeout * 1000));
    }

    @Command(name = "slots", description = "Shows the slots of a machine: what is in them, and how the guest hears of it.",
            footer = "Example: slots linux --events")
    static final class Slots extends MachineCommands.OnMachine {
        private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS");

        @Option(names = {"-e", "--events"}, description = "What happened lately, too.")
        private boolean events;

        Slots(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            HotplugManager manager = manager(machine());
            Table table = new Table("SLOT", "STATE", "DEVICE", "ADDRESS", "WAY");
            Set<String> notes = new LinkedHashSet<>();
            for (SlotInfo slot : manager.slots()) {
                table.row(slot.name(), lower(slot.state()), slot.device().isEmpty() ? "-" : slot.device(),
                        slot.address().isEmpty() ? "-" : slot.address(), lower(slot.way()));
                if (!slot.waiting().isEmpty()) {
                    notes.add(slot.name() + ": '" + slot.device() + "' waits " + slot.waiting());
                }
            }
            manager.slots().forEach(slot -> notes.add(lower(slot.way()) + ": " + slot.reason()));
            print(table);
            notes.forEach(this::wrapped);
            if (events) {
                Table book = new Table("TIME", "SLOT", "EVENT", "DEVICE", "DETAIL");
                for (HotplugEvent event : manager.events(0)) {
                    book.row(TIME.format(event.time().atZone(ZoneId.systemDefault())), event.slot(), lower(event.kind()),
                            event.device(), event.detail());
                }
                out.println();
                print(book);
            }
        }

        private void wrapped(String note) {
            Table.wrap(note, shell.screen().columns()).forEach(out::println);
        }
    }

    @Command(name = "plug", description = {"Plugs a new device into a slot, by writing its configuration, and waits until the"
        + " guest uses it.", "With the name of a device alone: asks the guest again to use what is in a slot."},
            footer = {"Example: plug linux virtio.blk disk1 file=disk.img --slot slot3", "         plug linux disk1"})
    static final class Plug extends ShellCommand {
        @Parameters(paramLabel = "MACHINE", index = "0", description = "Name of the machine.")
        private String machineName;

        @Parameters(paramLabel = "KIND", index = "1", description = "What to plug, as in virtio.blk; or a device that is there.")
        private String kind;

        @Parameters(paramLabel = "NAME", index = "2", arity = "0..1", description = "A new name for the device.")
        private String deviceName;

        @Parameters(paramLabel = "KEY=VALUE", index = "3..*", arity = "0..*", description = "Settings of the device.")
        private List<String> settings = List.of();

        @Option(names = "--slot", paramLabel = "SLOT", description = "Which slot; the first empty one if not given.")
        private String slot;

        @Option(names = "--timeout", paramLabel = "SECONDS", description = "How long to wait for the guest; 30 if not given.")
        private double timeout = 30;

        Plug(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() throws InterruptedException {
            Duration limit = seconds(timeout);
            Machine machine = shell.machine(machineName);
            HotplugManager manager = manager(machine);
            String name = deviceName == null ? kind : deviceName;
            if (deviceName != null) {
                add(machine, manager);
            }
            SlotInfo there = manager.slots().stream().filter(s -> s.device().equals(name)).findFirst().orElse(null);
            if (there != null && there.way() == SlotInfo.Way.NONE && there.waiting().isEmpty()) {
                out.println("device '" + name + "' is in " + there.name() + ": " + there.reason());
                return;
            }
            SlotInfo now = await(manager.plug(name, limit));
            out.println("device '" + name + "' is in " + now.name() + ", " + lower(now.state())
                    + (now.address().isEmpty() ? "" : ", at " + now.address()));
        }

        private void add(Machine machine, HotplugManager manager) {
            DeviceCommands.requireKind(shell, kind);
            if (slot != null && manager.slots().stream().noneMatch(s -> s.name().equals(slot))) {
                throw new ConfigurationException("there is no slot '" + slot + "'; there are: "
                        + String.join(", ", manager.slots().stream().map(SlotInfo::name).toList()));
            }
            Map<String, Object> all = new LinkedHashMap<>(DeviceCommands.settings(settings));
            all.putIfAbsent("bus", slot == null ? "pci" : slot);
            if (slot != null) {
                all.put("slot", slot);
            }
            shell.manager().addDevice(machine.name(), kind, deviceName, all);
        }
    }

    @Command(name = "unplug", description = "Asks the guest to let a device go, waits until it has, and deletes its configuration.",
            footer = {"Example: unplug linux disk1", "A guest with a driver for slots blinks for five seconds before it lets go."})
    static final class Unplug extends ShellCommand {
        @Parameters(paramLabel = "MACHINE", index = "0", description = "Name of the machine.")
        private String machineName;

        @Parameters(paramLabel = "DEVICE", index = "1", description = "Name of the device.")
        private String deviceName;

        @Option(names = {"-f", "--force"}, description = "Do not ask: what the guest has not written out is lost.")
        private boolean force;

        @Option(names = "--timeout", paramLabel = "SECONDS", description = "How long to wait for the guest; 30 if not given.")
        private double timeout = 30;

        Unplug(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() throws InterruptedException {
            Machine machine = shell.machine(machineName);
            await(shell.manager().removeDevice(machine.name(), shell.device(machine, deviceName).device().name(),
                    seconds(timeout), force ? Removal.FORCE : Removal.ASK));
            out.println("device '" + deviceName + "' has left machine '" + machine.name() + "'");
        }
    }
}
