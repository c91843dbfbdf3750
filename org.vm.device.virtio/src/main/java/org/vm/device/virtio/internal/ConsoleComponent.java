package org.vm.device.virtio.internal;

import java.util.Map;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.backend.ConsoleBackend;
import org.vm.api.device.DeviceType;
import org.vm.device.virtio.Activation;
import org.vm.device.virtio.ConfigSpace;
import org.vm.device.virtio.VirtioDevice;

/** A {@link Console} whose terminal is one service, and whose further ports are services that come and go. */
@Component(service = VirtioDevice.class, configurationPid = "org.vm.device.virtio.console",
        configurationPolicy = ConfigurationPolicy.REQUIRE)
@Designate(ocd = ConsoleComponent.Config.class, factory = true)
public final class ConsoleComponent implements VirtioDevice {
    @ObjectClassDefinition(name = "VirtIO console", description = "A terminal (/dev/hvc0) and byte streams beside it.")
    @interface Config {
        @AttributeDefinition(name = "Machine", description = "Name of the machine that gets the console.")
        String vm();

        @AttributeDefinition(name = "Name", required = false,
                description = "Name of the device, unique in its machine; empty: that of its configuration.")
        String name() default "";

        @AttributeDefinition(name = "Base", description = "Physical address; empty: the machine chooses.",
                required = false)
        String base() default "";

        @AttributeDefinition(name = "Interrupt", description = "Interrupt source; -1: the machine chooses.")
        int irq() default -1;

        @AttributeDefinition(name = "Terminal", description = "Filter that selects the console behind port 0 (hvc0).")
        String console_target() default "(objectClass=org.vm.api.backend.ConsoleBackend)";

        @AttributeDefinition(name = "Ports", description = "Filter that selects the consoles behind further ports; each "
                + "appears in the guest as /dev/virtio-ports/NAME while its service is there.")
        String ports_target() default "(!(objectClass=*))";

        @AttributeDefinition(name = "Most ports", description = "Ports that there can be at a time, 1 to 31.")
        int maxPorts() default 4;
    }

    private final Console console;

    @Activate
    public ConsoleComponent(@Reference(name = "console") ConsoleBackend terminal, Config config,
            Map<String, Object> properties) {
        console = new Console(InstanceName.of(config.name(), properties), terminal, config.maxPorts());
    }

    @Reference(name = "ports", cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    void addPort(ConsoleBackend backend, Map<String, Object> properties) {
        console.addPort(String.valueOf(properties.get("name")), backend);
    }

    void removePort(ConsoleBackend backend) {
        console.removePort(backend);
    }

    @Override
    public String name() {
        return console.name();
    }

    @Override
    public DeviceType type() {
        return console.type();
    }

    @Override
    public int deviceId() {
        return console.deviceId();
    }

    @Override
    public long features() {
        return console.features();
    }

    @Override
    public int[] queueSizes() {
        return console.queueSizes();
    }

    @Override
    public ConfigSpace config() {
        return console.config();
    }

    @Override
    public void activate(Activation activation) {
        console.activate(activation);
    }

    @Override
    public void notify(int queue) {
        console.notify(queue);
    }

    @Override
    public void deactivate() {
        console.deactivate();
    }

    @Override
    public Map<String, String> info() {
        return console.info();
    }
}
