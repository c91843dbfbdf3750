package org.vm.device.pci.internal;

/**
 * The four interrupt lines of the root bus, and who is on which. A device's pins are on neighbouring lines, and so are those
 * of neighbours (PCI Express Base Specification 5.0, section 2.2.8.1); behind a root port its device number counts.
 *
 * <p>Root ports have the last line for themselves. Linux switches a slot off on the thread of its port's interrupt, and
 * there waits for the interrupt of the card that it lets go: were they the same, it would wait for itself. So the pins of
 * root ports differ, and the few devices whose INTA would be on that line use INTB.
 */
final class Intx {
    private static final int LINES = 4;
    private static final int PORTS = 3;
    /** Interrupt Pin registers count from 1 (7.5.1.1.13). */
    private static final int INTA = 1;
    private static final int INTB = 2;

    private Intx() {}

    /** The line of a pin of a device on the root bus, from 0. */
    private static int line(int device, int pin) {
        return (device + pin - 1) % LINES;
    }

    static int source(int first, int device, int pin) {
        return first + line(device, pin);
    }

    /** The pin of a root port. */
    static int ofPort(int device) {
        return (PORTS + LINES - device % LINES) % LINES + 1;
    }

    /** The pin of any other function on the root bus, or behind the root port there. */
    static int ofCard(int device) {
        return line(device, INTA) == PORTS ? INTB : INTA;
    }
}
