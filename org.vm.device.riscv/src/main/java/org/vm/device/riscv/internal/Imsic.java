package org.vm.device.riscv.internal;

import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
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
import org.vm.api.irq.MessageSink;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/**
 * Incoming MSI controllers of all harts (RISC-V Advanced Interrupt Architecture 1.0, chapter 3). Its own registers are the
 * pages of the supervisor's interrupt files; those of the machine's it maps at another address. A hart uses its files by
 * CSRs.
 */
@Component(service = MmioDevice.class, name = Imsic.PID, configurationPid = Imsic.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = Imsic.Config.class, factory = true)
public final class Imsic implements MmioDevice, MessageSink, DeviceTreeContributor, Resettable, Stateful {
    static final String PID = "org.vm.device.riscv.imsic";

    @ObjectClassDefinition(name = "RISC-V IMSIC", description = "Incoming MSI controllers of all harts")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "Unique in the machine")
        String name() default "imsic";

        @AttributeDefinition(name = "Machine", description = "Name of the machine")
        String vm();

        @AttributeDefinition(name = "Base", description = "Physical address of the supervisor's interrupt files")
        String base() default "0x28000000";

        @AttributeDefinition(name = "Interrupt", description = "It has none of its own")
        int irq() default 0;

        @AttributeDefinition(name = "Identities", description = "Interrupts of a file: 63 to 2047, one less than a multiple of 64")
        int identities() default IDENTITIES;
    }

    /** As many as virtual platforms have. */
    static final int IDENTITIES = 255;
    /** Where the interrupt files are. */
    static final long SUPERVISOR_BASE = 0x2800_0000;
    static final long MACHINE_BASE = 0x2400_0000;
    private static final int MAX_IDENTITIES = 2047;
    /** Bits of mip (privileged specification, "mip"). */
    private static final int MACHINE_EXTERNAL = 11;
    private static final int SUPERVISOR_EXTERNAL = 9;

    private final String name;
    private final int identities;
    private final ImsicPages supervisor;
    private final ImsicPages machine;
    private DeviceContext context;
    private Mapping mapping;
    private volatile DeviceStatus status = DeviceStatus.CREATED;

    @Activate
    public Imsic(Config config) {
        this(config.name(), config.identities());
    }

    public Imsic(String name) {
        this(name, IDENTITIES);
    }

    /** @param identities 63 to 2047, one less than a multiple of 64 */
    public Imsic(String name, int identities) {
        if (identities < 1 || identities > MAX_IDENTITIES || (identities + 1) % Long.SIZE != 0) {
            throw new ConfigurationException("IMSIC '" + name + "' asks for " + identities
                    + " interrupt identities; 63 to 2047 are possible, one less than a multiple of 64");
        }
        this.name = name;
        this.identities = identities;
        supervisor = new ImsicPages(name);
        machine = new ImsicPages(name + " for M-mode");
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
        return status == DeviceStatus.ATTACHED && (supervisor.inUse() || machine.inUse()) ? DeviceStatus.ACTIVE : status;
    }

    @Override
    public long size() {
        return supervisor.size();
    }

    @Override
    public synchronized void attach(DeviceContext to) {
        mapping = to.bus().map(MACHINE_BASE, machine);
        context = to;
        connect(supervisor, SUPERVISOR_EXTERNAL);
        connect(machine, MACHINE_EXTERNAL);
        status = DeviceStatus.ATTACHED;
    }

    private void connect(ImsicPages pages, int number) {
        ImsicFile[] files = new ImsicFile[context.cpus()];
        for (int cpu = 0; cpu < files.length; cpu++) {
            files[cpu] = new ImsicFile(identities, context.cpuLine(cpu, number));
            context.cpuFile(cpu, number, files[cpu]);
        }
        pages.files(files);
    }

    @Override
    public synchronized void detach() {
        context.bus().unmap(mapping);
        disconnect(supervisor, SUPERVISOR_EXTERNAL);
        disconnect(machine, MACHINE_EXTERNAL);
        status = DeviceStatus.DETACHED;
    }

    private void disconnect(ImsicPages pages, int number) {
        ImsicFile[] files = pages.files();
        pages.files(new ImsicFile[0]);
        for (int cpu = 0; cpu < files.length; cpu++) {
            context.cpuFile(cpu, number, null);
            files[cpu].reset();
        }
    }

    @Override
    public synchronized void reset() {
        files().forEach(ImsicFile::reset);
    }

    private Stream<ImsicFile> files() {
        return Stream.of(supervisor, machine).flatMap(pages -> Arrays.stream(pages.files()));
    }

    @Override
    public synchronized void suspend(Duration limit) {
        files().forEach(ImsicFile::suspend);
    }

    @Override
    public synchronized DeviceState capture() {
        return DeviceState.of(PID, 1).states("supervisor", capture(supervisor)).states("machine", capture(machine)).build();
    }

    private static List<DeviceState> capture(ImsicPages pages) {
        return Arrays.stream(pages.files()).map(ImsicFile::capture).toList();
    }

    @Override
    public synchronized void restore(DeviceState state) {
        SavedRegisters.require(state, PID, name);
        restore(supervisor, state.states("supervisor"));
        restore(machine, state.states("machine"));
    }

    private static void restore(ImsicPages pages, List<DeviceState> states) {
        ImsicFile[] files = pages.files();
        for (int hart = 0; hart < Math.min(files.length, states.size()); hart++) {
            files[hart].restore(states.get(hart));
        }
    }

    @Override
    public synchronized void resume() {
        files().forEach(ImsicFile::resume);
    }

    @Override
    public void message(long offset, int data) {
        supervisor.message(offset, data);
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
    public Map<String, String> info() {
        Map<String, String> info = new LinkedHashMap<>();
        info.put("identities", Integer.toString(identities));
        ImsicFile[] forMachine = machine.files();
        ImsicFile[] forSupervisor = supervisor.files();
        for (int cpu = 0; cpu < Math.min(forMachine.length, forSupervisor.length); cpu++) {
            info.put("hart" + cpu + ".M", forMachine[cpu].describe());
            info.put("hart" + cpu + ".S", forSupervisor[cpu].describe());
        }
        return info;
    }

    @Override
    public String nodeName() {
        return "imsics";
    }

    /** Devicetree binding {@code riscv,imsics.yaml}: a node for each level. */
    @Override
    public void describe(DeviceTreeNode node) {
        describe(node, SUPERVISOR_EXTERNAL);
        DeviceTreeNode forMachine = machineNode(node);
        describe(forMachine.cells64("reg", MACHINE_BASE, machine.size()), MACHINE_EXTERNAL);
        if (node.builtinFirmware()) {
            forMachine.text("status", "disabled");
        }
    }

    /** The node of the machine's interrupt files, from any node of the tree. */
    static DeviceTreeNode machineNode(DeviceTreeNode any) {
        return any.child("/soc/imsics@" + Long.toHexString(MACHINE_BASE));
    }

    private void describe(DeviceTreeNode node, int number) {
        int[] wires = new int[node.cpus() * 2];
        for (int cpu = 0; cpu < node.cpus(); cpu++) {
            wires[cpu * 2] = node.cpuInterruptController(cpu);
            wires[cpu * 2 + 1] = number;
        }
        node.text("compatible", "riscv,imsics").flag("interrupt-controller").cells("#interrupt-cells", 0)
                .flag("msi-controller").cells("#msi-cells", 0).cells("riscv,num-ids", identities)
                .cells("interrupts-extended", wires);
    }
}
