package org.vm.device.pci.internal;

/** The first 64 bytes of configuration space (PCI Express Base Specification 5.0, section 7.5.1). */
final class Header {
    // All functions (7.5.1.1)
    static final Field VENDOR_ID = new Field(0x00, 2); // R
    static final Field DEVICE_ID = new Field(0x02, 2); // R
    static final Field COMMAND = new Field(0x04, 2); // RW
    static final Field STATUS = new Field(0x06, 2); // R, errors W1C
    static final Field REVISION_ID = new Field(0x08, 1); // R
    static final Field CLASS_CODE = new Field(0x09, 3); // R
    static final Field CACHE_LINE_SIZE = new Field(0x0c, 1); // RW
    static final Field HEADER_TYPE = new Field(0x0e, 1); // R
    static final Field CAPABILITIES_POINTER = new Field(0x34, 1); // R
    static final Field INTERRUPT_LINE = new Field(0x3c, 1); // RW
    static final Field INTERRUPT_PIN = new Field(0x3d, 1); // R

    // Type 0 (7.5.1.2)
    static final Field BAR_0 = new Field(0x10, 4); // RW
    static final Field SUBSYSTEM_VENDOR_ID = new Field(0x2c, 2); // R
    static final Field SUBSYSTEM_ID = new Field(0x2e, 2); // R

    // Type 1 (7.5.1.3)
    static final Field PRIMARY_BUS = new Field(0x18, 1); // RW
    static final Field SECONDARY_BUS = new Field(0x19, 1); // RW
    static final Field SUBORDINATE_BUS = new Field(0x1a, 1); // RW
    static final Field IO_BASE = new Field(0x1c, 1); // RW
    static final Field IO_LIMIT = new Field(0x1d, 1); // RW
    static final Field SECONDARY_STATUS = new Field(0x1e, 2); // W1C
    static final Field MEMORY_BASE = new Field(0x20, 2); // RW
    static final Field MEMORY_LIMIT = new Field(0x22, 2); // RW
    static final Field PREFETCHABLE_BASE = new Field(0x24, 2); // RW
    static final Field PREFETCHABLE_LIMIT = new Field(0x26, 2); // RW
    static final Field PREFETCHABLE_BASE_UPPER = new Field(0x28, 4); // RW
    static final Field PREFETCHABLE_LIMIT_UPPER = new Field(0x2c, 4); // RW
    static final Field BRIDGE_CONTROL = new Field(0x3e, 2); // RW

    // Command
    static final int IO_SPACE = 1;
    static final int MEMORY_SPACE = 1 << 1;
    static final int BUS_MASTER = 1 << 2;
    static final int INTERRUPT_DISABLE = 1 << 10;
    /** With parity error response and SERR# enable, which have nothing to report here. */
    static final int COMMAND_WRITABLE = IO_SPACE | MEMORY_SPACE | BUS_MASTER | 1 << 6 | 1 << 8 | INTERRUPT_DISABLE;

    // Status
    static final int INTERRUPT_STATUS = 1 << 3;
    static final int CAPABILITIES_LIST = 1 << 4;
    static final int STATUS_CLEARABLE = 0xf900;

    static final int TYPE_1 = 1;
    static final int MULTI_FUNCTION = 1 << 7;
    static final int SECONDARY_BUS_RESET = 1 << 6;

    private Header() {}

    /** Defines what all functions have. @param pin of its interrupt line, 0: it has none */
    static void define(ConfigSpace config, int vendor, int device, int classCode, int revision, int type, int pin) {
        config.define(VENDOR_ID, vendor).define(DEVICE_ID, device)
                .define(COMMAND, 0, COMMAND_WRITABLE, 0).define(STATUS, CAPABILITIES_LIST, 0, STATUS_CLEARABLE)
                .define(REVISION_ID, revision).define(CLASS_CODE, classCode).define(CACHE_LINE_SIZE, 0, 0xff, 0)
                .define(HEADER_TYPE, type).define(INTERRUPT_LINE, 0, 0xff, 0).define(INTERRUPT_PIN, pin);
    }
}
