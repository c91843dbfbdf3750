package org.vm.machine.internal;

import java.util.Map;
import org.vm.api.bus.Mapping;
import org.vm.api.device.MmioDevice;
import org.vm.api.machine.DeviceManager.Attachment;

/** A device that wants to be in the machine; it is, or there is a reason why not. Changed under the registry's lock. */
final class Offer {
    final long base;
    final int irq;
    /** Of a device that is being replaced, its place, until there is a successor. */
    volatile MmioDevice device;
    volatile Attachment attachment;
    Mapping mapping;
    Leads leads;
    OwnWindows windows;
    /** Those of the replacement before, by address: a vCPU may still be on its way out of one. */
    Map<Long, Place> left = Map.of();
    /** As long as the device is being replaced. */
    volatile Kept kept;
    volatile String refusal;
    volatile String warning;
    boolean hopeless;

    Offer(MmioDevice device, long base, int irq) {
        this.device = device;
        this.base = base;
        this.irq = irq;
    }
}
