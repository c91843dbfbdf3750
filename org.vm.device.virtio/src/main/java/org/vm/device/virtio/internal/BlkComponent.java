package org.vm.device.virtio.internal;

import java.io.IOException;
import java.util.Hashtable;
import java.util.Map;
import java.util.stream.Stream;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Filter;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.util.tracker.ServiceTracker;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.ConfigurationException;
import org.vm.api.VmException;
import org.vm.api.backend.BlockBackend;
import org.vm.api.backend.BlockBackendFactory;
import org.vm.device.virtio.VirtioDevice;

/**
 * Publishes a {@link Blk} for a configuration as long as the storage that it names is there: a {@link BlockBackend}
 * service of that name, or a {@link BlockBackendFactory} that opens a file or makes a RAM disk. Which of them it depends
 * on is in the configuration, so the reference is tracked here; a declared one has a fixed target.
 */
@Component(configurationPid = "org.vm.device.virtio.blk", configurationPolicy = ConfigurationPolicy.REQUIRE,
        immediate = true, service = {})
@Designate(ocd = BlkComponent.Config.class, factory = true)
public final class BlkComponent {
    @ObjectClassDefinition(name = "VirtIO block device",
            description = "A disk. Give exactly one of file, ram and backend. The disk leaves the machine when the "
                    + "bundle that provides its storage stops.")
    @interface Config {
        @AttributeDefinition(name = "Machine", description = "Name of the machine that gets the disk.")
        String vm();

        @AttributeDefinition(name = "Name", required = false,
                description = "Name of the disk, unique in its machine; empty: that of its configuration.")
        String name() default "";

        @AttributeDefinition(name = "File", description = "Path of a raw image.", required = false)
        String file() default "";

        @AttributeDefinition(name = "RAM disk", description = "Size of an empty RAM disk: 64M, 1G.", required = false)
        String ram() default "";

        @AttributeDefinition(name = "Backend", required = false,
                description = "Name of a BlockBackend service (configurations org.vm.backend.block.file and .ram).")
        String backend() default "";

        @AttributeDefinition(name = "Read-only", description = "Open file read-only; the guest cannot write.")
        boolean readOnly() default false;

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

    private static final Logger LOG = LoggerFactory.getLogger(BlkComponent.class);

    private final BundleContext bundle;
    private final Config config;
    private final String name;
    private final Map<String, Object> properties;
    private final Blk.Settings settings;
    private final ServiceTracker<Object, Plugged> tracker;

    /** @param close the backend is ours to close */
    private record Plugged(ServiceRegistration<VirtioDevice> device, BlockBackend backend, boolean close) {}

    @Activate
    public BlkComponent(BundleContext bundle, Config config, Map<String, Object> properties) {
        this.bundle = bundle;
        this.config = config;
        this.properties = properties;
        this.name = InstanceName.of(config.name(), properties);
        this.settings = new Blk.Settings(config.blockSize(), config.serial(), config.queues(), config.inFlight());
        String filter = filter();
        this.tracker = new ServiceTracker<>(bundle, parse(filter), null) {
            @Override
            public Plugged addingService(ServiceReference<Object> reference) {
                return size() > 0 ? null : plug(reference);
            }

            @Override
            public void removedService(ServiceReference<Object> reference, Plugged plugged) {
                unplug(plugged);
                BlkComponent.this.bundle.ungetService(reference);
            }
        };
        tracker.open();
        if (tracker.isEmpty()) {
            LOG.warn("disk {} of machine {} waits for its storage, a service {}", name, config.vm(), filter);
        }
    }

    private String filter() {
        String named = config.backend();
        long given = Stream.of(config.file(), config.ram(), named).filter(s -> !s.isEmpty()).count();
        if (given != 1) {
            throw new ConfigurationException("disk '" + name + "' of machine '" + config.vm() + "' names "
                    + given + " kinds of storage; give exactly one of file=PATH, ram=SIZE, backend=NAME");
        }
        return named.isEmpty()
                ? "(&(objectClass=" + BlockBackendFactory.class.getName() + ")(kind=" + kind() + "))"
                : "(&(objectClass=" + BlockBackend.class.getName() + ")(name=" + named + "))";
    }

    private String kind() {
        return config.file().isEmpty() ? "ram" : "file";
    }

    private static Filter parse(String filter) {
        try {
            return FrameworkUtil.createFilter(filter);
        } catch (InvalidSyntaxException e) {
            throw new ConfigurationException("'backend' must be a plain name: " + filter, e);
        }
    }

    private Plugged plug(ServiceReference<Object> reference) {
        BlockBackend backend = null;
        boolean close = false;
        try {
            Object service = bundle.getService(reference);
            close = service instanceof BlockBackendFactory;
            backend = service instanceof BlockBackendFactory factory
                    ? factory.open(config.file() + config.ram(), config.readOnly())
                    : (BlockBackend) service;
            VirtioDevice device = new Blk(name, backend, settings);
            return new Plugged(bundle.registerService(VirtioDevice.class, device, new Hashtable<>(properties)), backend,
                    close);
        } catch (VmException e) {
            LOG.error("disk {} of machine {} is not plugged: {}", name, config.vm(), e.getMessage());
            bundle.ungetService(reference);
            return null;
        }
    }

    private void unplug(Plugged plugged) {
        plugged.device.unregister();
        if (plugged.close) {
            try {
                plugged.backend.close();
            } catch (IOException e) {
                LOG.error("storage of disk {} could not be closed", name, e);
            }
        }
    }

    @Deactivate
    void close() {
        tracker.close();
    }
}
