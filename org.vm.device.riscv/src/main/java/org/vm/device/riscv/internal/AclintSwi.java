package org.vm.device.riscv.internal;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceTreeContributor;
import org.vm.api.device.DeviceTreeNode;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.device.Resettable;
import org.vm.api.irq.InterruptLine;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/**
 * Software interrupts (RISC-V ACLINT specification 1.0, chapters "MSWI device" and "SSWI device"): one 32-bit register for
 * each hart of which only bit 0 exists. For M-mode, {@code msip} holds the level of the wire; for S-mode, writing 1 to
 * {@code setssip} sets {@code mip.SSIP}, which the hart clears, and the register reads zero.
 */
@Component(service = MmioDevice.class, name = AclintSwi.PID, configurationPid = AclintSwi.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = AclintSwi.Config.class, factory = true)
public final class AclintSwi implements MmioDevice, DeviceTreeContributor, Resettable, Stateful {
    static final String PID = "org.vm.device.riscv.swi";

    @ObjectClassDefinition(name = "RISC-V ACLINT SWI", description = "Software interrupts for M-mode or S-mode")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "Unique in the machine")
        String name() default "swi";

        @AttributeDefinition(name = "Machine", description = "Name of the machine")
        String vm();

        @AttributeDefinition(name = "Base", description = "Physical address; empty: the machine chooses")
        String base() default "";

        @AttributeDefinition(name = "Interrupt", description = "It has none of its own")
        int irq() default 0;

        @AttributeDefinition(name = "Supervisor", description = "S-mode interrupts (SSWI) instead of M-mode ones (MSWI)")
        boolean supervisor() default false;
    }

    static final long SIZE = 0x4000;
    /** Bits of mip: supervisor and machine software interrupt (privileged specification, "mip"). */
    public static final int SUPERVISOR = 1;
    public static final int MACHINE = 3;

    private final String name;
    private final int interrupt;
    private InterruptLine[] lines = {};
    /** For S-mode: that it was raised once. Whether it is pending the hart knows. */
    private boolean[] levels = {};
    private boolean suspended;
    private volatile DeviceStatus status = DeviceStatus.CREATED;

    @Activate
    public AclintSwi(Config config) {
        this(config.name(), config.supervisor() ? SUPERVISOR : MACHINE);
    }

    /** @param interrupt {@link #SUPERVISOR} or {@link #MACHINE} */
    public AclintSwi(String name, int interrupt) {
        this.name = name;
        this.interrupt = interrupt;
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
        return status;
    }

    @Override
    public long size() {
        return SIZE;
    }

    @Override
    public synchronized void attach(DeviceContext context) {
        lines = new InterruptLine[context.cpus()];
        for (int cpu = 0; cpu < lines.length; cpu++) {
            lines[cpu] = context.cpuLine(cpu, interrupt);
        }
        levels = new boolean[lines.length];
        status = DeviceStatus.ATTACHED;
    }

    @Override
    public synchronized void detach() {
        if (!suspended) {
            reset();
        }
        lines = new InterruptLine[0];
        levels = new boolean[0];
        status = DeviceStatus.DETACHED;
    }

    @Override
    public synchronized void reset() {
        for (int cpu = 0; cpu < lines.length; cpu++) {
            levels[cpu] = false;
            lines[cpu].lower();
        }
        status = DeviceStatus.ATTACHED;
    }

    @Override
    public synchronized void suspend(Duration limit) {
        suspended = true;
    }

    @Override
    public synchronized DeviceState capture() {
        return DeviceState.of(kind(), 1).bytes("levels", SavedRegisters.of(levels))
                .flag("used", status == DeviceStatus.ACTIVE).build();
    }

    @Override
    public synchronized void restore(DeviceState state) {
        SavedRegisters.require(state, kind(), name);
        SavedRegisters.restore(state, "levels", levels);
        status = state.flag("used", false) ? DeviceStatus.ACTIVE : DeviceStatus.ATTACHED;
    }

    /** For S-mode, one interrupt too many is better than one that was lost with its wire. */
    @Override
    public synchronized void resume() {
        suspended = false;
        for (int cpu = 0; cpu < lines.length; cpu++) {
            if (interrupt == MACHINE || levels[cpu]) {
                lines[cpu].set(levels[cpu]);
            }
        }
    }

    private String kind() {
        return interrupt == MACHINE ? PID : PID + ".supervisor";
    }

    @Override
    public synchronized long read(long offset, int width) {
        int cpu = cpu(offset, width);
        return cpu >= 0 && interrupt == MACHINE && levels[cpu] ? 1 : 0;
    }

    @Override
    public synchronized void write(long offset, int width, long value) {
        int cpu = cpu(offset, width);
        if (cpu < 0) {
            return;
        }
        boolean level = (value & 1) != 0;
        status = DeviceStatus.ACTIVE;
        if (interrupt == MACHINE) {
            levels[cpu] = level;
            lines[cpu].set(level);
        } else if (level) {
            // mip.SSIP itself, which the hart's software clears.
            levels[cpu] = true;
            lines[cpu].raise();
        }
    }

    private int cpu(long offset, int width) {
        return width == 4 && (offset & 3) == 0 && offset >= 0 && offset >>> 2 < lines.length ? (int) (offset >>> 2) : -1;
    }

    @Override
    public synchronized Map<String, String> info() {
        Map<String, String> info = new LinkedHashMap<>();
        for (int cpu = 0; cpu < levels.length && interrupt == MACHINE; cpu++) {
            info.put("msip" + cpu, levels[cpu] ? "1" : "0");
        }
        return info;
    }

    @Override
    public String nodeName() {
        return interrupt == MACHINE ? "mswi" : "sswi";
    }

    @Override
    public void describe(DeviceTreeNode node) {
        int[] wires = new int[node.cpus() * 2];
        for (int cpu = 0; cpu < node.cpus(); cpu++) {
            wires[cpu * 2] = node.cpuInterruptController(cpu);
            wires[cpu * 2 + 1] = interrupt;
        }
        node.text("compatible", interrupt == MACHINE ? "riscv,aclint-mswi" : "riscv,aclint-sswi")
                .cells("interrupts-extended", wires).flag("interrupt-controller").cells("#interrupt-cells", 0);
    }
}
