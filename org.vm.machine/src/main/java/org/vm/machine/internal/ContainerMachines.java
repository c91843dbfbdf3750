package org.vm.machine.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.Configuration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentDescriptionDTO;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;
import org.vm.api.ConfigurationException;
import org.vm.api.DeviceException;
import org.vm.api.VmException;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.MmioDevice;
import org.vm.api.hotplug.HotplugException;
import org.vm.api.hotplug.HotplugManager;
import org.vm.api.hotplug.Removal;
import org.vm.api.machine.DeviceManager;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineManager;
import org.vm.api.machine.MachineState;
import org.vm.api.pci.PciFunction;
import org.vm.api.replace.BundleReplacer;

/** The machines of this container, as configurations that are written and services that come of them. */
@Component(service = MachineManager.class)
public final class ContainerMachines implements MachineManager, ServiceTrackerCustomizer<Machine, Machine> {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(15);
    /** How long a device may take to come; one that lacks something comes later. */
    private static final long ADDED = TimeUnit.SECONDS.toNanos(5);

    private final BundleContext context;
    private final DeviceConfigurations configurations;
    private final ServiceComponentRuntime components;
    private final BundleReplacer replacer;
    private final Activations activations = new Activations();
    private final ServiceTracker<Machine, Machine> tracker;
    /** Signalled whenever a machine comes or goes. */
    private final Object changed = new Object();

    @Activate
    public ContainerMachines(BundleContext context, @Reference ConfigurationAdmin admin,
            @Reference ServiceComponentRuntime components, @Reference BundleReplacer replacer) {
        this.context = context;
        this.replacer = replacer;
        this.components = components;
        configurations = new DeviceConfigurations(admin);
        tracker = new ServiceTracker<>(context, Machine.class, this);
        tracker.open();
    }

    @Deactivate
    void deactivate() {
        tracker.close();
    }

    @Override
    public Machine addingService(ServiceReference<Machine> reference) {
        Machine machine = context.getService(reference);
        signal();
        return machine;
    }

    @Override
    public void modifiedService(ServiceReference<Machine> reference, Machine machine) {
        signal();
    }

    @Override
    public void removedService(ServiceReference<Machine> reference, Machine machine) {
        context.ungetService(reference);
        signal();
    }

    private void signal() {
        synchronized (changed) {
            changed.notifyAll();
        }
    }

    @Override
    public List<Machine> machines() {
        return tracker.getTracked().values().stream().sorted(Comparator.comparing(Machine::name)).toList();
    }

    @Override
    public Optional<Machine> find(String name) {
        return machines().stream().filter(machine -> machine.name().equals(name)).findFirst();
    }

    @Override
    public Machine create(String name, Map<String, Object> properties) {
        if (!configurations.machine(name).isEmpty()) {
            throw new ConfigurationException("there is a machine '" + name + "' already; delete it or take another name");
        }
        if (!name.matches("[A-Za-z0-9_.-]+")) {
            throw new ConfigurationException("machine name '" + name + "' must consist of letters, digits, - _ .");
        }
        Map<String, Object> all = new HashMap<>(properties);
        all.put("name", name);
        configurations.write(MachineComponent.PID, name, all);
        if (!await(() -> find(name).isPresent())) {
            String why = why(name);
            configurations.delete(MachineComponent.PID, name);
            throw new ConfigurationException("machine '" + name + "' cannot be made:\n" + why);
        }
        return find(name).orElseThrow(() -> new VmException("machine '" + name + "' was deleted while it was made"));
    }

    /** Waits for a condition; gives up early when a component of the machine has failed, for that does not mend itself. */
    private boolean await(BooleanSupplier condition) {
        return await(() -> condition.getAsBoolean() || failed(), PATIENCE) && condition.getAsBoolean();
    }

    private boolean await(BooleanSupplier condition, long patience) {
        long until = System.nanoTime() + patience;
        synchronized (changed) {
            while (!condition.getAsBoolean()) {
                long left = until - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                try {
                    changed.wait(Math.clamp(TimeUnit.NANOSECONDS.toMillis(left), 1, 50));
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return false;
                }
            }
            return true;
        }
    }

    private boolean failed() {
        return descriptions().filter(d -> d.name.equals(MachineComponent.PID))
                .flatMap(d -> components.getComponentConfigurationDTOs(d).stream())
                .anyMatch(c -> c.failure != null);
    }

    @Override
    public void delete(String name) {
        List<Configuration> found = configurations.machine(name);
        if (found.isEmpty()) {
            throw new ConfigurationException("there is no machine '" + name + "'");
        }
        found.forEach(configurations::delete);
        await(() -> find(name).isEmpty());
        // What is left are devices that were added to it.
        configurations.devices(name).forEach(configurations::delete);
    }

    @Override
    public List<String> deviceKinds() {
        return kinds().names();
    }

    private DeviceKinds kinds() {
        return new DeviceKinds(descriptions().filter(ContainerMachines::makesDevices).toList());
    }

    private static boolean makesDevices(ComponentDescriptionDTO description) {
        return description.configurationPolicy.equals("require")
                && (Stream.of(description.configurationPid).anyMatch(pid -> pid.contains(".device."))
                || Stream.of(description.serviceInterfaces).anyMatch(i -> i.equals(MmioDevice.class.getName())
                        || i.equals(PciFunction.class.getName()) || i.endsWith(".VirtioDevice")));
    }

    private Stream<ComponentDescriptionDTO> descriptions() {
        return components.getComponentDescriptionDTOs().stream();
    }

    @Override
    public void addDevice(String machine, String kind, String name, Map<String, Object> properties) {
        if (configurations.machine(machine).isEmpty() && find(machine).isEmpty()) {
            throw new DeviceException("there is no machine '" + machine + "'");
        }
        String pid = kinds().factory(kind);
        if (configurations.devices(machine).stream().anyMatch(c -> DeviceConfigurations.name(c).equals(name))) {
            throw new DeviceException("machine '" + machine + "' has a device '" + name + "' already");
        }
        Map<String, Object> all = new HashMap<>(properties);
        all.put("vm", machine);
        all.put("name", name);
        configurations.write(pid, machine + "-" + name, all);
        // A machine that is started next shall have it, and what cannot work shall be said here.
        if (!await(() -> has(machine, name) || failure(pid, machine, name).isPresent(), ADDED)) {
            refuseWhileHeldUp(() -> configurations.delete(pid, machine + "-" + name));
        }
        failure(pid, machine, name).ifPresent(reason -> {
            configurations.delete(pid, machine + "-" + name);
            throw new DeviceException("device '" + name + "' cannot be added to machine '" + machine + "': " + reason);
        });
    }

    private void refuseWhileHeldUp(Runnable undo) {
        List<String> late = activations.late(descriptions().toList());
        if (!late.isEmpty()) {
            undo.run();
            throw new DeviceException(String.join("\n", late));
        }
    }

    /** Whether the machine has a device, or has refused it. */
    private boolean has(String machine, String device) {
        return find(machine).map(Machine::devices).filter(devices -> devices.find(device).isPresent()
                || devices.plugged().stream().anyMatch(plugged -> plugged.device().name().equals(device))
                || devices.refusals().stream().anyMatch(refusal -> refusal.device().equals(device))).isPresent();
    }

    /** Why the component of a device's configuration cannot be activated. */
    private Optional<String> failure(String pid, String machine, String device) {
        return descriptions().filter(d -> List.of(d.configurationPid).contains(DeviceConfigurations.plain(pid)))
                .flatMap(d -> components.getComponentConfigurationDTOs(d).stream())
                .filter(c -> c.failure != null && machine.equals(c.properties.get("vm")) && device.equals(c.properties.get("name")))
                .map(c -> Explanation.reason(c.failure)).findFirst();
    }

    @Override
    public void changeDevice(String machine, String name, Map<String, Object> properties) {
        for (Configuration configuration : configurationsOf(machine, name)) {
            configurations.change(configuration, properties);
        }
    }

    @Override
    public CompletionStage<Void> removeDevice(String machine, String name, Duration limit, Removal how) {
        Optional<DeviceManager> devices = find(machine).map(Machine::devices);
        Optional<HotplugManager> slots = devices.flatMap(DeviceManager::hotplug)
                .filter(manager -> manager.slots().stream().anyMatch(slot -> slot.device().equals(name)));
        if (slots.isEmpty()) {
            List<Configuration> found = configurationsOf(machine, name);
            if (how == Removal.ASK && devices.isPresent() && inUse(find(machine).orElseThrow(), name)) {
                return CompletableFuture.failedFuture(new HotplugException(HotplugException.Reason.REFUSED,
                        ("the guest uses device '%s' of machine '%s', which is in no slot: nobody can ask the guest to let it go; "
                                + "remove it by force").formatted(name, machine)));
            }
            found.forEach(configurations::delete);
            return CompletableFuture.completedFuture(null);
        }
        CompletionStage<Void> gone = slots.get().unplug(name, limit, how == Removal.FORCE);
        if (how == Removal.INSIST) {
            gone = gone.exceptionallyCompose(failure -> slots.get().unplug(name, limit, true));
        }
        return gone.thenRun(() -> configurations.devices(machine).stream()
                .filter(configuration -> DeviceConfigurations.name(configuration).equals(name)).forEach(configurations::delete));
    }

    private static boolean inUse(Machine machine, String device) {
        boolean runs = machine.state() == MachineState.RUNNING || machine.state() == MachineState.PAUSED;
        return runs && (machine.devices().find(device).filter(a -> a.device().status() == DeviceStatus.ACTIVE).isPresent()
                || machine.devices().plugged().stream().anyMatch(p -> p.device().name().equals(device)
                        && p.device().status() == DeviceStatus.ACTIVE));
    }

    private List<Configuration> configurationsOf(String machine, String device) {
        List<Configuration> found = new ArrayList<>(configurations.devices(machine));
        found.removeIf(configuration -> !DeviceConfigurations.name(configuration).equals(device));
        if (found.isEmpty()) {
            throw new DeviceException("machine '" + machine + "' has no device '" + device + "' with a configuration of its own");
        }
        return found;
    }

    @Override
    public String why(String name) {
        return new Explanation(configurations, components, this::find, context.getBundles(), replacer.history())
                .of(name, activations.late(descriptions().toList()));
    }
}
