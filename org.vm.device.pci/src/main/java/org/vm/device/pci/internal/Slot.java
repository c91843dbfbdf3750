package org.vm.device.pci.internal;

/**
 * Slot registers of a root port: a slot with attention button, power controller and both indicators, that is hot-plug
 * capable (PCI Express Base Specification 5.0, sections 6.7 and 7.5.3.9 to 11). It shows what there is and tells
 * software of changes; who decides on changes is above it.
 */
final class Slot {
    private static final int ATTENTION_BUTTON_PRESENT = 1;
    private static final int POWER_CONTROLLER_PRESENT = 1 << 1;
    private static final int ATTENTION_INDICATOR_PRESENT = 1 << 3;
    private static final int POWER_INDICATOR_PRESENT = 1 << 4;
    private static final int HOT_PLUG_CAPABLE = 1 << 6;
    private static final int PHYSICAL_SLOT_NUMBER = 19;

    // Slot Control
    private static final int ATTENTION_BUTTON_ENABLE = 1;
    private static final int PRESENCE_ENABLE = 1 << 3;
    private static final int COMMAND_COMPLETED_ENABLE = 1 << 4;
    private static final int HOT_PLUG_INTERRUPT_ENABLE = 1 << 5;
    private static final int ATTENTION_INDICATOR_ON = 1 << 6;
    private static final int ATTENTION_INDICATOR_OFF = 3 << 6;
    private static final int POWER_INDICATOR = 3 << 8;
    private static final int POWER_INDICATOR_ON = 1 << 8;
    private static final int POWER_INDICATOR_BLINK = 2 << 8;
    private static final int POWER_INDICATOR_OFF = 3 << 8;
    private static final int POWER_OFF = 1 << 10;
    private static final int LINK_STATE_ENABLE = 1 << 12;
    private static final int CONTROL_WRITABLE = 0x17f9;

    // Slot Status
    private static final int ATTENTION_BUTTON_PRESSED = 1;
    private static final int PRESENCE_CHANGED = 1 << 3;
    private static final int COMMAND_COMPLETED = 1 << 4;
    private static final int PRESENT = 1 << 6;
    private static final int LINK_STATE_CHANGED = 1 << 8;
    private static final int STATUS_CLEARABLE = ATTENTION_BUTTON_PRESSED | PRESENCE_CHANGED | COMMAND_COMPLETED
            | LINK_STATE_CHANGED;

    private final ConfigSpace config;
    private final Express express;
    private final Interrupts interrupts;
    private final Field control;
    private final Field status;
    private boolean told;

    /**
     * @param power what to do when software has switched power on or off
     * @param watch told of every command after that
     */
    Slot(ConfigSpace config, Express express, Interrupts interrupts, int number, Runnable power, Runnable watch) {
        this.config = config;
        this.express = express;
        this.interrupts = interrupts;
        control = express.field(Express.SLOT_CONTROL);
        status = express.field(Express.SLOT_STATUS);
        config.define(express.field(Express.SLOT_CAPABILITIES), (long) number << PHYSICAL_SLOT_NUMBER
                        | ATTENTION_BUTTON_PRESENT | POWER_CONTROLLER_PRESENT | ATTENTION_INDICATOR_PRESENT
                        | POWER_INDICATOR_PRESENT | HOT_PLUG_CAPABLE)
                .define(control, ATTENTION_INDICATOR_OFF | POWER_INDICATOR_OFF, CONTROL_WRITABLE, 0)
                .define(status, 0, 0, STATUS_CLEARABLE);
        config.onWrite(control, written -> {
            power.run();
            // A command is done at once, and software waits to be told (6.7.3.2).
            config.set(status, COMMAND_COMPLETED, true);
            tell();
            watch.run();
        });
        config.onWrite(status, written -> tell());
    }

    /** Whether software was interrupted, and there is still a reason. */
    synchronized boolean told() {
        return told;
    }

    /** After the registers were restored. */
    synchronized void told(boolean before) {
        told = before;
        interrupts.set(before);
    }

    /** Whether a card is shown to be there. */
    boolean occupied() {
        return (config.get(status) & PRESENT) != 0;
    }

    boolean powered() {
        return (config.get(control) & POWER_OFF) == 0;
    }

    /** Whether the guest has a driver for the slot, which hears of the attention button and of the link. */
    boolean driven() {
        return both(config.get(control), HOT_PLUG_INTERRUPT_ENABLE, config.get(control), ATTENTION_BUTTON_ENABLE);
    }

    /** The power indicator: steadily lit while a card is in use, dark when it may be taken out. */
    boolean lit() {
        return (config.get(control) & POWER_INDICATOR) == POWER_INDICATOR_ON;
    }

    /** The power indicator blinks while software switches the slot on or off, or is about to. */
    boolean blinking() {
        return (config.get(control) & POWER_INDICATOR) == POWER_INDICATOR_BLINK;
    }

    /** The attention indicator is lit: software says that something went wrong. */
    boolean alarmed() {
        return (config.get(control) & ATTENTION_INDICATOR_OFF) == ATTENTION_INDICATOR_ON;
    }

    /** Whether software has yet to see that the button was pressed. */
    boolean buttonPending() {
        return (config.get(status) & ATTENTION_BUTTON_PRESSED) != 0;
    }

    /** The attention button is pressed, by which people ask software to switch the slot on or off (6.7.1.4). */
    void press() {
        config.set(status, ATTENTION_BUTTON_PRESSED, true);
        tell();
    }

    /**
     * A card comes or goes.
     *
     * @param press whether the button is pressed with it, both in one moment: a driver that hears of the card first and of
     *              the button later would take that for the wish to switch the slot off again
     */
    void present(boolean card, boolean press) {
        if (!driven()) {
            // Without a driver the indicator is firmware's, which is the platform's, which is this.
            config.set(control, POWER_INDICATOR, card ? POWER_INDICATOR_ON : POWER_INDICATOR_OFF);
        }
        long changes = PRESENCE_CHANGED | (press ? ATTENTION_BUTTON_PRESSED : 0);
        config.set(status, PRESENT | changes, (card ? PRESENT : 0) | changes);
        tell();
    }

    /** The link to the card comes up or goes down. */
    void link(boolean active) {
        if (express.linkActive(active)) {
            config.set(status, LINK_STATE_CHANGED, true);
            tell();
        }
    }

    /** After a reset of the port: what is there was there before. */
    void reset(boolean card, boolean active) {
        config.set(status, PRESENT, card);
        config.set(control, POWER_INDICATOR, card ? POWER_INDICATOR_ON : POWER_INDICATOR_OFF);
        express.linkActive(active);
        synchronized (this) {
            told = false;
        }
    }

    /** Interrupts software if an event is there that it wants to hear of (6.7.3.4). */
    private synchronized void tell() {
        long enabled = config.get(control);
        long events = config.get(status);
        boolean wanted = (enabled & HOT_PLUG_INTERRUPT_ENABLE) != 0
                && (both(events, ATTENTION_BUTTON_PRESSED, enabled, ATTENTION_BUTTON_ENABLE)
                || both(events, PRESENCE_CHANGED, enabled, PRESENCE_ENABLE)
                || both(events, COMMAND_COMPLETED, enabled, COMMAND_COMPLETED_ENABLE)
                || both(events, LINK_STATE_CHANGED, enabled, LINK_STATE_ENABLE));
        if (wanted != told) {
            told = wanted;
            interrupts.set(wanted);
            if (wanted) {
                interrupts.send(0);
            }
        }
    }

    private static boolean both(long events, int event, long enabled, int enable) {
        return (events & event) != 0 && (enabled & enable) != 0;
    }
}
