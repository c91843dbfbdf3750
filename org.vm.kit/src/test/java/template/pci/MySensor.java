package template.pci;

import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.pci.PciBar;
import org.vm.api.pci.PciContext;
import org.vm.api.pci.PciDescription;
import org.vm.api.pci.PciFunction;
import org.vm.api.pci.PciRegisters;

/** A thermometer on a PCI card. It interrupts when a limit is set that the temperature has reached. */
@Component(service = PciFunction.class, configurationPid = "template.pci", configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = MySensor.Config.class, factory = true)
public final class MySensor implements PciFunction, PciRegisters {
    @ObjectClassDefinition(name = "my-sensor", description = "A thermometer on a PCI card")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "Unique in the machine")
        String name() default "my-sensor";

        @AttributeDefinition(name = "Machine", description = "Name of the machine")
        String vm();

        @AttributeDefinition(name = "Slot", description = "slot3, 00:1e; empty: the host bridge chooses")
        String slot() default "";

        @AttributeDefinition(name = "Temperature", description = "Thousandths of a degree Celsius")
        int temperature() default 21_500;
    }

    static final int VENDOR = 0x1234;
    static final int DEVICE = 0x5e45;
    static final int IDENTITY = 0x00; // R
    static final int TEMPERATURE = 0x04; // R, thousandths of a degree
    static final int LIMIT = 0x08; // R/W, the same

    private final String name;
    private final int temperature;
    private volatile int limit = Integer.MAX_VALUE;
    private volatile DeviceStatus status = DeviceStatus.CREATED;
    private PciContext context;

    @Activate
    public MySensor(Config config) {
        this(config.name(), config.temperature());
    }

    public MySensor(String name, int temperature) {
        this.name = name;
        this.temperature = temperature;
    }

    @Override
    public PciDescription description() {
        return PciDescription.of(VENDOR, DEVICE, 0x118000).bar(0, PciBar.Kind.MEMORY, this).msix(1);
    }

    @Override
    public long read(long offset, int width) {
        return width != 4 ? 0 : switch ((int) offset) {
            case IDENTITY -> 0x5e45_0002;
            case TEMPERATURE -> temperature;
            case LIMIT -> limit;
            default -> 0;
        };
    }

    @Override
    public void write(long offset, int width, long value) {
        if (width == 4 && offset == LIMIT) {
            limit = (int) value;
            boolean reached = temperature >= limit;
            if (!context.messages()) {
                context.interrupt().set(reached);
            } else if (reached) {
                context.send(0);
            }
        }
    }

    @Override
    public void attach(PciContext given) {
        context = given;
        status = DeviceStatus.ATTACHED;
    }

    @Override
    public void detach() {
        context.interrupt().lower();
        status = DeviceStatus.DETACHED;
    }

    @Override
    public void reset() {
        write(LIMIT, 4, Integer.MAX_VALUE);
    }

    @Override
    public long size() {
        return 0x10;
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
    public Map<String, String> info() {
        return Map.of("temperature", Integer.toString(temperature), "limit", Integer.toString(limit));
    }
}
