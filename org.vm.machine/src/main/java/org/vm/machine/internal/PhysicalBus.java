package org.vm.machine.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.InvalidAddressException;
import org.vm.api.bus.Bus;
import org.vm.api.bus.Mapping;
import org.vm.api.device.MmioDevice;
import org.vm.api.memory.GuestMemory;

/** The address map as a sorted array that is replaced on change. */
public final class PhysicalBus implements Bus {
    private static final Logger LOG = LoggerFactory.getLogger(PhysicalBus.class);

    /** What a device first threw at an access, and how often it threw something. */
    private record Failure(Mapping mapping, Throwable first, AtomicLong times) {}

    private final GuestMemory memory;
    private final ConcurrentHashMap<MmioDevice, Failure> failures = new ConcurrentHashMap<>();
    private volatile Mapping[] sorted = {};

    public PhysicalBus(GuestMemory memory) {
        this.memory = memory;
    }

    @Override
    public Mapping find(long address) {
        Mapping[] all = sorted;
        int low = 0;
        int high = all.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Mapping mapping = all[middle];
            if (address < mapping.base()) {
                high = middle - 1;
            } else if (address >= mapping.end()) {
                low = middle + 1;
            } else {
                return mapping;
            }
        }
        return null;
    }

    @Override
    public List<Mapping> mappings() {
        return List.of(sorted);
    }

    @Override
    public synchronized Mapping map(long base, MmioDevice device) {
        check(base, device);
        Mapping mapping = new Mapping(base, device.size(), device);
        List<Mapping> changed = new ArrayList<>(Arrays.asList(sorted));
        changed.add(mapping);
        changed.sort(Comparator.comparingLong(Mapping::base));
        sorted = changed.toArray(Mapping[]::new);
        return mapping;
    }

    @Override
    public synchronized void unmap(Mapping mapping) {
        sorted = Arrays.stream(sorted).filter(m -> m != mapping).toArray(Mapping[]::new);
        failures.remove(mapping.device());
    }

    /** Puts other devices where some are, all at once; as large as they were, or smaller. */
    synchronized void replace(Map<Mapping, Mapping> changes) {
        sorted = Arrays.stream(sorted).map(mapping -> changes.getOrDefault(mapping, mapping)).toArray(Mapping[]::new);
        changes.keySet().forEach(mapping -> failures.remove(mapping.device()));
    }

    @Override
    public void failed(Mapping mapping, Throwable thrown) {
        Failure failure = failures.computeIfAbsent(mapping.device(), device -> {
            LOG.warn("device '{}' failed at an access of the guest; further failures of it are counted", device.name(), thrown);
            return new Failure(mapping, thrown, new AtomicLong());
        });
        failure.times.incrementAndGet();
    }

    /** A sentence for each device that threw something at an access. */
    List<String> failures() {
        return failures.values().stream().map(failure -> "device '%s' at 0x%x failed at %d accesses of the guest, first with: %s%s"
                .formatted(failure.mapping.device().name(), failure.mapping.base(), failure.times.get(), failure.first,
                        failure.first.getStackTrace().length == 0 ? "" : ", at " + failure.first.getStackTrace()[0])).sorted().toList();
    }

    /** Whether a device of {@code size} bytes fits at {@code base}. */
    boolean free(long base, long size) {
        return conflict(base, size) == null;
    }

    /** @throws InvalidAddressException naming both sides, if {@code device} cannot be mapped there */
    void check(long base, MmioDevice device) {
        long size = device.size();
        if (base < 0 || size <= 0 || base + size < 0) {
            throw new InvalidAddressException("device '%s' cannot be mapped at %s: the range is not within physical memory"
                    .formatted(device.name(), range(base, size)));
        }
        String other = conflict(base, size);
        if (other != null) {
            throw new InvalidAddressException("device '%s' cannot be mapped at %s, because %s is there; "
                    .formatted(device.name(), range(base, size), other) + "give it another base address");
        }
    }

    private String conflict(long base, long size) {
        for (GuestMemory.Region region : memory.regions()) {
            if (base < region.base() + region.size() && region.base() < base + size) {
                return "memory '" + region.name() + "' (" + range(region.base(), region.size()) + ")";
            }
        }
        for (Mapping mapping : sorted) {
            if (base < mapping.end() && mapping.base() < base + size) {
                return "device '" + mapping.device().name() + "' (" + range(mapping.base(), mapping.size()) + ")";
            }
        }
        return null;
    }

    static String range(long base, long size) {
        return "0x%x-0x%x".formatted(base, base + size - 1);
    }
}
