package org.vm.device.pci.internal;

import java.time.Duration;
import java.util.Hashtable;
import java.util.Map;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.Filter;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.event.Event;
import org.osgi.service.event.EventAdmin;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.ConfigurationException;
import org.vm.api.device.MmioDevice;
import org.vm.api.hotplug.GuestAgent;
import org.vm.api.hotplug.HotplugEvent;
import org.vm.api.hotplug.HotplugManager;
import org.vm.api.pci.PciFunction;
import org.vm.api.replace.DeviceKeeper;

/** A {@link PciHost}, into which the {@link PciFunction} services of its machine are plugged. */
@Component(configurationPid = PciHostComponent.PID, name = PciHostComponent.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE, immediate = true, service = {})
@Designate(ocd = PciHostComponent.Config.class, factory = true)
public final class PciHostComponent implements ServiceTrackerCustomizer<PciFunction, PciFunction> {
    private static final Logger LOG = LoggerFactory.getLogger(PciHostComponent.class);
    static final String PID = "org.vm.device.pci.host";

    @ObjectClassDefinition(name = "PCI Express host bridge", description = "Root bus with generic ECAM, and root ports")
    @interface Config {
        @AttributeDefinition(name = "Name", description = "Unique in the machine")
        String name() default "pci";

        @AttributeDefinition(name = "Machine", description = "Name of the machine")
        String vm();

        @AttributeDefinition(name = "Base", description = "Physical address of configuration space; empty: the machine chooses",
                required = false)
        String base() default "";

        @AttributeDefinition(name = "Interrupt", description = "It has none of its own")
        int irq() default 0;

        @AttributeDefinition(name = "Root ports", description = "Slots into which devices are plugged, 0 to 30")
        int rootPorts() default 8;

        @AttributeDefinition(name = "Patience", description = "Seconds that a device whose service goes is kept, until the guest has let it go")
        int patience() default 15;

        @AttributeDefinition(name = "Interrupts", description = "First of the four sources that all functions share")
        int interrupts() default 32;
    }

    private final BundleContext context;
    private final Bundle framework;
    private final PciHost host;
    private final ServiceTracker<PciFunction, PciFunction> functions;
    private final ServiceTracker<GuestAgent, GuestAgent> agents;
    private final ServiceRegistration<MmioDevice> registration;
    private final ServiceRegistration<HotplugManager> manager;
    private final ServiceRegistration<DeviceKeeper> keeper;
    private final ServiceTracker<EventAdmin, EventAdmin> topics;
    private final Duration patience;

    @Activate
    public PciHostComponent(BundleContext context, Config config, Map<String, Object> properties) {
        this.context = context;
        framework = context.getBundle(Constants.SYSTEM_BUNDLE_LOCATION);
        host = new PciHost(config.name(), PciHost.Settings.VIRT.with(config.rootPorts(), config.interrupts()));
        topics = new ServiceTracker<>(context, EventAdmin.class, null);
        topics.open();
        host.listener(this::publish);
        patience = Duration.ofSeconds(config.patience());
        agents = new ServiceTracker<>(context, filter(GuestAgent.class, config.vm()), new Agents());
        agents.open();
        functions = new ServiceTracker<>(context, filter(PciFunction.class, config.vm()), this);
        functions.open();
        manager = context.registerService(HotplugManager.class, host.hotplug().orElseThrow(), new Hashtable<>(Map.of("vm", config.vm())));
        keeper = context.registerService(DeviceKeeper.class, host.keeper(), new Hashtable<>(Map.of("vm", config.vm())));
        registration = context.registerService(MmioDevice.class, host, new Hashtable<>(properties));
    }

    private static Filter filter(Class<?> service, String machine) {
        try {
            return FrameworkUtil.createFilter("(&(%s=%s)(vm=%s))".formatted(Constants.OBJECTCLASS,
                    service.getName(), machine));
        } catch (InvalidSyntaxException e) {
            throw new ConfigurationException("machine name '" + machine + "' is not valid", e);
        }
    }

    private void publish(HotplugEvent event) {
        EventAdmin admin = topics.getService();
        if (admin != null) {
            admin.sendEvent(new Event(HotplugEvent.TOPIC + event.kind(), Map.of("number", event.number(), "time", event.time(),
                    "vm", event.vm(), "slot", event.slot(), "device", event.device(), "detail", event.detail())));
        }
    }

    @Override
    public PciFunction addingService(ServiceReference<PciFunction> reference) {
        PciFunction function = context.getService(reference);
        if (function != null) {
            Object slot = reference.getProperty("slot");
            Bundle bundle = reference.getBundle();
            host.offer(function, slot == null ? "" : slot.toString().strip(), bundle == null ? -1 : bundle.getBundleId());
        }
        return function;
    }

    @Override
    public void modifiedService(ServiceReference<PciFunction> reference, PciFunction function) {
        // Its place is looked at once.
    }

    @Override
    public void removedService(ServiceReference<PciFunction> reference, PciFunction function) {
        // Whoever takes a service back is held up here as long as it may still be used (OSGi Core 8, "Unregistering").
        try {
            if (framework.getState() == Bundle.STOPPING) {
                host.unplug(function);
            } else {
                host.release(function, patience);
            }
        } catch (InterruptedException e) {
            // It is detached all the same.
            Thread.currentThread().interrupt();
        }
        unlessStopped(() -> context.ungetService(reference));
    }

    /** A bundle that stops may be gone before its components are, and its services with it. */
    private static void unlessStopped(Runnable action) {
        try {
            action.run();
        } catch (IllegalStateException stopped) {
            LOG.debug("this bundle has stopped meanwhile, and has no services any more", stopped);
        }
    }

    /** Agents in the guest; there is one at most, or else the one that came last. */
    private final class Agents implements ServiceTrackerCustomizer<GuestAgent, GuestAgent> {
        @Override
        public GuestAgent addingService(ServiceReference<GuestAgent> reference) {
            GuestAgent agent = context.getService(reference);
            host.agent(agent);
            return agent;
        }

        @Override
        public void modifiedService(ServiceReference<GuestAgent> reference, GuestAgent agent) {
            // It is the same one.
        }

        @Override
        public void removedService(ServiceReference<GuestAgent> reference, GuestAgent agent) {
            host.agent(agents.getService());
            unlessStopped(() -> context.ungetService(reference));
        }
    }

    @Deactivate
    void deactivate() {
        unlessStopped(manager::unregister);
        unlessStopped(keeper::unregister);
        unlessStopped(registration::unregister);
        functions.close();
        agents.close();
        topics.close();
    }
}
