package org.vm.device.virtio.internal;

import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.backend.EntropySource;
import org.vm.api.device.DeviceType;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;
import org.vm.device.virtio.Activation;
import org.vm.device.virtio.ConfigSpace;
import org.vm.device.virtio.DescriptorChain;
import org.vm.device.virtio.VirtioDevice;
import org.vm.device.virtio.Virtqueue;

/** Entropy device (VirtIO 1.2, section 5.4): one queue of buffers to fill with random bytes. */
@Component(service = VirtioDevice.class, configurationPid = "org.vm.device.virtio.rng",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = Rng.Config.class, factory = true)
public final class Rng implements VirtioDevice, Stateful {
    private static final String KIND = "org.vm.device.virtio.rng";
    /** Most bytes given for one request, however large its buffers are. */
    static final long CAP = 64 << 10;

    @ObjectClassDefinition(name = "VirtIO entropy device", description = "Gives the guest random bytes (/dev/hwrng).")
    @interface Config {
        @AttributeDefinition(name = "Machine", description = "Name of the machine that gets the device.")
        String vm();

        @AttributeDefinition(name = "Name", required = false,
                description = "Name of the device, unique in its machine; empty: that of its configuration.")
        String name() default "";

        @AttributeDefinition(name = "Base", description = "Physical address; empty: the machine chooses.",
                required = false)
        String base() default "";

        @AttributeDefinition(name = "Interrupt", description = "Interrupt source; -1: the machine chooses.")
        int irq() default -1;
    }

    private final String name;
    private final EntropySource source;
    private final AtomicLong bytes = new AtomicLong();
    private volatile Virtqueue requests;

    @Activate
    public Rng(@Reference EntropySource source, Config config, Map<String, Object> properties) {
        this(InstanceName.of(config.name(), properties), source);
    }

    public Rng(String name, EntropySource source) {
        this.name = name;
        this.source = source;
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
    public void activate(Activation activation) {
        requests = activation.queue(0);
    }

    @Override
    public void notify(int queue) {
        for (DescriptorChain chain = requests.poll(); chain != null; chain = requests.poll()) {
            long length = Math.min(chain.writable().size(), CAP);
            chain.writable().slices(length).forEach(source::fill);
            bytes.addAndGet(length);
            requests.complete(chain, length);
        }
    }

    @Override
    public void deactivate() {}

    @Override
    public DeviceState capture() {
        return DeviceState.of(KIND, 1).number("bytes", bytes.get()).build();
    }

    @Override
    public void restore(DeviceState state) {
        Fields.require(state, KIND, name);
        bytes.addAndGet(Math.max(0, state.number("bytes", 0)));
    }

    @Override
    public Map<String, String> info() {
        return Map.of("bytes given", bytes.toString());
    }
}
