package org.vm.api.mmu;

import org.vm.api.mmu.MemoryFault.Access;

/** Checks physical addresses after translation (RISC-V: PMP). Called on TLB misses and uncached accesses only. */
public interface PhysicalProtection {
    /** @param privilege as given to {@link Mmu#privilege} */
    boolean permits(long address, int size, Access access, int privilege);

    /** Whether one answer of {@link #permits} holds for the whole aligned range, so that it can be cached. */
    boolean uniform(long address, long size);
}
