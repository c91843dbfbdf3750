package org.vm.device.pci.internal;

import java.util.Hashtable;
import java.util.Map;
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
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;
import org.vm.api.ConfigurationException;
import org.vm.api.device.MmioDevice;
import org.vm.api.pci.PciFunction;

/** A {@link PciHost}, into which the {@link PciFunction} services of its machine are plugged. */
@Component(configurationPid = PciHostComponent.PID, name = PciHostComponent.PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE, immediate = true, service = {})
@Designate(ocd = PciHostComponent.Config.class, factory = true)
public final class PciHostComponent implements ServiceTrackerCustomizer<PciFunction, PciFunction> {
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

        @AttributeDefinition(name = "Interrupts", description = "First of the four sources that all functions share")
        int interrupts() default 32;
    }

    private final BundleContext context;
    private final PciHost host;
    private final ServiceTracker<PciFunction, PciFunction> functions;
    private final ServiceRegistration<MmioDevice> registration;

    @Activate
    public PciHostComponent(BundleContext context, Config config, Map<String, Object> properties) {
        this.context = context;
        host = new PciHost(config.name(), PciHost.Settings.VIRT.with(config.rootPorts(), config.interrupts()));
        functions = new ServiceTracker<>(context, filter(config.vm()), this);
        functions.open();
        registration = context.registerService(MmioDevice.class, host, new Hashtable<>(properties));
    }

    private static Filter filter(String machine) {
        try {
            return FrameworkUtil.createFilter("(&(%s=%s)(vm=%s))".formatted(Constants.OBJECTCLASS,
                    PciFunction.class.getName(), machine));
        } catch (InvalidSyntaxException e) {
            throw new ConfigurationException("machine name '" + machine + "' is not valid", e);
        }
    }

    @Override
    public PciFunction addingService(ServiceReference<PciFunction> reference) {
        PciFunction function = context.getService(reference);
        if (function != null) {
            Object slot = reference.getProperty("slot");
            host.offer(function, slot == null ? "" : slot.toString().strip());
        }
        return function;
    }

    @Override
    public void modifiedService(ServiceReference<PciFunction> reference, PciFunction function) {
        // Its place is looked at once.
    }

    @Override
    public void removedService(ServiceReference<PciFunction> reference, PciFunction function) {
        host.unplug(function);
        context.ungetService(reference);
    }

    @Deactivate
    void deactivate() {
        registration.unregister();
        functions.close();
    }
}
