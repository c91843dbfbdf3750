package org.vm.api.cpu;

/** A synchronous exception that the guest takes. Carries no stack trace; instances are made once and thrown often. */
public abstract class GuestTrap extends RuntimeException {
    protected GuestTrap() {
        super(null, null, false, false);
    }
}
