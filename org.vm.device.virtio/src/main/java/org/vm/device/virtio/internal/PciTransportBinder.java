package org.vm.device.virtio.internal;

import java.util.Dictionary;
import java.util.Hashtable;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.vm.api.pci.PciFunction;
import org.vm.device.virtio.VirtioDevice;

/**
 * Puts every {@link VirtioDevice} service that asks for it behind a {@link PciTransport}, and publishes that for the host
 * bridge: {@code bus=pci}, or the place that it wants there ({@code bus=slot3}, {@code bus=00:1e}).
 */
@Component(immediate = true, service = {})
public final class PciTransportBinder {
    private final BundleContext bundle;
    private final Map<VirtioDevice, ServiceRegistration<PciFunction>> transports = new ConcurrentHashMap<>();

    @Activate
    public PciTransportBinder(BundleContext bundle) {
        this.bundle = bundle;
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC,
            target = "(&(vm=*)(bus=*)(!(bus=mmio)))")
    void addDevice(VirtioDevice device, Map<String, Object> properties) {
        Dictionary<String, Object> published = new Hashtable<>();
        published.put("vm", properties.get("vm"));
        published.put("name", device.name());
        String bus = properties.get("bus").toString().strip();
        if (!bus.equals("pci")) {
            published.put("slot", bus);
        }
        transports.put(device, bundle.registerService(PciFunction.class, new PciTransport(device), published));
    }

    void removeDevice(VirtioDevice device) {
        ServiceRegistration<PciFunction> transport = transports.remove(device);
        if (transport != null) {
            transport.unregister();
        }
    }

    @Deactivate
    void close() {
        transports.keySet().forEach(this::removeDevice);
    }
}
