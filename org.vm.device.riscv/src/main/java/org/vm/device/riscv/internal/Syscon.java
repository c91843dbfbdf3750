package org.vm.device.riscv.internal;

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
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/**
 * SiFive test finisher: one register that ends or restarts the machine. The upper half of what is written is the exit
 * status of a failure. Kernels reach it as a syscon with power-off and reboot nodes.
 */
@Component(service = MmioDevice.class, name = Syscon.PID, configurationPid = Syscon.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = Syscon.Config.class, factory = true)
public final class Syscon implements MmioDevice, DeviceTreeContributor, Stateful {
    static final String PID = "org.vm.device.riscv.syscon";

    @ObjectClassDefinition(name = "Syscon finisher", description = "Power-off and reboot")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "Unique in the machine")
        String name() default "syscon";

        @AttributeDefinition(name = "Machine", description = "Name of the machine")
        String vm();

        @AttributeDefinition(name = "Base", description = "Physical address; empty: the machine chooses")
        String base() default "";

        @AttributeDefinition(name = "Interrupt", description = "It has none")
        int irq() default 0;
    }

    private static final int FAIL = 0x3333;
    private static final int PASS = 0x5555;
    private static final int RESET = 0x7777;

    private final String name;
    private volatile DeviceContext context;
    private volatile DeviceStatus status = DeviceStatus.CREATED;

    @Activate
    public Syscon(Config config) {
        this(config.name());
    }

    public Syscon(String name) {
        this.name = name;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceType type() {
        return DeviceType.CUSTOM;
    }

    @Override
    public DeviceStatus status() {
        return status;
    }

    @Override
    public long size() {
        return 0x1000;
    }

    @Override
    public void attach(DeviceContext given) {
        context = given;
        status = DeviceStatus.ATTACHED;
    }

    @Override
    public void detach() {
        status = DeviceStatus.DETACHED;
    }

    /** There is none. */
    @Override
    public DeviceState capture() {
        return DeviceState.of(PID, 1).build();
    }

    @Override
    public void restore(DeviceState state) {
        SavedRegisters.require(state, PID, name);
    }

    @Override
    public long read(long offset, int width) {
        return 0;
    }

    @Override
    public void write(long offset, int width, long value) {
        // Written as 32 bits by syscon drivers, as 16 by some test programs.
        if (offset != 0 || width != 4 && width != 2) {
            return;
        }
        switch ((int) value & 0xFFFF) {
            case PASS -> context.powerOff(0);
            case FAIL -> context.powerOff(Math.max(1, (int) (value >>> 16)));
            case RESET -> context.resetMachine();
            default -> { }
        }
    }

    @Override
    public Map<String, String> info() {
        return Map.of();
    }

    @Override
    public String nodeName() {
        return "test";
    }

    @Override
    public void describe(DeviceTreeNode node) {
        node.text("compatible", "sifive,test1", "sifive,test0", "syscon");
        node.child("/poweroff").text("compatible", "syscon-poweroff").cells("regmap", node.phandle())
                .cells("offset", 0).cells("value", PASS);
        node.child("/reboot").text("compatible", "syscon-reboot").cells("regmap", node.phandle())
                .cells("offset", 0).cells("value", RESET);
    }
}
