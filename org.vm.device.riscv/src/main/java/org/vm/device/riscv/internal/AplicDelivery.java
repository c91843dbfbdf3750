package org.vm.device.riscv.internal;

import org.vm.api.state.DeviceState;

/** How interrupts leave a domain of an APLIC. Guarded by the APLIC. */
interface AplicDelivery {
    /** Whether they are sent as messages, or delivered by wires to the harts. */
    boolean byMessage();

    /** Sends a message. */
    void send(int hart, int identity);

    /** Sets the wires. */
    void update(AplicDomain domain);

    /** A register of the harts' part of the domain (4.8.1). */
    int register(AplicDomain domain, int offset);

    void setRegister(AplicDomain domain, int offset, int value);

    void reset();

    /** Its registers. */
    void capture(DeviceState.Builder into);

    void restore(DeviceState state);
}
