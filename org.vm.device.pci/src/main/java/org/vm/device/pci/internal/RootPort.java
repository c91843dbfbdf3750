package org.vm.device.pci.internal;

import java.util.List;
import org.vm.api.DeviceException;
import org.vm.api.device.DeviceContext;
import org.vm.api.irq.InterruptLine;
import org.vm.api.state.DeviceState;

/**
 * A root port: a bridge with a type 1 header to a bus of its own, on which there is one slot (PCI Express Base
 * Specification 5.0, section 7.5.1.3).
 */
final class RootPort {
    private static final String KIND = "org.vm.device.pci.port";
    /** The identity of the root port that public virtual machines have; it has no registers of its own. */
    private static final int VENDOR = 0x1b36;
    private static final int DEVICE = 0x000c;
    private static final int CLASS_PCI_BRIDGE = 0x060400;
    private static final int WINDOW_BITS = 0xfff0;
    private static final int MEMORY_64 = 1;
    private static final int BRIDGE_CONTROL_WRITABLE = 0x43;

    private final int number;
    private final boolean io;
    private final ConfigSpace config = new ConfigSpace();
    private final Express express;
    private final Interrupts interrupts;
    private final Slot slot;
    private final Runnable decode;
    private volatile Endpoint card;
    private volatile boolean linked;
    /** What the last card answered to when it was pulled, until software knows. */
    private volatile List<Claim> pulled = List.of();
    private volatile Runnable watch = () -> { };

    /**
     * @param number its device number on the root bus, and the number of its slot
     * @param io     whether it forwards I/O space, of which there is enough for some ports only
     * @param decode what to do when other addresses than before may reach its card
     */
    RootPort(int number, boolean io, Runnable decode) {
        this.number = number;
        this.io = io;
        this.decode = decode;
        Header.define(config, VENDOR, DEVICE, CLASS_PCI_BRIDGE, 0, Header.TYPE_1, Intx.ofPort(number));
        config.define(Header.PRIMARY_BUS, 0, 0xff, 0).define(Header.SECONDARY_BUS, 0, 0xff, 0)
                .define(Header.SUBORDINATE_BUS, 0, 0xff, 0)
                .define(Header.SECONDARY_STATUS, 0, 0, Header.STATUS_CLEARABLE)
                // Windows are closed after reset: their base is above their limit.
                .define(Header.MEMORY_BASE, WINDOW_BITS, WINDOW_BITS, 0).define(Header.MEMORY_LIMIT, 0, WINDOW_BITS, 0)
                .define(Header.PREFETCHABLE_BASE, WINDOW_BITS | MEMORY_64, WINDOW_BITS, 0)
                .define(Header.PREFETCHABLE_LIMIT, MEMORY_64, WINDOW_BITS, 0)
                .define(Header.PREFETCHABLE_BASE_UPPER, 0, 0xffff_ffffL, 0)
                .define(Header.PREFETCHABLE_LIMIT_UPPER, 0, 0xffff_ffffL, 0)
                .define(Header.BRIDGE_CONTROL, 0, BRIDGE_CONTROL_WRITABLE, 0);
        if (io) {
            config.define(Header.IO_BASE, 0xf0, 0xf0, 0).define(Header.IO_LIMIT, 0, 0xf0, 0);
        }
        new PowerManagement(config, decode);
        Msi msi = new Msi(config, 1);
        express = new Express(config, Express.Type.ROOT_PORT, number);
        interrupts = new Interrupts(config, msi, null);
        slot = new Slot(config, express, interrupts, number, this::refresh, this::changed);
        config.onWrite(Header.SECONDARY_BUS, written -> changed());
        config.onWrite(express.field(Express.LINK_CONTROL), written -> refresh());
        config.onWrite(Header.BRIDGE_CONTROL, written -> refresh());
        config.onWrite(Header.COMMAND, written -> decode.run());
        config.onWrite(new Field(Header.IO_BASE.offset(), Header.PREFETCHABLE_LIMIT_UPPER.end() - Header.IO_BASE.offset()),
                written -> decode.run());
    }

    ConfigSpace config() {
        return config;
    }

    int number() {
        return number;
    }

    String slotName() {
        return "slot" + number;
    }

    void attach(DeviceContext host, InterruptLine wire) {
        interrupts.connect(new Messages(host.bus(), host.memory()), wire);
    }

    void detach() {
        interrupts.disconnect();
    }

    /** The card in the slot, or {@code null}. */
    Endpoint card() {
        return card;
    }

    /** The card if it can be reached. */
    Endpoint reachable() {
        Endpoint there = card;
        return linked ? there : null;
    }

    int secondaryBus() {
        return (int) config.get(Header.SECONDARY_BUS);
    }

    Slot slot() {
        return slot;
    }

    /** Calls {@code action} when software has written what a manager of the slot looks at. On vCPU threads. */
    void watch(Runnable action) {
        watch = action;
    }

    private void changed() {
        watch.run();
    }

    /** Whether software has given the port a bus, and may have looked for a card there. */
    boolean scanned() {
        return secondaryBus() != 0;
    }

    DeviceState capture() {
        return DeviceState.of(KIND, 1).state("config", config.capture()).flag("linked", linked).flag("told", slot.told()).build();
    }

    /** As it was with another host bridge, but for the card. */
    synchronized void restore(DeviceState state) {
        config.restore(state.state("config").orElseThrow(() -> new DeviceException("%s lacks its configuration space"
                .formatted(slotName()))));
        linked = state.flag("linked", false);
        slot.told(state.flag("told", false));
    }

    /** The card is there that was there with another host bridge. */
    synchronized void restored(Endpoint endpoint) {
        card = endpoint;
        pulled = List.of();
    }

    /** A card that has not come with its port is gone. */
    synchronized void settle() {
        if (card == null && slot.occupied()) {
            remove();
        }
    }

    /** A card comes. @param press whether the attention button is pressed with it */
    synchronized void insert(Endpoint endpoint, boolean press) {
        card = endpoint;
        pulled = List.of();
        slot.present(true, press);
        refresh();
    }

    /** A card comes, if software has not looked for one yet. @return whether it has come */
    synchronized boolean insertUnseen(Endpoint endpoint) {
        synchronized (config) {
            // Whoever writes the bus number now will find the card.
            if (scanned()) {
                return false;
            }
            card = endpoint;
            pulled = List.of();
            linked = true;
        }
        slot.present(true, false);
        refresh();
        return true;
    }

    synchronized void remove() {
        Endpoint there = reachable();
        pulled = there == null ? List.of() : there.claims().stream().map(Claim::pulled).toList();
        linked = false;
        card = null;
        slot.present(false, false);
        refresh();
    }

    synchronized void reset() {
        config.reset();
        interrupts.reset();
        Endpoint there = card;
        linked = there != null;
        pulled = List.of();
        slot.reset(linked, linked);
        if (there != null) {
            there.reset();
        }
        decode.run();
    }

    /** Something that the link depends on has changed. A card whose link goes down is reset. */
    private synchronized void refresh() {
        Endpoint there = card;
        boolean up = there != null && slot.powered() && express.linkEnabled()
                && (config.get(Header.BRIDGE_CONTROL) & Header.SECONDARY_BUS_RESET) == 0;
        boolean lost = linked && !up;
        linked = up;
        if (!slot.powered()) {
            pulled = List.of();
        }
        if (lost) {
            there.reset();
        }
        slot.link(up);
        decode.run();
    }

    /** What its card answers to at present, as far as the windows of the bridge let it. */
    List<Claim> claims() {
        Endpoint there = reachable();
        return there == null ? List.of() : there.claims().stream().filter(this::forwards).toList();
    }

    /** What a card answered to that was pulled from under software. */
    List<Claim> pulled() {
        return pulled.stream().filter(this::forwards).toList();
    }

    private boolean forwards(Claim claim) {
        long command = config.get(Header.COMMAND);
        long last = claim.base() + claim.size() - 1;
        if (claim.io()) {
            return io && (command & Header.IO_SPACE) != 0
                    && within(claim.base(), last, get(Header.IO_BASE) << 8, get(Header.IO_LIMIT) << 8 | 0xfff);
        }
        return (command & Header.MEMORY_SPACE) != 0
                && (within(claim.base(), last, get(Header.MEMORY_BASE) << 16, get(Header.MEMORY_LIMIT) << 16 | 0xf_ffff)
                || within(claim.base(), last,
                        config.get(Header.PREFETCHABLE_BASE_UPPER) << 32 | get(Header.PREFETCHABLE_BASE) << 16,
                        config.get(Header.PREFETCHABLE_LIMIT_UPPER) << 32 | get(Header.PREFETCHABLE_LIMIT) << 16 | 0xf_ffff));
    }

    /** The address bits of a window's register. */
    private long get(Field field) {
        return config.get(field) & ~0xf;
    }

    private static boolean within(long first, long last, long base, long limit) {
        return Long.compareUnsigned(first, base) >= 0 && Long.compareUnsigned(last, limit) <= 0;
    }
}
