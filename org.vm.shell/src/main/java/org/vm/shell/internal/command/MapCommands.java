package org.vm.shell.internal.command;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.vm.api.ConfigurationException;
import org.vm.api.device.MmioDevice;
import org.vm.api.irq.InterruptController;
import org.vm.api.irq.InterruptController.Source;
import org.vm.api.irq.MessageSink;
import org.vm.api.machine.DeviceManager.Attachment;
import org.vm.api.machine.Machine;
import org.vm.shell.internal.text.Quantity;
import org.vm.shell.internal.text.Table;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Who is where in physical address space, and on which interrupt. */
final class MapCommands {
    private MapCommands() {}

    @Command(name = "map", description = "Shows the physical address map: who owns what.", footer = "Example: map linux")
    static final class AddressMap extends MachineCommands.OnMachine {
        private record Range(long start, long size, String owner, String kind) {}

        AddressMap(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            Machine machine = machine();
            List<Range> ranges = new ArrayList<>();
            machine.bus().mappings().forEach(m -> ranges.add(new Range(m.base(), m.size(), m.device().name(),
                    m.device().type().name().toLowerCase(java.util.Locale.ROOT).replace('_', ' '))));
            if (machine.memory() != null) {
                machine.memory().regions().forEach(r -> ranges.add(new Range(r.base(), r.size(), r.name(),
                        r.writable() ? "memory" : "read-only memory")));
            }
            ranges.sort(Comparator.comparing(Range::start, Long::compareUnsigned));
            Table table = new Table("START", "END", "SIZE", "OWNER", "KIND").right(2);
            for (Range range : ranges) {
                table.row(Quantity.hex16(range.start), Quantity.hex16(range.start + range.size - 1),
                        Quantity.size(range.size), range.owner, range.kind);
            }
            print(table);
        }
    }

    @Command(name = "irq", description = "Shows the interrupt sources that are wired or were used, and what takes messages.",
            footer = "Example: irq linux")
    static final class Interrupts extends MachineCommands.OnMachine {
        @Option(names = {"-a", "--all"}, description = "All sources of the controller.")
        private boolean all;

        Interrupts(Shell shell) {
            super(shell);
        }

        @Override
        protected void run() {
            Machine machine = machine();
            InterruptController controller = machine.interrupts().orElseThrow(() -> new ConfigurationException(
                    "machine '" + machine.name() + "' has no interrupt controller now"));
            Map<Integer, List<String>> owners = machine.devices().interruptOwners();
            Table table = new Table("SOURCE", "RAISED", "ENABLED", "PENDING", "SERVING", "PRIORITY", "COUNT", "DEVICE")
                    .right(0, 5, 6);
            for (int number = 1; number <= controller.sources(); number++) {
                Source source = controller.source(number);
                if (all || owners.containsKey(number) || source.count() > 0 || source.enabled() || source.raised()) {
                    table.row(number, yes(source.raised()), yes(source.enabled()), yes(source.pending()), yes(source.serving()),
                            source.priority(), source.count(), String.join(", ", owners.getOrDefault(number, List.of("-"))));
                }
            }
            print(table);
            machine.devices().attachments().stream().map(Attachment::device).filter(MessageSink.class::isInstance)
                    .forEach(this::messages);
        }

        /** What takes interrupt messages says in its own words how they stand. */
        private void messages(MmioDevice controller) {
            Table table = new Table("MESSAGES", "TO " + controller.name());
            controller.info().forEach(table::row);
            print(table);
        }

        private static String yes(boolean value) {
            return value ? "yes" : "-";
        }
    }
}
