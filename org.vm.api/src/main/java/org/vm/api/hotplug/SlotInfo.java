package org.vm.api.hotplug;

/**
 * A slot, as it is at a moment.
 *
 * @param name    as devices name it that want to be there ({@code "slot3"})
 * @param device  what is in it, or on its way into it; empty: nothing
 * @param way     how the guest is told of what comes and asked for what is to go
 * @param reason  why that way, for people
 * @param waiting what a plug or an unplug that was begun waits for, for people; empty: there is none
 * @param address of the device in the guest, as Linux writes it ({@code "0000:03:00.0"}); empty: not known
 */
public record SlotInfo(String name, SlotState state, String device, Way way, String reason, String waiting,
        String address) {
    /** By the slot's registers, whose driver the guest has; by an agent in the guest; not at all. */
    public enum Way { NATIVE, AGENT, NONE }
}
