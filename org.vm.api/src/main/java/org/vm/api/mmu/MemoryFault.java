package org.vm.api.mmu;

import org.vm.api.cpu.GuestTrap;

/** An access that the guest has to be told of. One instance a MMU, filled anew for each fault: look at once, keep nothing. */
public final class MemoryFault extends GuestTrap {
    public enum Kind { PAGE, ACCESS, MISALIGNED }

    public enum Access { FETCH, LOAD, STORE }

    private Kind kind;
    private Access access;
    private long address;

    /** Fills the instance; returns it to be thrown. */
    public MemoryFault of(Kind kind, Access access, long address) {
        this.kind = kind;
        this.access = access;
        this.address = address;
        return this;
    }

    public Kind kind() {
        return kind;
    }

    /** What was tried; atomics count as stores. */
    public Access access() {
        return access;
    }

    /** Virtual address of the first byte that failed. */
    public long address() {
        return address;
    }

    @Override
    public String getMessage() {
        return kind + " fault on " + access + " at 0x" + Long.toHexString(address);
    }
}
