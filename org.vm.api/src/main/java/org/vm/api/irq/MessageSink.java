package org.vm.api.irq;

/**
 * An interrupt controller to which interrupts may be written as messages (MSI): a device on the bus that takes 32-bit
 * stores by other devices. There are no such stores to anything else but RAM.
 */
public interface MessageSink {
    /** Any thread; never blocks. What means nothing is ignored. @param offset in the device's registers */
    void message(long offset, int data);
}
