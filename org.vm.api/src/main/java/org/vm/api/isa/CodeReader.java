package org.vm.api.isa;

/** Where a decoder reads instructions; little-endian 16-bit parcels. */
@FunctionalInterface
public interface CodeReader {
    /**
     * @param address virtual address, even
     * @return 16 bits, zero-extended
     * @throws org.vm.api.cpu.GuestTrap if the address cannot be fetched from
     */
    int fetch16(long address);
}
