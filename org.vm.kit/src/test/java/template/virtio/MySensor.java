package template.virtio;

import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.device.DeviceType;
import org.vm.device.virtio.Activation;
import org.vm.device.virtio.ConfigSpace;
import org.vm.device.virtio.DescriptorChain;
import org.vm.device.virtio.VirtioDevice;
import org.vm.device.virtio.Virtqueue;

/** A source of noise as an entropy device (VirtIO 1.2, section 5.4), for which the guest has a driver: /dev/hwrng. */
@Component(service = VirtioDevice.class, configurationPid = "template.virtio", configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = MySensor.Config.class, factory = true)
public final class MySensor implements VirtioDevice {
    @ObjectClassDefinition(name = "my-sensor", description = "A source of noise")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "Unique in the machine")
        String name() default "my-sensor";

        @AttributeDefinition(name = "Machine", description = "Name of the machine")
        String vm();

        @AttributeDefinition(name = "Bus", description = "mmio, pci, or a slot: slot3")
        String bus() default "mmio";

        @AttributeDefinition(name = "Value", description = "The byte that the noise consists of")
        int value() default 0x5a;
    }

    /** Most bytes for one request, however large its buffers are. */
    static final long MOST = 64 << 10;

    private final String name;
    private final byte value;
    private final AtomicLong given = new AtomicLong();
    private volatile Virtqueue requests;

    @Activate
    public MySensor(Config config) {
        this(config.name(), (byte) config.value());
    }

    public MySensor(String name, byte value) {
        this.name = name;
        this.value = value;
    }

    @Override
    public void activate(Activation activation) {
        requests = activation.queue(0);
    }

    @Override
    public void notify(int queue) {
        for (DescriptorChain chain = requests.poll(); chain != null; chain = requests.poll()) {
            long length = Math.min(chain.writable().size(), MOST);
            chain.writable().slices(length).forEach(buffer -> buffer.fill(value));
            given.addAndGet(length);
            requests.complete(chain, length);
        }
    }

    @Override
    public void deactivate() {
        // Tasks that still use the queue are waited for by the caller.
    }

    @Override
    public int deviceId() {
        return 4;
    }

    @Override
    public long features() {
        return 0;
    }

    @Override
    public int[] queueSizes() {
        return new int[] {64};
    }

    @Override
    public ConfigSpace config() {
        return ConfigSpace.NONE;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceType type() {
        return DeviceType.ENTROPY;
    }

    @Override
    public Map<String, String> info() {
        return Map.of("bytes given", given.toString());
    }
}
