package org.vm.device.virtio.internal;

import java.util.Hashtable;
import java.util.Map;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
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
import org.vm.api.backend.ConsoleBackend;
import org.vm.device.virtio.VirtioDevice;

/** A {@link Console} without a terminal: byte streams between programs in the guest and the host, which come and go. */
@Component(configurationPid = "org.vm.device.virtio.serial", configurationPolicy = ConfigurationPolicy.REQUIRE,
        immediate = true, service = {})
@Designate(ocd = SerialPorts.Config.class, factory = true)
public final class SerialPorts {
    @ObjectClassDefinition(name = "VirtIO serial ports", description = "Byte streams (/dev/virtio-ports/PORT) that come and "
            + "go while the guest runs: one for each console or agent that its filter selects.")
    @interface Config {
        @AttributeDefinition(name = "Machine", description = "Name of the machine that gets the device.")
        String vm();

        @AttributeDefinition(name = "Name", required = false,
                description = "Name of the device, unique in its machine; empty: that of its configuration.")
        String name() default "";

        @AttributeDefinition(name = "Bus", description = "mmio, pci, or a place there: slot3, 00:1e.", required = false)
        String bus() default "mmio";

        @AttributeDefinition(name = "Ports", description = "Filter that selects what is behind the ports; the property port "
                + "of each is the port's name in the guest.")
        String ports_target() default "(!(objectClass=*))";

        @AttributeDefinition(name = "Most ports", description = "Ports that there can be at a time, 1 to 30.")
        int maxPorts() default 7;
    }

    private final Console console;
    private final BundleContext bundle;
    private final Map<String, Object> properties;
    private ServiceRegistration<VirtioDevice> device;

    @Activate
    public SerialPorts(BundleContext bundle, Config config, Map<String, Object> properties) {
        // Number 0 is a terminal's, which there is none of.
        console = Console.ofPorts(InstanceName.of(config.name(), properties), config.maxPorts() + 1);
        this.bundle = bundle;
        this.properties = properties;
    }

    /** When the ports that are there have been bound: a successor knows by them which its predecessor had. */
    @Activate
    void publish() {
        device = bundle.registerService(VirtioDevice.class, console, new Hashtable<>(properties));
    }

    @Reference(name = "ports", cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void bindPort(ConsoleBackend backend, Map<String, Object> properties) {
        console.addPort(Console.portName(properties), backend);
    }

    void unbindPort(ConsoleBackend backend) {
        console.removePort(backend);
    }

    @Deactivate
    void close() {
        device.unregister();
    }
}
