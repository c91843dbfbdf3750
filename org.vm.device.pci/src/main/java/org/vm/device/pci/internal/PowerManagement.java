package org.vm.device.pci.internal;

/**
 * Power management capability (PCI Express Base Specification 5.0, section 7.5.2), with the two states that are not
 * optional, D0 and D3hot.
 */
final class PowerManagement {
    private static final int ID = 0x01;
    private static final int LENGTH = 8;
    private static final Field CAPABILITIES = new Field(0x02, 2); // R
    private static final Field CONTROL_STATUS = new Field(0x04, 2); // RW
    private static final int VERSION = 3;
    private static final int POWER_STATE = 3;
    private static final int D0 = 0;
    private static final int D3_HOT = 3;
    private static final int NO_SOFT_RESET = 1 << 3;

    private final ConfigSpace config;
    private final Field controlStatus;

    /** @param changed the function sleeps or wakes */
    PowerManagement(ConfigSpace config, Runnable changed) {
        this.config = config;
        int at = config.capability(ID, LENGTH);
        controlStatus = CONTROL_STATUS.at(at);
        config.define(CAPABILITIES.at(at), VERSION).define(controlStatus, NO_SOFT_RESET);
        config.onWrite(new Field(controlStatus.offset(), 1), written -> {
            int state = (int) written & POWER_STATE;
            // Any other state is not there, and writing it has no effect (5.3.1.4).
            if (state == D0 || state == D3_HOT) {
                config.set(controlStatus, POWER_STATE, state);
                changed.run();
            }
        });
    }

    /** Whether the function is in D0; in D3hot it answers to configuration accesses only. */
    boolean awake() {
        return (config.get(controlStatus) & POWER_STATE) == D0;
    }
}
