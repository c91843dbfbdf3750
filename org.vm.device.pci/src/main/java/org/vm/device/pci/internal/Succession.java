package org.vm.device.pci.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.vm.api.DeviceException;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/**
 * How a host bridge hands over to another one, of another version: cards are services of other bundles, and go with all that
 * the guest has set up. They are suspended, leave the one bridge, and go on in the other with the state that they had. What
 * cannot be handed over is a conversation about a slot, for which one waits.
 */
final class Succession {
    static final String KIND = "org.vm.device.pci.host";
    private static final String SEAT = KIND + ".seat";

    private final Seats seats;
    private final RootBus bus;
    private final List<HotSlot> slots;
    /** Suspended, or not yet resumed. */
    private final List<KeptCard> standing = new ArrayList<>();

    Succession(Seats seats, RootBus bus, List<HotSlot> slots) {
        this.seats = seats;
        this.bus = bus;
        this.slots = slots;
    }

    private List<Seat> placed() {
        return seats.all().stream().filter(seat -> seat.endpoint != null).toList();
    }

    /** @throws DeviceException if something is going on that cannot be handed over */
    void suspend(Duration limit) {
        seats.locked(() -> {
            for (HotSlot slot : slots) {
                slot.conversation().ifPresent(what -> {
                    throw new DeviceException("%s; try again when that is over".formatted(what));
                });
            }
            for (Seat seat : placed()) {
                if (seat.kept != null) {
                    throw new DeviceException("device '%s' is being replaced; try again when that is over".formatted(seat.name));
                }
                if (seat.endpoint.all().stream().anyMatch(each -> !(each.function() instanceof Stateful))) {
                    throw new DeviceException("device '%s' cannot hand over its state, and would not survive; unplug it first"
                            .formatted(seat.name));
                }
            }
            slots.forEach(slot -> slot.freeze(true));
            long deadline = System.nanoTime() + limit.toNanos();
            for (Seat seat : placed()) {
                KeptCard card = new KeptCard(seat.endpoint, cause -> { });
                standing.add(card);
                seat.endpoint.all().forEach(Endpoint::keep);
                seat.endpoint.gate().close();
                try {
                    card.take(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
                } catch (DeviceException e) {
                    resume();
                    throw new DeviceException("device '%s': %s".formatted(seat.name, e.getMessage()), e);
                }
            }
            standing.forEach(KeptCard::cut);
        });
    }

    DeviceState capture() {
        return seats.locked(() -> DeviceState.of(KIND, 1)
                .states("ports", bus.ports().stream().map(RootPort::capture).toList())
                .states("slots", slots.stream().map(HotSlot::capture).toList())
                .states("seats", seats.all().stream().map(this::capture).toList()).build());
    }

    private DeviceState capture(Seat seat) {
        DeviceState.Builder state = DeviceState.of(SEAT, 1).text("name", seat.name).flag("out", seat.out)
                .text("refusal", seat.refusal);
        Optional<KeptCard> card = standing.stream().filter(kept -> kept.card() == seat.endpoint).findFirst();
        card.ifPresent(kept -> state.number("device", seat.device)
                .states("places", seat.endpoint.all().stream().map(Endpoint::capture).toList())
                .states("functions", kept.states()));
        return state.build();
    }

    /** Puts cards where they were. @throws DeviceException if one of them does not fit there */
    void restore(DeviceState state) {
        if (!state.kind().equals(KIND)) {
            throw new DeviceException("a host bridge cannot take the state of '%s'".formatted(state.kind()));
        }
        List<DeviceState> ports = state.states("ports");
        if (ports.size() != bus.ports().size()) {
            throw new DeviceException("the host bridge has %d root ports, and the one whose place it would take has %d"
                    .formatted(bus.ports().size(), ports.size()));
        }
        seats.locked(() -> {
            // Cards have settled as in a new bus; the guest knows them at other places.
            slots.forEach(slot -> slot.freeze(true));
            slots.forEach(HotSlot::abandon);
            placed().forEach(seats::vacate);
            for (int i = 0; i < ports.size(); i++) {
                bus.ports().get(i).restore(ports.get(i));
            }
            state.states("seats").forEach(this::seat);
            List<DeviceState> conversations = state.states("slots");
            for (int i = 0; i < Math.min(slots.size(), conversations.size()); i++) {
                slots.get(i).restore(conversations.get(i));
            }
            bus.decode();
        });
    }

    private void seat(DeviceState state) {
        Seat seat = seats.all().stream().filter(s -> s.name.equals(state.text("name", "")) && s.endpoint == null)
                .findFirst().orElse(null);
        List<DeviceState> places = state.states("places");
        if (seat == null) {
            return;
        }
        seat.out = state.flag("out", false);
        seat.refusal = state.text("refusal", seat.refusal);
        if (places.isEmpty()) {
            return;
        }
        int device = (int) state.number("device", 0);
        if (device < 1 || device >= RootBus.DEVICES || seats.there(device).isPresent()) {
            throw new DeviceException("device '%s' was at place %d of the bus, which it cannot have again".formatted(seat.name, device));
        }
        Endpoint endpoint = seats.attached(seat, device);
        seat.device = device;
        seat.endpoint = endpoint;
        List<Endpoint> all = endpoint.all();
        List<DeviceState> functions = state.states("functions");
        if (places.size() != all.size() || functions.size() != all.size()) {
            throw new DeviceException("device '%s' has %d functions, and not %d".formatted(seat.name, all.size(), places.size()));
        }
        endpoint.gate().close();
        for (int i = 0; i < all.size(); i++) {
            all.get(i).restore(places.get(i));
            ((Stateful) all.get(i).function()).restore(functions.get(i));
        }
        standing.add(KeptCard.standing(endpoint));
        if (bus.port(device) == null) {
            bus.insert(device, endpoint);
        } else {
            bus.port(device).restored(endpoint);
        }
    }

    /** All that stand go on. */
    void resume() {
        seats.locked(() -> {
            List<KeptCard> all = List.copyOf(standing);
            standing.clear();
            all.forEach(KeptCard::goOn);
            // A card that did not come is one that was pulled.
            bus.ports().forEach(RootPort::settle);
            slots.forEach(slot -> slot.freeze(false));
            seats.all().forEach(seats::trySettle);
        });
    }
}
