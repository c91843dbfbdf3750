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
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.backend.BlockBackend;
import org.vm.device.virtio.VirtioDevice;

/** A {@link Blk} in front of a {@link BlockBackend} service, which outlives it. */
@Component(configurationPid = "org.vm.device.virtio.blk.named", configurationPolicy = ConfigurationPolicy.REQUIRE,
        immediate = true, service = {})
@Designate(ocd = NamedDisk.Config.class, factory = true)
public final class NamedDisk {
    @ObjectClassDefinition(name = "VirtIO disk on a named backend", description = "A disk in front of storage that is "
            + "configured by itself (org.vm.backend.block.file, org.vm.backend.block.ram) and stays when the disk goes.")
    @interface Config {
        @AttributeDefinition(name = "Machine", description = "Name of the machine that gets the disk.")
        String vm();

        @AttributeDefinition(name = "Name", required = false,
                description = "Name of the disk, unique in its machine; empty: that of its configuration.")
        String name() default "";

        @AttributeDefinition(name = "Backend", description = "Filter that selects the storage: (name=pool).")
        String backend_target();

        @AttributeDefinition(name = "Base", description = "Physical address; empty: the machine chooses.",
                required = false)
        String base() default "";

        @AttributeDefinition(name = "Interrupt", description = "Interrupt source; -1: the machine chooses.")
        int irq() default -1;

        @AttributeDefinition(name = "Block size", description = "Logical block size: 512, 1024, 2048 or 4096.")
        int blockSize() default 512;

        @AttributeDefinition(name = "Serial", description = "Serial number, 20 characters; empty: the name.",
                required = false)
        String serial() default "";

        @AttributeDefinition(name = "Queues", description = "Number of request queues, 1 to 16.")
        int queues() default 1;

        @AttributeDefinition(name = "In flight", description = "Most requests worked on at a time.")
        int inFlight() default 32;
    }

    private final ServiceRegistration<VirtioDevice> device;

    @Activate
    public NamedDisk(BundleContext bundle, @Reference(name = "backend") BlockBackend backend, Config config,
            Map<String, Object> properties) {
        Blk.Settings settings = new Blk.Settings(config.blockSize(), config.serial(), config.queues(), config.inFlight());
        device = bundle.registerService(VirtioDevice.class,
                new Blk(InstanceName.of(config.name(), properties), backend, settings), new Hashtable<>(properties));
    }

    @Deactivate
    void close() {
        device.unregister();
    }
}
