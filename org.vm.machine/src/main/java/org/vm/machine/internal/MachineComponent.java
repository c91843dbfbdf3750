package org.vm.machine.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Filter;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.ConfigurationException;
import org.vm.api.ExecMode;
import org.vm.api.GuestArch;
import org.vm.api.VmConfig;
import org.vm.api.VmException;
import org.vm.api.cpu.CpuArchitecture;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.device.MmioDevice;
import org.vm.api.machine.Machine;
import org.vm.api.mmu.MmuFactory;
import org.vm.api.replace.DeviceKeeper;

/**
 * A machine as a factory configuration. Writes the configurations of its board's devices, tracks the device services that
 * name it, and publishes the {@link Machine}.
 */
@Component(service = {}, immediate = true, name = MachineComponent.PID, configurationPid = MachineComponent.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = MachineComponent.Config.class, factory = true)
public final class MachineComponent implements DeviceKeeper, ServiceTrackerCustomizer<MmioDevice, MmioDevice> {
    static final String PID = "org.vm.machine";

    @ObjectClassDefinition(name = "Machine", description = "A virtual machine")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "Unique in the container; letters, digits, - _ .")
        String name();

        @AttributeDefinition(name = "Architecture", description = "Instruction set: riscv64")
        String architecture() default "riscv64";

        @AttributeDefinition(name = "Board", description = "What is built in: virt, or virt-aclint")
        String board() default "virt";

        @AttributeDefinition(name = "Advanced interrupt architecture",
                description = "Interrupt controllers: none (a PLIC), aplic, or aplic-imsic")
        String aia() default "none";

        @AttributeDefinition(name = "Memory", description = "RAM in bytes, or as in 512M or 2G")
        String memory() default "256M";

        @AttributeDefinition(name = "vCPUs", description = "1 to 64")
        int vcpus() default 1;

        @AttributeDefinition(name = "Mode", description = "How guest code is executed: interpreter, jit, hybrid")
        String mode() default "hybrid";

        @AttributeDefinition(name = "Kernel", description = "File: a raw Image or ELF", required = false)
        String kernel() default "";

        @AttributeDefinition(name = "Initial RAM disk", description = "File", required = false)
        String initrd() default "";

        @AttributeDefinition(name = "Firmware", description = "File for M-mode; empty or builtin: the built-in SBI",
                required = false)
        String firmware() default "";

        @AttributeDefinition(name = "Command line", description = "Given to the kernel", required = false)
        String append() default "";

        @AttributeDefinition(name = "Start", description = "Start as soon as everything is there")
        boolean autostart() default false;

        @AttributeDefinition(name = "Devices", description = "More devices: kind:name,key=value,key=value", required = false)
        String[] devices() default {};

        @AttributeDefinition(name = "Parts", description = "Settings of what is built in: part.key=value, as in pci.rootPorts=16",
                required = false)
        String[] parts() default {};

        @AttributeDefinition(name = "TLB entries", description = "Of each software TLB for data; a power of two. Those for code have a quarter.")
        int tlbEntries() default 4096;

        @AttributeDefinition(name = "JIT threshold", description = "Entries of a block until it is translated; 0: the engine's own")
        int jitThreshold() default 0;

        @AttributeDefinition(name = "Patience", description = "Seconds to wait for the board's devices at the start")
        int patience() default 30;
    }

    private static final Logger LOG = LoggerFactory.getLogger(MachineComponent.class);

    /** An engine and what its service says of it. */
    private record Ranked(ExecutionEngine engine, int ranking, long id) {}

    private final VirtualMachine machine;
    private final InstructionServices instructions;
    private final DeviceConfigurations configurations;
    private final List<Board.Part> parts;
    private final Map<ExecutionEngine, Ranked> engines = new ConcurrentHashMap<>();
    private final BundleContext context;
    private final ServiceTracker<MmioDevice, MmioDevice> devices;
    private final List<ServiceRegistration<?>> registrations;

    @Activate
    public MachineComponent(BundleContext context, Config config, @Reference ConfigurationAdmin admin,
            @Reference MmuFactory mmus, @Reference(name = "architecture") CpuArchitecture architecture) {
        this.context = context;
        VmConfig settings = settings(config);
        if (architecture.architecture() != settings.architecture()) {
            throw new ConfigurationException("machine '%s' is configured for %s, but the instruction set that is installed is %s"
                    .formatted(settings.name(), settings.architecture(), architecture.architecture()));
        }
        Board board = Board.named(config.board()).aia(config.aia()).with(List.of(config.parts()));
        String firmware = config.firmware().equals("builtin") ? "" : config.firmware();
        configurations = new DeviceConfigurations(admin);
        parts = new ArrayList<>(board.parts());
        for (String line : config.devices()) {
            parts.add(part(settings.name(), line));
        }
        instructions = new InstructionServices(context, settings.name(), architecture);
        machine = new VirtualMachine(settings, board,
                Boot.files(config.kernel(), config.initrd(), firmware, config.append()), mmus, architecture,
                instructions.open());
        instructions.follow(machine);
        machine.patience(Duration.ofSeconds(config.patience()));
        devices = new ServiceTracker<>(context, filter(settings.name()), this);
        devices.open();
        parts.forEach(this::configure);
        Hashtable<String, Object> properties = new Hashtable<>(Map.of("vm", settings.name()));
        registrations = List.of(context.registerService(DeviceKeeper.class, this, properties),
                context.registerService(Machine.class, machine, properties));
        if (config.autostart()) {
            Thread.startVirtualThread(this::autostart);
        }
    }

    private static VmConfig settings(Config config) {
        if (config.name() == null) {
            throw new ConfigurationException("a machine's configuration lacks its name; add name=...");
        }
        return new VmConfig(config.name(), constant(GuestArch.class, config.architecture(), "architecture"),
                constant(ExecMode.class, config.mode(), "mode"), Quantity.bytes(config.memory()), config.vcpus(),
                config.jitThreshold(), config.tlbEntries());
    }

    private static <E extends Enum<E>> E constant(Class<E> type, String text, String what) {
        try {
            return Enum.valueOf(type, text.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new ConfigurationException("there is no %s '%s'; there are: %s".formatted(what, text,
                    List.of(type.getEnumConstants()).toString().toLowerCase(Locale.ROOT)), e);
        }
    }

    private static Board.Part part(String machine, String line) {
        String[] fields = line.split(",");
        int colon = fields[0].indexOf(':');
        if (colon < 1) {
            throw new ConfigurationException("device '%s' of machine '%s' is not of the form kind:name,key=value"
                    .formatted(line, machine));
        }
        Map<String, String> properties = new HashMap<>();
        for (int i = 1; i < fields.length; i++) {
            int equals = fields[i].indexOf('=');
            if (equals < 1) {
                throw new ConfigurationException("'%s' in device '%s' of machine '%s' is not of the form key=value"
                        .formatted(fields[i], line, machine));
            }
            properties.put(fields[i].substring(0, equals).strip(), fields[i].substring(equals + 1).strip());
        }
        String kind = fields[0].substring(0, colon).strip();
        return new Board.Part(kind.startsWith("org.") ? kind : "org.vm.device." + kind,
                fields[0].substring(colon + 1).strip(), -1, -1, properties);
    }

    private static Filter filter(String machine) {
        try {
            return FrameworkUtil.createFilter("(&(objectClass=" + MmioDevice.class.getName() + ")(vm=" + machine + "))");
        } catch (InvalidSyntaxException e) {
            throw new ConfigurationException("machine name '" + machine + "' is not valid", e);
        }
    }

    private String configurationName(Board.Part part) {
        return machine.name() + "-" + part.name();
    }

    private void configure(Board.Part part) {
        Map<String, Object> properties = new HashMap<>();
        part.properties().forEach((key, value) -> properties.put(key, value.replace("$vm", machine.name())));
        properties.put("vm", machine.name());
        properties.put("name", part.name());
        if (part.base() >= 0) {
            properties.put("base", "0x" + Long.toHexString(part.base()));
        }
        if (part.irq() >= 0) {
            properties.put("irq", part.irq());
        }
        configurations.write(part.kind(), configurationName(part), properties);
    }

    private void autostart() {
        try {
            machine.start();
        } catch (VmException e) {
            LOG.error("{}", e.getMessage(), e.getCause());
        }
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void bindEngine(ExecutionEngine engine, Map<String, Object> properties) {
        int ranking = properties.get("service.ranking") instanceof Integer i ? i : 0;
        engines.put(engine, new Ranked(engine, ranking, (Long) properties.get("service.id")));
        chooseEngine();
    }

    /** Returns when no vCPU uses the engine any more. */
    void unbindEngine(ExecutionEngine engine) {
        engines.remove(engine);
        chooseEngine();
    }

    private synchronized void chooseEngine() {
        machine.engines(engines.values().stream()
                .sorted(Comparator.comparingInt(Ranked::ranking).reversed().thenComparingLong(Ranked::id))
                .map(Ranked::engine).toList());
    }

    @Override
    public Hold hold(Set<Long> bundles, Duration limit) {
        return machine.devices().hold(devicesOf(bundles), limit);
    }

    private Set<MmioDevice> devicesOf(Set<Long> bundles) {
        Set<MmioDevice> theirs = Collections.newSetFromMap(new IdentityHashMap<>());
        devices.getTracked().forEach((reference, device) -> {
            if (bundles.contains(bundle(reference))) {
                theirs.add(device);
            }
        });
        return theirs;
    }

    private static long bundle(ServiceReference<?> reference) {
        Bundle bundle = reference.getBundle();
        return bundle == null ? -1 : bundle.getBundleId();
    }

    @Override
    public Optional<Supplier<List<String>>> prepare(long leaving, long coming) {
        return Optional.of(machine.devices().prepare(devicesOf(Set.of(leaving)), coming));
    }

    @Override
    public MmioDevice addingService(ServiceReference<MmioDevice> reference) {
        MmioDevice device = machine.devices().make(String.valueOf(reference.getProperty("name")), () -> context.getService(reference));
        if (device == null) {
            return null;
        }
        if (machine.devices().waits(bundle(reference), device)) {
            return device;
        }
        try {
            machine.devices().offer(device, Quantity.number(reference.getProperty("base"), -1),
                    (int) Quantity.number(reference.getProperty("irq"), -1));
        } catch (ConfigurationException e) {
            machine.devices().refuse(device, "base or irq: " + e.getMessage());
        }
        return device;
    }

    @Override
    public void modifiedService(ServiceReference<MmioDevice> reference, MmioDevice device) {
        // Its place is looked at once.
    }

    @Override
    public void removedService(ServiceReference<MmioDevice> reference, MmioDevice device) {
        machine.devices().withdraw(device);
        unlessStopped(() -> context.ungetService(reference));
    }

    /** A bundle that stops may be gone before its components are, and its services with it. */
    private static void unlessStopped(Runnable action) {
        try {
            action.run();
        } catch (IllegalStateException stopped) {
            LOG.debug("this bundle has stopped meanwhile, and has no services any more", stopped);
        }
    }

    @Deactivate
    void deactivate() {
        registrations.forEach(registration -> unlessStopped(registration::unregister));
        // The guest first, then what it runs on.
        machine.stop();
        devices.close();
        instructions.close();
        machine.close();
        for (Board.Part part : parts) {
            try {
                configurations.delete(part.kind(), configurationName(part));
            } catch (IllegalStateException e) {
                LOG.debug("the configuration of '{}' stays, because configurations are gone already", part.name(), e);
            }
        }
    }
}
