package org.vm.device.riscv.internal;

import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.ConfigurationException;
import org.vm.api.bus.Mapping;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceTreeContributor;
import org.vm.api.device.DeviceTreeNode;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.device.Resettable;
import org.vm.api.irq.InterruptController;
import org.vm.api.irq.InterruptLine;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/**
 * Advanced platform-level interrupt controller (RISC-V Advanced Interrupt Architecture 1.0, chapter 4) with two interrupt
 * domains: the root, of M-mode, and its child, of S-mode. Its own registers are those of the child; those of the root it
 * maps at another address. After a reset all sources are delegated to the child, so that S-mode needs no firmware for them.
 */
@Component(service = MmioDevice.class, name = Aplic.PID, configurationPid = Aplic.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = Aplic.Config.class, factory = true)
public final class Aplic implements MmioDevice, InterruptController, DeviceTreeContributor, Resettable, Stateful {
    static final String PID = "org.vm.device.riscv.aplic";

    @ObjectClassDefinition(name = "RISC-V APLIC", description = "Advanced platform-level interrupt controller")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "Unique in the machine")
        String name() default "aplic";

        @AttributeDefinition(name = "Machine", description = "Name of the machine")
        String vm();

        @AttributeDefinition(name = "Base", description = "Physical address of the supervisor's domain")
        String base() default "0x0d000000";

        @AttributeDefinition(name = "Interrupt", description = "It has none of its own")
        int irq() default 0;

        @AttributeDefinition(name = "Sources", description = "Interrupt sources, 1 to 1023")
        int sources() default MAX_SOURCES;

        @AttributeDefinition(name = "Messages", description = "Forward interrupts as messages to an IMSIC, instead of by wires")
        boolean messages() default false;
    }

    static final int MAX_SOURCES = 1023;
    /** Where the machine's domain is. */
    static final long MACHINE_BASE = 0x0c00_0000;
    /** Bits of mip (privileged specification, "mip"). */
    private static final int MACHINE_EXTERNAL = 11;
    private static final int SUPERVISOR_EXTERNAL = 9;
    private static final int LEVEL_HIGH = 4;

    private final String name;
    private final boolean messages;
    private final InterruptLine[] inputs;
    /** Levels, as the domains have seen them. */
    private final boolean[] wires;
    /** Levels, as the wires say; and whether they have said it. */
    private final boolean[] levels;
    private final boolean[] told;
    private boolean suspended;
    private volatile AplicDomain machine;
    private volatile AplicDomain supervisor;
    private DeviceContext context;
    private Mapping mapping;
    private volatile DeviceStatus status = DeviceStatus.CREATED;

    @Activate
    public Aplic(Config config) {
        this(config.name(), config.sources(), config.messages());
    }

    /**
     * @param sources  1 to 1023
     * @param messages whether interrupts go to an IMSIC, or by wires to the harts
     */
    public Aplic(String name, int sources, boolean messages) {
        if (sources < 1 || sources > MAX_SOURCES) {
            throw new ConfigurationException("APLIC '" + name + "' asks for " + sources + " sources; 1 to 1023 are possible");
        }
        this.name = name;
        this.messages = messages;
        wires = new boolean[sources + 1];
        levels = new boolean[sources + 1];
        told = new boolean[sources + 1];
        inputs = new InterruptLine[sources + 1];
        Arrays.setAll(inputs, source -> level -> input(source, level));
        domains(new AplicWires(new InterruptLine[0]), new AplicWires(new InterruptLine[0]));
    }

    private void domains(AplicDelivery forMachine, AplicDelivery forSupervisor) {
        supervisor = new AplicDomain(name, wires, this, null, forSupervisor);
        machine = new AplicDomain(name + " for M-mode", wires, this, supervisor, forMachine);
        machine.reset();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceType type() {
        return DeviceType.INTERRUPT_CONTROLLER;
    }

    @Override
    public DeviceStatus status() {
        return status == DeviceStatus.ATTACHED && (supervisor.on() || machine.on()) ? DeviceStatus.ACTIVE : status;
    }

    @Override
    public long size() {
        return supervisor.size();
    }

    @Override
    public synchronized void attach(DeviceContext to) {
        if (messages) {
            domains(new AplicMessages(to.bus(), Imsic.MACHINE_BASE), new AplicMessages(to.bus(), Imsic.SUPERVISOR_BASE));
        } else {
            domains(new AplicWires(lines(to, MACHINE_EXTERNAL)), new AplicWires(lines(to, SUPERVISOR_EXTERNAL)));
        }
        mapping = to.bus().map(MACHINE_BASE, machine);
        context = to;
        status = DeviceStatus.ATTACHED;
    }

    private static InterruptLine[] lines(DeviceContext context, int number) {
        InterruptLine[] lines = new InterruptLine[context.cpus()];
        Arrays.setAll(lines, cpu -> context.cpuLine(cpu, number));
        return lines;
    }

    @Override
    public synchronized void detach() {
        context.bus().unmap(mapping);
        if (!suspended) {
            machine.reset();
        }
        status = DeviceStatus.DETACHED;
    }

    @Override
    public synchronized void reset() {
        machine.reset();
    }

    @Override
    public int sources() {
        return wires.length - 1;
    }

    @Override
    public InterruptLine line(int source) {
        if (source < 1 || source > sources()) {
            throw new IllegalArgumentException("APLIC '" + name + "' has no source " + source + "; 1 to " + sources()
                    + " are possible");
        }
        return inputs[source];
    }

    private synchronized void input(int source, boolean level) {
        levels[source] = level;
        told[source] = true;
        if (!suspended) {
            look(source);
        }
    }

    private void look(int source) {
        if (wires[source] != levels[source]) {
            wires[source] = levels[source];
            supervisor.changed(source);
            machine.changed(source);
        }
    }

    @Override
    public synchronized void suspend(Duration limit) {
        suspended = true;
    }

    @Override
    public synchronized DeviceState capture() {
        return DeviceState.of(PID, 1).bytes("wires", SavedRegisters.of(wires)).state("machine", machine.capture())
                .state("supervisor", supervisor.capture()).build();
    }

    @Override
    public synchronized void restore(DeviceState state) {
        SavedRegisters.require(state, PID, name);
        suspended = true;
        SavedRegisters.restore(state, "wires", wires);
        for (int source = 0; source < wires.length; source++) {
            // A wire that has not said anything yet has not changed. What has changed meanwhile is an edge.
            levels[source] = told[source] ? levels[source] : wires[source];
        }
        state.state("machine").ifPresent(of -> machine.restore(of, null));
        state.state("supervisor").ifPresent(of -> supervisor.restore(of, machine));
    }

    @Override
    public synchronized void resume() {
        suspended = false;
        for (int source = 1; source < wires.length; source++) {
            look(source);
        }
        supervisor.resume();
        machine.resume();
    }

    @Override
    public long read(long offset, int width) {
        return supervisor.read(offset, width);
    }

    @Override
    public void write(long offset, int width, long value) {
        supervisor.write(offset, width, value);
    }

    @Override
    public int[] specifier(int source) {
        return new int[] {source, LEVEL_HIGH};
    }

    @Override
    public synchronized Source source(int source) {
        line(source);
        AplicDomain domain = machine.active(source) ? machine : supervisor;
        return new Source(source, wires[source], domain.pending(source), false, domain.enabled(source),
                domain.active(source) ? domain.priority(source) : 0, domain.count(source));
    }

    @Override
    public synchronized Map<String, String> info() {
        Map<String, String> info = new LinkedHashMap<>();
        info.put("sources", Integer.toString(sources()));
        info.put("delivery", messages ? "messages" : "wires");
        info.put("M-mode", describe(machine));
        info.put("S-mode", describe(supervisor));
        return info;
    }

    private String describe(AplicDomain domain) {
        StringBuilder active = new StringBuilder();
        for (int source = 1; source <= sources(); source++) {
            if (domain.active(source)) {
                active.append(active.isEmpty() ? "" : " ").append(source);
            }
        }
        return (domain.on() ? "on" : "off") + ", active: " + (active.isEmpty() ? "none" : active);
    }

    @Override
    public String nodeName() {
        return "aplic";
    }

    /** Devicetree binding {@code riscv,aplic.yaml}: a node for each domain. */
    @Override
    public void describe(DeviceTreeNode node) {
        describe(node, SUPERVISOR_EXTERNAL, node.messageController());
        DeviceTreeNode root = node.child("/soc/aplic@" + Long.toHexString(MACHINE_BASE))
                .cells64("reg", MACHINE_BASE, machine.size());
        describe(root, MACHINE_EXTERNAL, messages ? Imsic.machineNode(node).phandle() : 0);
        root.cells("riscv,children", node.phandle()).cells("riscv,delegation", node.phandle(), 1, sources());
        if (node.builtinFirmware()) {
            root.text("status", "disabled");
        }
    }

    private void describe(DeviceTreeNode node, int number, int messageController) {
        node.text("compatible", "riscv,aplic").flag("interrupt-controller").cells("#interrupt-cells", 2)
                .cells("#address-cells", 0).cells("riscv,num-sources", sources());
        if (messages) {
            node.cells("msi-parent", messageController);
            return;
        }
        int[] harts = new int[node.cpus() * 2];
        for (int cpu = 0; cpu < node.cpus(); cpu++) {
            harts[cpu * 2] = node.cpuInterruptController(cpu);
            harts[cpu * 2 + 1] = number;
        }
        node.cells("interrupts-extended", harts);
    }
}
