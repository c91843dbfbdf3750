package org.vm.machine.internal;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.vm.api.bus.Mapping;
import org.vm.api.device.MmioDevice;

/**
 * What a device maps beside its registers, as the windows of a bridge. A successor finds its predecessor's kept, and what
 * it maps there is behind them.
 */
final class OwnWindows implements Leads.Windows {
    private final PhysicalBus bus;
    private final List<Mapping> mapped = new CopyOnWriteArrayList<>();
    /** Of a predecessor, and what the device maps there. */
    private final Map<Mapping, Mapping> kept = new HashMap<>();
    private volatile boolean cut;

    /** @param places that a predecessor's windows have become */
    OwnWindows(PhysicalBus bus, List<Mapping> places) {
        this.bus = bus;
        places.forEach(place -> kept.put(place, null));
    }

    /** What is there now; from now on the device changes nothing. */
    List<Mapping> cut() {
        cut = true;
        return List.copyOf(mapped);
    }

    void mend() {
        cut = false;
    }

    /** Places that were there before, each with what the device maps there, or {@code null}. */
    synchronized Map<Mapping, Mapping> taken() {
        return new HashMap<>(kept);
    }

    @Override
    public synchronized Mapping map(long base, MmioDevice device) {
        for (Map.Entry<Mapping, Mapping> place : kept.entrySet()) {
            if (place.getValue() == null && place.getKey().base() == base && place.getKey().size() == device.size()) {
                Mapping mapping = new Mapping(base, device.size(), device);
                place.setValue(mapping);
                mapped.add(mapping);
                return mapping;
            }
        }
        Mapping mapping = bus.map(base, device);
        mapped.add(mapping);
        return mapping;
    }

    @Override
    public synchronized void unmap(Mapping mapping) {
        if (!cut) {
            mapped.removeIf(m -> m == mapping);
            bus.unmap(mapping);
            kept.entrySet().removeIf(place -> {
                boolean there = place.getValue() == mapping;
                if (there) {
                    bus.unmap(place.getKey());
                }
                return there;
            });
        }
    }
}
