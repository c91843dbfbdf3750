package org.vm.testing.virtio;

/** How a driver and its device are connected: by which transport, and by what the device interrupts. */
public enum Wiring {
    MMIO,
    /** PCI, interrupts by the line. */
    PCI,
    /** PCI, interrupts by messages, a vector for each queue. */
    PCI_MESSAGES
}
