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
import org.vm.api.device.MmioDevice;
import org.vm.device.virtio.VirtioDevice;

/**
 * Puts every {@link VirtioDevice} service that names no other {@code bus} behind an {@link MmioTransport}, and
 * publishes that for the machine, with {@code base} and {@code irq} if the device has them.
 */
@Component(immediate = true, service = {})
public final class MmioTransportBinder {
    private final BundleContext bundle;
    private final Map<VirtioDevice, ServiceRegistration<MmioDevice>> transports = new ConcurrentHashMap<>();

    @Activate
    public MmioTransportBinder(BundleContext bundle) {
        this.bundle = bundle;
    }

    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC,
            target = "(&(vm=*)(|(!(bus=*))(bus=mmio)))")
    void addDevice(VirtioDevice device, Map<String, Object> properties) {
        Dictionary<String, Object> published = new Hashtable<>();
        published.put("vm", properties.get("vm"));
        published.put("name", device.name());
        for (String place : new String[] {"base", "irq"}) {
            if (properties.get(place) != null) {
                published.put(place, properties.get(place));
            }
        }
        transports.put(device, bundle.registerService(MmioDevice.class, new MmioTransport(device), published));
    }

    void removeDevice(VirtioDevice device) {
        ServiceRegistration<MmioDevice> transport = transports.remove(device);
        if (transport != null) {
            transport.unregister();
        }
    }

    @Deactivate
    void close() {
        transports.keySet().forEach(this::removeDevice);
    }
}
