package org.vm.api.pci;

import org.osgi.annotation.versioning.ProviderType;
import org.vm.api.device.DeviceContext;
import org.vm.api.irq.InterruptLine;

/** All that a PCI function may touch. It interrupts by messages if the driver has enabled those, else by its line. */
@ProviderType
public interface PciContext extends DeviceContext {
    /** The function's interrupt line: a level. It is cut off while the driver uses messages or has disabled it. */
    @Override
    InterruptLine interrupt();

    /** Whether the driver has enabled MSI-X or MSI. */
    boolean messages();

    /**
     * Sends the message of a vector; if the driver has masked it, when it is unmasked. Without effect if the driver has
     * not enabled messages, or there is no such vector. Any thread; never blocks.
     */
    void send(int vector);
}
