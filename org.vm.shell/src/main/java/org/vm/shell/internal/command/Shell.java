package org.vm.shell.internal.command;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.vm.api.ConfigurationException;
import org.vm.api.DeviceException;
import org.vm.api.cpu.Cpu;
import org.vm.api.device.DeviceHost;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineManager;
import org.vm.guest.GuestCatalog;
import org.vm.shell.internal.text.Quantity;

/**
 * What a command works with: the machines, their consoles, the guests there are and the place to print.
 *
 * @param guests throws a {@link org.vm.api.VmException} if no bundle offers them
 * @param services what else commands use, if it is there
 */
public record Shell(MachineManager manager, Consoles consoles, Supplier<GuestCatalog> guests, Screen screen,
        Services services) {

    /** Without further services. */
    public Shell(MachineManager manager, Consoles consoles, Supplier<GuestCatalog> guests, Screen screen) {
        this(manager, consoles, guests, screen, Services::none);
    }

    /** The machine of that name, or the only one for {@code null}; the error says which exist. */
    public Machine machine(String name) {
        List<String> names = manager.machines().stream().map(Machine::name).toList();
        if (names.isEmpty()) {
            throw new ConfigurationException((name == null ? "there is no machine yet" : "there is no machine '" + name
                    + "', nor any other") + "; make one with: create NAME");
        }
        if (name == null && names.size() > 1) {
            throw new ConfigurationException("which machine? there are: " + String.join(", ", names));
        }
        return manager.find(name == null ? names.getFirst() : name).orElseThrow(() ->
                new ConfigurationException("there is no machine '" + name + "'; there are: " + String.join(", ", names)));
    }

    /** A device and where it is, in words: its address and interrupt, or its place on another bus. */
    public DeviceHost.Plugged device(Machine machine, String name) {
        return find(machine, name).orElseThrow(() -> new DeviceException("machine '" + machine.name()
                + "' has no device '" + name + "'; it has: " + String.join(", ", deviceNames(machine).toList())));
    }

    Optional<DeviceHost.Plugged> find(Machine machine, String name) {
        Optional<DeviceHost.Plugged> mapped = machine.devices().find(name).map(a -> new DeviceHost.Plugged(a.device(),
                Quantity.hex(a.base()) + (a.irq() == 0 ? "" : ", interrupt " + a.irq())));
        return mapped.or(() -> machine.devices().plugged().stream().filter(p -> p.device().name().equals(name)).findFirst());
    }

    public Stream<String> deviceNames(Machine machine) {
        return Stream.concat(machine.devices().attachments().stream().map(a -> a.device().name()),
                machine.devices().plugged().stream().map(p -> p.device().name()));
    }

    public Cpu cpu(Machine machine, int number) {
        List<? extends Cpu> cpus = machine.cpus();
        if (number < 0 || number >= cpus.size()) {
            throw new ConfigurationException("machine '" + machine.name() + "' has no vCPU " + number + "; it has "
                    + (cpus.isEmpty() ? "none until it is started" : cpus.size() == 1 ? "vCPU 0 only"
                            : "0 to " + (cpus.size() - 1)));
        }
        return cpus.get(number);
    }
}
