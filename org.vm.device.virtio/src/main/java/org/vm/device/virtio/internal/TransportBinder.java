package org.vm.device.virtio.internal;

import java.time.Duration;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.osgi.framework.Bundle;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.device.MmioDevice;
import org.vm.api.pci.PciFunction;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.replace.Successors;
import org.vm.device.virtio.VirtioDevice;

/**
 * Puts every {@link VirtioDevice} service behind its transport and publishes that: an {@link MmioTransport} for the machine,
 * with {@code base} and {@code irq} if the device has them, or, if it says so by {@code bus=pci} or names a place there
 * ({@code bus=slot3}, {@code bus=00:1e}), a {@link PciTransport} for the host bridge. Keeps the transports of devices whose
 * bundles are replaced, but not of its own: those it is the machine's or the host bridge's to keep.
 *
 * <p>A tracker, and no reference of the component: a device that goes is held up until the guest has let it go, and others
 * come and go in the meantime. It sees the services that are of its own class space only, so two versions of this bundle
 * share them out.
 */
@Component(immediate = true, service = DeviceKeeper.class)
public final class TransportBinder implements DeviceKeeper, ServiceTrackerCustomizer<VirtioDevice, TransportBinder.Seated> {
    private static final Logger LOG = LoggerFactory.getLogger(TransportBinder.class);
    private static final String FILTER = "(&(" + Constants.OBJECTCLASS + "=" + VirtioDevice.class.getName() + ")(vm=*))";

    /** A device, and its place; where it waits for another one's, that. */
    record Seated(VirtioDevice device, TransportPlace place) {}

    /** A device that waits, and where it wants to be. */
    private record Coming(VirtioDevice device, Dictionary<String, Object> where) {}

    private final BundleContext bundle;
    private final ServiceTracker<VirtioDevice, Seated> devices;
    private volatile Successors<Coming> successors = Successors.none();
    /** Places of devices that are being replaced, by machine and name. */
    private final Map<String, TransportPlace> kept = new ConcurrentHashMap<>();

    @Activate
    public TransportBinder(BundleContext bundle) throws InvalidSyntaxException {
        this.bundle = bundle;
        devices = new ServiceTracker<>(bundle, FrameworkUtil.createFilter(FILTER), this);
        devices.open();
    }

    @Override
    public Seated addingService(ServiceReference<VirtioDevice> reference) {
        VirtioDevice device = bundle.getService(reference);
        if (device == null) {
            return null;
        }
        Dictionary<String, Object> where = where(reference, device);
        String name = name(where);
        if (successors.offer(bundle(reference), name, new Coming(device, where))) {
            return new Seated(device, place(name));
        }
        TransportPlace place = kept.get(name);
        return new Seated(device, place != null && place.offer(device, where) ? place : publish(device, where));
    }

    private TransportPlace place(String name) {
        return devices.getTracked().values().stream().map(Seated::place).filter(place -> place.name().equals(name)).findFirst().orElseThrow();
    }

    private static long bundle(ServiceReference<?> reference) {
        Bundle owner = reference.getBundle();
        return owner == null ? -1 : owner.getBundleId();
    }

    private static String name(Dictionary<String, Object> where) {
        return where.get("vm") + "/" + where.get("name");
    }

    /** What is published of a device's place. */
    private static Dictionary<String, Object> where(ServiceReference<VirtioDevice> reference, VirtioDevice device) {
        Dictionary<String, Object> where = new Hashtable<>();
        where.put("vm", reference.getProperty("vm"));
        where.put("name", device.name());
        Object bus = reference.getProperty("bus");
        if (bus != null && !bus.toString().strip().equals("mmio")) {
            where.put("slot", bus.toString().strip());
            return where;
        }
        for (String place : new String[] {"base", "irq"}) {
            if (reference.getProperty(place) != null) {
                where.put(place, reference.getProperty(place));
            }
        }
        return where;
    }

    private TransportPlace publish(VirtioDevice device, Dictionary<String, Object> where) {
        if (where.get("slot") == null) {
            MmioTransport transport = new MmioTransport(device);
            ServiceRegistration<?> registration = bundle.registerService(MmioDevice.class, transport, where);
            return new TransportPlace(name(where), where, transport.control(), registration::unregister);
        }
        PciTransport transport = new PciTransport(device);
        Dictionary<String, Object> published = new Hashtable<>(Map.of("vm", where.get("vm"), "name", where.get("name")));
        if (!where.get("slot").equals("pci")) {
            published.put("slot", where.get("slot"));
        }
        ServiceRegistration<?> registration = bundle.registerService(PciFunction.class, transport, published);
        return new TransportPlace(name(where), where, transport.control(), registration::unregister);
    }

    @Override
    public void modifiedService(ServiceReference<VirtioDevice> reference, Seated seated) {
        // Its place is looked at once.
    }

    @Override
    public void removedService(ServiceReference<VirtioDevice> reference, Seated seated) {
        if (!successors.withdraw(waiting -> waiting.device == seated.device)) {
            seated.place.leave(seated.device);
        }
        try {
            bundle.ungetService(reference);
        } catch (IllegalStateException stopped) {
            LOG.debug("this bundle has stopped meanwhile, and has no services any more", stopped);
        }
    }

    @Override
    public Hold hold(Set<Long> bundles, Duration limit) {
        List<TransportPlace> places = bundles.contains(bundle.getBundle().getBundleId()) ? List.of() : places(bundles);
        places.forEach(place -> kept.put(place.name(), place));
        return new TransportHold(places, limit, place -> kept.remove(place.name(), place), this::admit);
    }

    private List<TransportPlace> places(Set<Long> bundles) {
        return devices.getTracked().entrySet().stream().filter(device -> bundles.contains(bundle(device.getKey())))
                .map(device -> device.getValue().place).toList();
    }

    @Override
    public Optional<Supplier<List<String>>> prepare(long leaving, long coming) {
        Successors<Coming> next = new Successors<>(coming, leaving == bundle.getBundle().getBundleId() ? List.of()
                : places(Set.of(leaving)).stream().map(TransportPlace::name).toList());
        successors = next;
        return Optional.of(next::awaited);
    }

    private void admit(TransportPlace place) {
        Coming next = successors.take(place.name());
        if (next != null) {
            place.leave(place.predecessor());
            place.offer(next.device, next.where);
        }
    }

    @Deactivate
    public void close() {
        devices.close();
        kept.values().forEach(TransportPlace::giveUp);
    }
}
