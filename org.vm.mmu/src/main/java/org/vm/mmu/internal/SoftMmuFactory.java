package org.vm.mmu.internal;

import java.util.List;
import org.osgi.service.component.annotations.Component;
import org.vm.api.bus.Bus;
import org.vm.api.memory.GuestMemory;
import org.vm.api.mmu.Mmu;
import org.vm.api.mmu.MmuFactory;

/** The service of this bundle: off-heap RAM and MMUs in software. */
@Component
public final class SoftMmuFactory implements MmuFactory {
    @Override
    public GuestMemory memory(List<GuestMemory.Region> regions) {
        return new GuestRam(regions);
    }

    @Override
    public Mmu mmu(GuestMemory memory, Bus bus, int tlbEntries) {
        return new SoftMmu(memory, bus, tlbEntries);
    }
}
