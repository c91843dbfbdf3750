package org.vm.device.virtio.internal;

import java.io.IOException;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.Map;
import java.util.Set;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Modified;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.vm.api.backend.AdjustableBackend;
import org.vm.api.backend.BlockBackend;
import org.vm.api.backend.BlockBackendFactory;
import org.vm.device.virtio.VirtioDevice;

/** A {@link Blk} with storage of its own, opened and closed with it: {@code file=disk.img} is all that it takes. */
@Component(configurationPid = "org.vm.device.virtio.blk", configurationPolicy = ConfigurationPolicy.REQUIRE,
        immediate = true, service = {})
@Designate(ocd = Disk.Config.class, factory = true)
public final class Disk {
    @ObjectClassDefinition(name = "VirtIO disk", description = "A disk with storage of its own: give either file or ram. "
            + "It leaves the machine when the bundle that provides its storage stops.")
    @interface Config {
        @AttributeDefinition(name = "Machine", description = "Name of the machine that gets the disk.")
        String vm();

        @AttributeDefinition(name = "Name", required = false,
                description = "Name of the disk, unique in its machine; empty: that of its configuration.")
        String name() default "";

        @AttributeDefinition(name = "File", description = "Path of a raw image.", required = false)
        String file() default "";

        @AttributeDefinition(name = "Size", description = "Makes the file larger if it is smaller, also while the guest runs; "
                + "empty: it stays as it is.", required = false)
        String size() default "";

        @AttributeDefinition(name = "RAM disk", description = "Size of an empty RAM disk: 64M, 1G. It may grow while the guest "
                + "runs.", required = false)
        String ram() default "";

        @AttributeDefinition(name = "Read-only", description = "Open the file read-only; the guest cannot write.")
        boolean readOnly() default false;

        @AttributeDefinition(name = "Storage", description = "Filter that selects what opens the storage.")
        String storage_target() default "(kind=local)";

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

    /** What is the storage's business, and may change with the disk in its place. */
    private static final Set<String> STORAGE = Set.of("file", "size", "ram");

    private final BundleContext bundle;
    private final BlockBackendFactory storage;
    private BlockBackend backend;
    private Blk device;
    private ServiceRegistration<VirtioDevice> registration;
    private Map<String, Object> settings;

    /** @throws org.vm.api.ConfigurationException if the storage cannot be opened */
    @Activate
    public Disk(BundleContext bundle, @Reference(name = "storage") BlockBackendFactory storage, Config config,
            Map<String, Object> properties) {
        this.bundle = bundle;
        this.storage = storage;
        open(config, properties);
    }

    private void open(Config config, Map<String, Object> properties) {
        Blk.Settings tuning = new Blk.Settings(config.blockSize(), config.serial(), config.queues(), config.inFlight());
        backend = storage.open(properties);
        device = new Blk(InstanceName.of(config.name(), properties), backend, tuning);
        settings = withoutStorage(properties);
        registration = bundle.registerService(VirtioDevice.class, device, new Hashtable<>(properties));
    }

    private static Map<String, Object> withoutStorage(Map<String, Object> properties) {
        Map<String, Object> rest = new HashMap<>(properties);
        rest.keySet().removeAll(STORAGE);
        return rest;
    }

    /** Storage that only grows keeps its disk; for anything else the disk leaves, and another one comes. */
    @Modified
    void change(Config config, Map<String, Object> properties) throws IOException {
        if (withoutStorage(properties).equals(settings) && backend instanceof AdjustableBackend adjustable
                && adjustable.adjust(properties)) {
            device.storageChanged();
        } else {
            close();
            open(config, properties);
        }
    }

    @Deactivate
    void close() throws IOException {
        registration.unregister();
        backend.close();
    }
}
