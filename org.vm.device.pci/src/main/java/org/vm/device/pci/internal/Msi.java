package org.vm.device.pci.internal;

/** MSI capability, 64-bit addresses and masking (PCI Express Base Specification 5.0, section 7.7.1). */
final class Msi {
    private static final int ID = 0x05;
    private static final int LENGTH = 24;
    private static final Field MESSAGE_CONTROL = new Field(0x02, 2); // RW
    private static final Field MESSAGE_ADDRESS = new Field(0x04, 8); // RW
    private static final Field MESSAGE_DATA = new Field(0x0c, 2); // RW
    private static final Field MASK_BITS = new Field(0x10, 4); // RW
    private static final Field PENDING_BITS = new Field(0x14, 4); // R

    // Message Control
    private static final int ENABLE = 1;
    private static final int MULTIPLE_MESSAGE_ENABLE = 7 << 4;
    private static final int ADDRESS_64 = 1 << 7;
    private static final int PER_VECTOR_MASKING = 1 << 8;

    private final ConfigSpace config;
    private final int vectors;
    private final Field control;
    private final Field address;
    private final Field data;
    private final Field mask;
    private final Field pending;

    Msi(ConfigSpace config, int vectors) {
        this.config = config;
        this.vectors = vectors;
        int at = config.capability(ID, LENGTH);
        control = MESSAGE_CONTROL.at(at);
        address = MESSAGE_ADDRESS.at(at);
        data = MESSAGE_DATA.at(at);
        mask = MASK_BITS.at(at);
        pending = PENDING_BITS.at(at);
        config.define(control, Integer.numberOfTrailingZeros(vectors) << 1 | ADDRESS_64 | PER_VECTOR_MASKING,
                        ENABLE | MULTIPLE_MESSAGE_ENABLE, 0)
                .define(address, 0, ~3L, 0).define(data, 0, 0xffff, 0)
                .define(mask, 0, (1L << vectors) - 1, 0).define(pending, 0);
    }

    Field control() {
        return control;
    }

    /** What can make a pending message go. */
    Field mask() {
        return mask;
    }

    boolean enabled() {
        return (config.get(control) & ENABLE) != 0;
    }

    synchronized void send(int vector, Messages messages) {
        if (vector < 0 || vector >= vectors) {
            return;
        }
        if ((config.get(mask) >>> vector & 1) != 0) {
            config.set(pending, 1L << vector, true);
            return;
        }
        // Software may have given us fewer vectors than we asked for: the low bits of the data tell them apart.
        int allocated = Math.min(vectors, 1 << Math.min(5, (int) (config.get(control) & MULTIPLE_MESSAGE_ENABLE) >> 4));
        int message = (int) config.get(data) & ~(allocated - 1) | vector & allocated - 1;
        messages.send(config.get(address), message);
    }

    /** Sends what has waited to be unmasked. */
    synchronized void flush(Messages messages) {
        long ready = config.get(pending) & ~config.get(mask);
        config.set(pending, ready, false);
        for (int vector = 0; vector < vectors; vector++) {
            if ((ready >>> vector & 1) != 0) {
                send(vector, messages);
            }
        }
    }
}
