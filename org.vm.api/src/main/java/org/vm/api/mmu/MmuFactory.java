package org.vm.api.mmu;

import org.vm.api.bus.Bus;
import org.vm.api.memory.GuestMemory;

/** Service of the MMU bundle: makes what a machine needs for its memory. */
public interface MmuFactory {
    /** RAM of the given regions, zeroed; their offsets are assigned in order. */
    GuestMemory memory(java.util.List<GuestMemory.Region> regions);

    /** The MMU of one CPU. */
    Mmu mmu(GuestMemory memory, Bus bus, int tlbEntries);
}
