package org.vm.device.riscv.internal;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
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
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/**
 * SiFive core-local interruptor (SiFive FU540-C000 manual, chapter "Core-Local Interruptor"): machine software interrupts
 * and machine timers of all harts, which are the ACLINT's MSWI and MTIMER devices behind one another.
 *
 * <pre>
 * 0x0000  msip[hart]      4 bytes each
 * 0x4000  mtimecmp[hart]  8 bytes each
 * 0xbff8  mtime           8 bytes
 * </pre>
 */
@Component(service = MmioDevice.class, name = Clint.PID, configurationPid = Clint.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = Clint.Config.class, factory = true)
public final class Clint implements MmioDevice, DeviceTreeContributor, Resettable, Stateful {
    static final String PID = "org.vm.device.riscv.clint";

    @ObjectClassDefinition(name = "RISC-V CLINT", description = "Core-local interruptor: software interrupts and timers")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "Unique in the machine")
        String name() default "clint";

        @AttributeDefinition(name = "Machine", description = "Name of the machine")
        String vm();

        @AttributeDefinition(name = "Base", description = "Physical address; empty: the machine chooses")
        String base() default "";

        @AttributeDefinition(name = "Interrupt", description = "It has none of its own")
        int irq() default 0;
    }

    private static final long SIZE = 0x10000;

    private final String name;
    private final AclintSwi software;
    private final AclintMtimer timer;

    @Activate
    public Clint(Config config) {
        this(config.name());
    }

    public Clint(String name) {
        this.name = name;
        this.software = new AclintSwi(name, AclintSwi.MACHINE);
        this.timer = new AclintMtimer(name, 0);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceType type() {
        return DeviceType.TIMER;
    }

    @Override
    public DeviceStatus status() {
        return timer.status() == DeviceStatus.ACTIVE ? timer.status() : software.status();
    }

    @Override
    public long size() {
        return SIZE;
    }

    @Override
    public void attach(DeviceContext context) {
        software.attach(context);
        timer.attach(context);
    }

    @Override
    public void detach() {
        timer.detach();
        software.detach();
    }

    @Override
    public void reset() {
        timer.reset();
        software.reset();
    }

    @Override
    public void suspend(Duration limit) {
        timer.suspend(limit);
        software.suspend(limit);
    }

    @Override
    public DeviceState capture() {
        return DeviceState.of(PID, 1).state("timer", timer.capture()).state("software", software.capture()).build();
    }

    @Override
    public void restore(DeviceState state) {
        SavedRegisters.require(state, PID, name);
        Optional<DeviceState> timers = state.state("timer");
        if (timers.isPresent()) {
            timer.restore(timers.get());
        }
        Optional<DeviceState> levels = state.state("software");
        if (levels.isPresent()) {
            software.restore(levels.get());
        }
    }

    @Override
    public void resume() {
        software.resume();
        timer.resume();
    }

    @Override
    public long read(long offset, int width) {
        return offset < AclintSwi.SIZE ? software.read(offset, width) : timer.read(offset - AclintSwi.SIZE, width);
    }

    @Override
    public void write(long offset, int width, long value) {
        if (offset < AclintSwi.SIZE) {
            software.write(offset, width, value);
        } else {
            timer.write(offset - AclintSwi.SIZE, width, value);
        }
    }

    @Override
    public Map<String, String> info() {
        Map<String, String> info = new LinkedHashMap<>(timer.info());
        info.putAll(software.info());
        return info;
    }

    @Override
    public String nodeName() {
        return "clint";
    }

    @Override
    public void describe(DeviceTreeNode node) {
        int[] wires = new int[node.cpus() * 4];
        for (int cpu = 0; cpu < node.cpus(); cpu++) {
            wires[cpu * 4] = node.cpuInterruptController(cpu);
            wires[cpu * 4 + 1] = AclintSwi.MACHINE;
            wires[cpu * 4 + 2] = node.cpuInterruptController(cpu);
            wires[cpu * 4 + 3] = AclintMtimer.INTERRUPT;
        }
        node.text("compatible", "sifive,clint0", "riscv,clint0").cells("interrupts-extended", wires);
    }
}
