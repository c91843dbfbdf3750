package org.vm.api;

/** Page-table formats (RISC-V privileged specification, chapter "Supervisor-Level ISA", satp.MODE). */
public enum PagingMode {
    BARE(0, 64), SV39(3, 39), SV48(4, 48), SV57(5, 57);

    private final int levels;
    private final int bits;

    PagingMode(int levels, int bits) {
        this.levels = levels;
        this.bits = bits;
    }

    /** Levels of the page table; 0 for {@link #BARE}. */
    public int levels() {
        return levels;
    }

    /** Width of a virtual address in bits. */
    public int bits() {
        return bits;
    }
}
