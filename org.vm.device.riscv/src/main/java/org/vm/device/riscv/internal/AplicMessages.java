package org.vm.device.riscv.internal;

import org.vm.api.bus.Bus;
import org.vm.api.bus.Mapping;
import org.vm.api.irq.MessageSink;
import org.vm.api.state.DeviceState;

/** Forwards interrupts by messages to the harts' IMSICs (AIA 1.0, 4.9), whose addresses no guest can change. */
record AplicMessages(Bus bus, long imsics) implements AplicDelivery {
    @Override
    public boolean byMessage() {
        return true;
    }

    @Override
    public void send(int hart, int identity) {
        long address = imsics + ((long) hart << ImsicPages.PAGE_SHIFT);
        Mapping mapping = bus.find(address);
        if (mapping != null && mapping.device() instanceof MessageSink sink) {
            sink.message(address - mapping.base(), identity);
        }
    }

    @Override
    public void update(AplicDomain domain) {
        // There are no wires.
    }

    @Override
    public int register(AplicDomain domain, int offset) {
        return 0;
    }

    @Override
    public void setRegister(AplicDomain domain, int offset, int value) {
        // There are no such registers.
    }

    @Override
    public void reset() {
        // Nothing is kept.
    }

    @Override
    public void capture(DeviceState.Builder into) {
        // As above.
    }

    @Override
    public void restore(DeviceState state) {
        // As above.
    }
}
