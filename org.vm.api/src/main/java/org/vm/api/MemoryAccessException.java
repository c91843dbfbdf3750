package org.vm.api;

/** A host-side access to guest memory (loader, debugger, shell) that cannot be done. */
public class MemoryAccessException extends VmException {
    /** Why the access failed. */
    public enum Reason { UNMAPPED, OUT_OF_RANGE, MISALIGNED, READ_ONLY, NOT_RAM, NOT_TRANSLATED }

    private final Reason reason;
    private final long address;

    public MemoryAccessException(Reason reason, long address, String message) {
        super(message);
        this.reason = reason;
        this.address = address;
    }

    public Reason reason() {
        return reason;
    }

    /** The guest address that could not be accessed. */
    public long address() {
        return address;
    }
}
