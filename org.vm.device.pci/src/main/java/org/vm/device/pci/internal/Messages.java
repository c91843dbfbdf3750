package org.vm.device.pci.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.vm.api.bus.Bus;
import org.vm.api.bus.Mapping;
import org.vm.api.irq.MessageSink;
import org.vm.api.memory.GuestMemory;

/** The way of an interrupt message: a 32-bit store to an address, which reaches interrupt controllers and RAM, nothing else. */
record Messages(Bus bus, GuestMemory memory) {
    private static final ValueLayout.OfInt LE32 = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);

    void send(long address, int data) {
        if ((address & 3) != 0) {
            return;
        }
        Mapping mapping = bus.find(address);
        if (mapping != null) {
            if (mapping.device() instanceof MessageSink sink) {
                sink.message(address - mapping.base(), data);
            }
            return;
        }
        MemorySegment slice = memory.slice(address, 4);
        if (slice != null) {
            LE32.varHandle().setRelease(slice, 0L, data);
        }
    }
}
