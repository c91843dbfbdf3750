package org.vm.machine.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.DeviceException;
import org.vm.api.bus.Mapping;
import org.vm.api.device.MmioDevice;
import org.vm.api.device.Resettable;
import org.vm.api.machine.DeviceManager.Attachment;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/**
 * A device's place while the device is replaced: whom it had last, with what state, and who has come since. Under the
 * registry's lock, except for faults, which come from vCPUs.
 */
final class Kept {
    /** How long accesses wait: for a new version that does not come, and then for the old one to come back. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Logger LOG = LoggerFactory.getLogger(Kept.class);

    final String name;
    private final DeviceRegistry registry;
    private final Offer offer;
    private final Place place;
    private final BiConsumer<Kept, Throwable> faulty;
    /** Of the registers. */
    private final Mapping mapped;
    /** Of the registers, then of windows. */
    private final List<Mapping> mappings = new ArrayList<>();
    /** Who has been there before, as long as that one may go on. */
    private final Map<Mapping, Mapping> before = new HashMap<>();
    /** Who leaves, if it has not left yet, and what leads from it into the machine. */
    private MmioDevice former;
    private Leads leads;
    private OwnWindows windows;
    private final boolean stateful;
    private DeviceState state;
    /** The machine was reset while nobody was here. */
    private boolean anew;
    private boolean trial;
    /** Who is to be here in a moment, and has failed already. */
    private MmioDevice coming;
    private Throwable early;
    private boolean suspended;
    private boolean over;

    /** @param faulty told once when a successor fails on trial */
    Kept(DeviceRegistry registry, Offer offer, BiConsumer<Kept, Throwable> faulty) {
        this.registry = registry;
        this.offer = offer;
        this.faulty = faulty;
        former = offer.device;
        name = former.name();
        leads = offer.leads;
        windows = offer.windows;
        stateful = former instanceof Stateful;
        place = place(offer.mapping);
        mapped = mappings.getFirst();
        windows.cut().forEach(this::place);
    }

    private Place place(Mapping mapping) {
        Place there = Place.of(mapping.device(), registry::wake, this::fault);
        Mapping kept = new Mapping(mapping.base(), mapping.size(), there);
        mappings.add(kept);
        before.put(kept, mapping);
        return there;
    }

    boolean stateful() {
        return stateful;
    }

    boolean filled() {
        return offer.device != place;
    }

    boolean had(MmioDevice device) {
        return former == device;
    }

    /** What to map where. */
    Map<Mapping, Mapping> changes() {
        keep();
        Map<Mapping, Mapping> changes = new HashMap<>();
        before.forEach((there, mapping) -> {
            changes.put(mapping, there);
            if (offer.left.containsKey(there.base())) {
                offer.left.get(there.base()).open(there.device());
            }
        });
        return changes;
    }

    private void keep() {
        offer.leads.keepFiles();
        places().forEach(there -> there.keep(PATIENCE.toNanos()));
    }

    private Stream<Place> places() {
        return mappings.stream().map(mapping -> (Place) mapping.device());
    }

    /** From now on the place is what the machine has. */
    void begin() {
        offer.kept = this;
        offer.device = place;
        offer.mapping = mapped;
        offer.attachment = new Attachment(place, mapped.base(), offer.attachment.irq());
    }

    void suspend(Duration limit) {
        if (former instanceof Stateful device) {
            registry.calls().run("device '" + name + "' to be suspended", () -> device.suspend(limit));
            suspended = true;
        }
    }

    void capture() {
        if (former instanceof Stateful device) {
            state = registry.calls().get("device '" + name + "' to give its state", device::capture);
            if (state == null) {
                throw new DeviceException("it has given none");
            }
        }
    }

    /** The one that was there has no effect any more. */
    void cut() {
        leads.cut();
        registry.controllerGone(former);
    }

    /** The one that was there goes on. */
    void callOff() {
        if (former == null) {
            drop();
            return;
        }
        offer.device = former;
        offer.mapping = before.get(mapped);
        offer.attachment = new Attachment(former, mapped.base(), offer.attachment.irq());
        windows.mend();
        leads.mend();
        if (suspended && former instanceof Stateful device) {
            registry.calls().run("device '" + name + "' to go on", device::resume);
        }
        if (anew && former instanceof Resettable device) {
            device.reset();
        }
        registry.controllerThere(former);
        registry.bus().replace(before);
        before.forEach((there, mapping) -> ((Place) there.device()).open(mapping.device()));
        leads.openFiles();
        synchronized (this) {
            over = true;
        }
        forget();
    }

    /** The one that was there leaves; the place stays. */
    void leave() {
        MmioDevice leaving = former;
        former = null;
        before.clear();
        registry.end(leaving);
    }

    /** A successor. @throws RuntimeException | LinkageError if it cannot be one; it is as if it had not come */
    void fill(MmioDevice device) {
        if (device.size() > place.size()) {
            throw new DeviceException("it has %d bytes of registers, and its place %d".formatted(device.size(), place.size()));
        }
        if (state != null && !(device instanceof Stateful)) {
            throw new DeviceException("it does not take a state, and its predecessor had one");
        }
        OwnWindows behind = new OwnWindows(registry.bus(), mappings.subList(1, mappings.size()));
        Leads next = registry.leads(offer.attachment.irq(), behind);
        next.follow(leads);
        boolean attached = false;
        try {
            registry.calls().run("device '" + name + "' to attach", () -> device.attach(next));
            attached = true;
            start(device);
        } catch (RuntimeException | LinkageError e) {
            behind.cut();
            next.cut();
            if (attached) {
                registry.end(device);
            }
            next.release(leads);
            throw e;
        }
        leads.release(next);
        registry.controllerThere(device);
        offer.leads = next;
        offer.windows = behind;
        offer.attachment = new Attachment(device, mapped.base(), offer.attachment.irq());
        offer.device = device;
        Throwable failed;
        synchronized (this) {
            trial = true;
            coming = null;
            failed = early;
            early = null;
            place.open(device);
        }
        if (failed != null) {
            fault(device, failed);
        }
        behind.taken().forEach((there, mapping) -> ((Place) there.device()).open(mapping == null ? null : mapping.device()));
    }

    private void start(MmioDevice device) {
        if (device instanceof Stateful next) {
            if (state != null && !anew) {
                registry.calls().run("device '" + name + "' to take the state", () -> next.restore(state));
            }
            synchronized (this) {
                coming = device;
                early = null;
            }
            next.onTrial(cause -> fault(device, cause));
            registry.calls().run("device '" + name + "' to go on", next::resume);
        }
        if (anew && device instanceof Resettable next) {
            next.reset();
        }
    }

    /** Any thread. @return whether somebody else will be here */
    private boolean fault(MmioDevice device, Throwable cause) {
        synchronized (this) {
            if (trial && offer.device == device) {
                trial = false;
                keep();
            } else {
                early = coming == device && early == null ? cause : early;
                return !over;
            }
        }
        LOG.warn("device '{}', a new version on trial, has failed", name, cause);
        faulty.accept(this, cause);
        return true;
    }

    /** The successor has to go again; its state is the one to go on with, if it can be had. */
    void retake(Duration limit) {
        if (!filled()) {
            keep();
            return;
        }
        synchronized (this) {
            trial = false;
            keep();
        }
        former = offer.device;
        leads = offer.leads;
        windows = offer.windows;
        suspended = false;
        anew = false;
        DeviceState known = state;
        try {
            // No vCPU is inside any more.
            registry.standstill(() -> { });
            suspend(limit);
            capture();
        } catch (RuntimeException | LinkageError e) {
            state = known;
            LOG.warn("device '{}' goes back to the state that its predecessor had: its new version does not give its own", name, e);
        }
        windows.cut();
        cut();
        offer.device = place;
        offer.attachment = new Attachment(place, mapped.base(), offer.attachment.irq());
    }

    /** The successor is trusted. */
    void accept() {
        Map<Mapping, Mapping> changes = new HashMap<>(offer.windows.taken());
        changes.replaceAll((there, mapping) -> mapping == null ? there : mapping);
        offer.mapping = new Mapping(mapped.base(), offer.device.size(), offer.device);
        changes.put(mapped, offer.mapping);
        registry.bus().replace(changes);
        changes.forEach((there, mapping) -> {
            if (there.equals(mapping)) {
                registry.bus().unmap(there);
            }
        });
        synchronized (this) {
            trial = false;
            over = true;
        }
        forget();
    }

    /** The place is given up. */
    void drop() {
        mappings.forEach(registry.bus()::unmap);
        places().forEach(there -> there.open(null));
        offer.attachment = null;
        leads.release(null);
        synchronized (this) {
            over = true;
        }
        forget();
    }

    /** The machine was reset: whoever comes begins anew. */
    void reset() {
        anew = true;
        leads.silence();
        places().forEach(Place::reset);
    }

    /** Nothing may lead to an old version: its class loader would stay. */
    private void forget() {
        offer.kept = null;
        offer.left = mappings.stream().collect(Collectors.toMap(Mapping::base, mapping -> (Place) mapping.device()));
        former = null;
        state = null;
        leads = null;
        windows = null;
        before.clear();
    }
}
