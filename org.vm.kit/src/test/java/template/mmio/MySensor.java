package template.mmio;

import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.device.Resettable;
import org.vm.api.irq.InterruptLine;

/** A thermometer. Its interrupt is high while the temperature is at the limit or above. */
@Component(service = MmioDevice.class, configurationPid = "template.mmio", configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = MySensor.Config.class, factory = true)
public final class MySensor implements MmioDevice, Resettable {
    @ObjectClassDefinition(name = "my-sensor", description = "A thermometer")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "Unique in the machine")
        String name() default "my-sensor";

        @AttributeDefinition(name = "Machine", description = "Name of the machine")
        String vm();

        @AttributeDefinition(name = "Base", description = "Physical address; empty: the machine chooses")
        String base() default "";

        @AttributeDefinition(name = "Temperature", description = "Thousandths of a degree Celsius")
        int temperature() default 21_500;
    }

    static final int IDENTITY = 0x00; // R
    static final int TEMPERATURE = 0x04; // R, thousandths of a degree
    static final int LIMIT = 0x08; // R/W, the same

    private final String name;
    private final int temperature;
    private volatile int limit = Integer.MAX_VALUE;
    private volatile DeviceStatus status = DeviceStatus.CREATED;
    private InterruptLine line;

    @Activate
    public MySensor(Config config) {
        this(config.name(), config.temperature());
    }

    public MySensor(String name, int temperature) {
        this.name = name;
        this.temperature = temperature;
    }

    @Override
    public long read(long offset, int width) {
        return width != 4 ? 0 : switch ((int) offset) {
            case IDENTITY -> 0x5e45_0001;
            case TEMPERATURE -> temperature;
            case LIMIT -> limit;
            default -> 0;
        };
    }

    @Override
    public void write(long offset, int width, long value) {
        if (width == 4 && offset == LIMIT) {
            limit = (int) value;
            line.set(temperature >= limit);
        }
    }

    @Override
    public void attach(DeviceContext context) {
        line = context.interrupt();
        status = DeviceStatus.ATTACHED;
    }

    @Override
    public void detach() {
        line.lower();
        status = DeviceStatus.DETACHED;
    }

    @Override
    public void reset() {
        write(LIMIT, 4, Integer.MAX_VALUE);
    }

    @Override
    public long size() {
        return 0x1000;
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
