package org.vm.device.virtio.internal;

import java.util.Dictionary;
import java.util.Hashtable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;
import org.vm.api.pci.PciFunction;
import org.vm.device.virtio.VirtioDevice;

/**
 * Puts every {@link VirtioDevice} service that asks for it behind a {@link PciTransport}, and publishes that for the host
 * bridge: {@code bus=pci}, or the place that it wants there ({@code bus=slot3}, {@code bus=00:1e}).
 *
 * <p>A tracker, and no reference of the component: a device that goes is held up until the guest has let it go, and others
 * come and go in the meantime.
 */
@Component(immediate = true, service = {})
public final class PciTransportBinder implements ServiceTrackerCustomizer<VirtioDevice, ServiceRegistration<PciFunction>> {
    private static final String FILTER = "(&(" + Constants.OBJECTCLASS + "=" + VirtioDevice.class.getName()
            + ")(vm=*)(bus=*)(!(bus=mmio)))";

    private final BundleContext bundle;
    private final ServiceTracker<VirtioDevice, ServiceRegistration<PciFunction>> devices;

    @Activate
    public PciTransportBinder(BundleContext bundle) throws InvalidSyntaxException {
        this.bundle = bundle;
        devices = new ServiceTracker<>(bundle, FrameworkUtil.createFilter(FILTER), this);
        devices.open();
    }

    @Override
    public ServiceRegistration<PciFunction> addingService(ServiceReference<VirtioDevice> reference) {
        VirtioDevice device = bundle.getService(reference);
        if (device == null) {
            return null;
        }
        Dictionary<String, Object> published = new Hashtable<>();
        published.put("vm", reference.getProperty("vm"));
        published.put("name", device.name());
        String bus = reference.getProperty("bus").toString().strip();
        if (!bus.equals("pci")) {
            published.put("slot", bus);
        }
        return bundle.registerService(PciFunction.class, new PciTransport(device), published);
    }

    @Override
    public void modifiedService(ServiceReference<VirtioDevice> reference, ServiceRegistration<PciFunction> transport) {
        // Its place is looked at once.
    }

    @Override
    public void removedService(ServiceReference<VirtioDevice> reference, ServiceRegistration<PciFunction> transport) {
        transport.unregister();
        bundle.ungetService(reference);
    }

    @Deactivate
    void close() {
        devices.close();
    }
}
