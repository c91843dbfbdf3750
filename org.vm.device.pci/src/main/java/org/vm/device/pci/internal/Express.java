package org.vm.device.pci.internal;

import java.util.function.LongConsumer;

/**
 * PCI Express capability, version 2, without what only slots have (PCI Express Base Specification 5.0, section 7.5.3). A
 * link has one lane at 5 GT/s, the fastest that needs no further capabilities; nothing depends on it.
 */
final class Express {
    /** What a function is; the value is that of the register. */
    enum Type {
        ENDPOINT(0), ROOT_PORT(4), INTEGRATED_ENDPOINT(9);

        private final int value;

        Type(int value) {
            this.value = value;
        }
    }

    private static final int ID = 0x10;
    private static final int LENGTH = 0x34;
    /** With the second set of slot registers. */
    private static final int PORT_LENGTH = 0x3c;
    static final Field CAPABILITIES = new Field(0x02, 2); // R
    static final Field DEVICE_CAPABILITIES = new Field(0x04, 4); // R
    static final Field DEVICE_CONTROL = new Field(0x08, 2); // RW
    static final Field DEVICE_STATUS = new Field(0x0a, 2); // W1C
    static final Field LINK_CAPABILITIES = new Field(0x0c, 4); // R
    static final Field LINK_CONTROL = new Field(0x10, 2); // RW
    static final Field LINK_STATUS = new Field(0x12, 2); // R
    static final Field SLOT_CAPABILITIES = new Field(0x14, 4); // R
    static final Field SLOT_CONTROL = new Field(0x18, 2); // RW
    static final Field SLOT_STATUS = new Field(0x1a, 2); // W1C
    static final Field ROOT_CONTROL = new Field(0x1c, 2); // RW
    static final Field ROOT_STATUS = new Field(0x20, 4); // W1C
    static final Field LINK_CAPABILITIES_2 = new Field(0x2c, 4); // R
    static final Field LINK_CONTROL_2 = new Field(0x30, 2); // RW

    private static final int VERSION = 2;
    private static final int SLOT_IMPLEMENTED = 1 << 8;
    private static final int ROLE_BASED_ERROR_REPORTING = 1 << 15;
    private static final int FUNCTION_LEVEL_RESET = 1 << 28;
    private static final int INITIATE_FUNCTION_LEVEL_RESET = 1 << 15;
    /** Relaxed ordering, no snoop, requests of 512 bytes. */
    private static final int DEVICE_CONTROL_DEFAULT = 1 << 4 | 1 << 11 | 2 << 12;
    /** Error reporting, relaxed ordering, payload size, no snoop, request size. */
    private static final int DEVICE_CONTROL_WRITABLE = 0xf | 1 << 4 | 7 << 5 | 1 << 11 | 7 << 12;
    private static final int DEVICE_ERRORS = 0xf;
    private static final int SPEED_5_GT = 2;
    private static final int WIDTH_1 = 1 << 4;
    private static final int ACTIVE_REPORTING = 1 << 20;
    private static final int ASPM_OPTIONALITY = 1 << 22;
    private static final int COMMON_CLOCK = 1 << 6;
    private static final int EXTENDED_SYNCH = 1 << 7;
    private static final int LINK_DISABLE = 1 << 4;
    private static final int SLOT_CLOCK = 1 << 12;
    private static final int LINK_ACTIVE = 1 << 13;
    private static final int SPEEDS_TO_5_GT = 3 << 1;
    private static final int ROOT_CONTROL_WRITABLE = 0xf;
    private static final int PME_STATUS = 1 << 16;

    private final ConfigSpace config;
    private final int at;

    Express(ConfigSpace config, Type type, int port) {
        this.config = config;
        boolean root = type == Type.ROOT_PORT;
        at = config.capability(ID, root ? PORT_LENGTH : LENGTH);
        config.define(field(CAPABILITIES), VERSION | type.value << 4 | (root ? SLOT_IMPLEMENTED : 0))
                .define(field(DEVICE_CAPABILITIES), ROLE_BASED_ERROR_REPORTING | (root ? 0 : FUNCTION_LEVEL_RESET))
                .define(field(DEVICE_CONTROL), DEVICE_CONTROL_DEFAULT, DEVICE_CONTROL_WRITABLE, 0)
                .define(field(DEVICE_STATUS), 0, 0, DEVICE_ERRORS);
        if (type != Type.INTEGRATED_ENDPOINT) {
            config.define(field(LINK_CAPABILITIES), (long) port << 24 | ASPM_OPTIONALITY | WIDTH_1 | SPEED_5_GT
                            | (root ? ACTIVE_REPORTING : 0))
                    .define(field(LINK_CONTROL), 0, COMMON_CLOCK | EXTENDED_SYNCH | (root ? LINK_DISABLE : 0), 0)
                    .define(field(LINK_STATUS), SLOT_CLOCK | WIDTH_1 | SPEED_5_GT)
                    .define(field(LINK_CAPABILITIES_2), SPEEDS_TO_5_GT)
                    .define(field(LINK_CONTROL_2), SPEED_5_GT, 0xf, 0);
        }
        if (root) {
            config.define(field(ROOT_CONTROL), 0, ROOT_CONTROL_WRITABLE, 0).define(field(ROOT_STATUS), 0, 0, PME_STATUS);
        }
    }

    /** A field of the capability in configuration space. */
    Field field(Field field) {
        return field.at(at);
    }

    /** Calls {@code reset} when software starts a function-level reset (6.6.2). */
    void onFunctionLevelReset(Runnable reset) {
        LongConsumer look = written -> {
            if ((written & INITIATE_FUNCTION_LEVEL_RESET) != 0) {
                reset.run();
            }
        };
        config.onWrite(field(DEVICE_CONTROL), look);
    }

    /** Whether software lets a root port's link be. */
    boolean linkEnabled() {
        return (config.get(field(LINK_CONTROL)) & LINK_DISABLE) == 0;
    }

    /** Shows whether there is something at the other end of a root port's link. @return whether that has changed */
    boolean linkActive(boolean active) {
        boolean before = (config.get(field(LINK_STATUS)) & LINK_ACTIVE) != 0;
        config.set(field(LINK_STATUS), LINK_ACTIVE, active);
        return before != active;
    }
}
