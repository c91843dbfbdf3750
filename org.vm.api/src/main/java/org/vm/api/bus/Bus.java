package org.vm.api.bus;

import java.util.List;
import org.vm.api.device.MmioDevice;

/** The physical address map of one machine. Look-ups read an immutable sorted snapshot and take no lock. */
public interface Bus {
    /** The mapping that contains {@code address}, or {@code null}. */
    Mapping find(long address);

    /** All mappings, sorted by base. */
    List<Mapping> mappings();

    /**
     * Maps a device.
     *
     * @throws org.vm.api.InvalidAddressException if the range overlaps RAM or another device; names both
     */
    Mapping map(long base, MmioDevice device);

    /** Takes a mapping away; accesses that are already inside the device finish. */
    void unmap(Mapping mapping);

    /** A device threw something at an access, which devices must not do; the guest read zero, or its write had no effect. */
    default void failed(Mapping mapping, Throwable thrown) {
        // Whoever has people to tell overrides this.
    }
}
