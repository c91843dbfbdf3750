package org.vm.testing.virtio;

/** How a driver and its device are connected: by which transport, what the device interrupts by, which rings they use. */
public enum Wiring {
    MMIO,
    /** PCI, interrupts by the line. */
    PCI,
    /** PCI, interrupts by messages, a vector for each queue. */
    PCI_MESSAGES,
    MMIO_PACKED,
    PCI_PACKED,
    PCI_MESSAGES_PACKED,
    /** Split rings, chains used in their order. */
    MMIO_IN_ORDER,
    PCI_PACKED_IN_ORDER;

    boolean pci() {
        return name().startsWith("PCI");
    }

    boolean messages() {
        return name().contains("MESSAGES");
    }

    /** Features of rings that the driver does not know. */
    long unknown() {
        return (name().contains("PACKED") ? 0 : FakeDriver.RING_PACKED) | (name().contains("IN_ORDER") ? 0 : FakeDriver.IN_ORDER);
    }
}
