package org.vm.device.pci.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.vm.api.hotplug.GuestAgent;
import org.vm.api.hotplug.HotplugEvent.Kind;
import org.vm.api.hotplug.HotplugException;
import org.vm.api.hotplug.HotplugException.Reason;
import org.vm.api.hotplug.SlotInfo;
import org.vm.api.hotplug.SlotInfo.Way;
import org.vm.api.hotplug.SlotState;
import org.vm.api.state.DeviceState;

/**
 * The conversation with a guest about one slot: what is in it, what waits to come in, and what is to go. Whatever happens
 * (a wish, a register that the guest has written, an answer, time) ends in {@link #step}, which looks at what there is and
 * does what can be done; nothing is remembered that could be missed.
 */
final class HotSlot {
    /** After its first look at a port, within this time a guest takes the port over, if it has a driver for slots. */
    private static final Duration SETTLING = Duration.ofSeconds(20);
    /** From the removal of a card to the next one, so that the guest does not take the news of one for that of the other. */
    private static final Duration GAP = Duration.ofSeconds(1);
    /** A button that was pressed without any effect may be pressed again. */
    private static final Duration AGAIN = Duration.ofSeconds(10);
    /** How often time is looked at while something waits. */
    private static final Duration TICK = Duration.ofMillis(250);

    private static final String KIND = "org.vm.device.pci.slot";

    /** Somebody waits until the guest uses what is in the slot. */
    private record Arrival(CompletableFuture<SlotInfo> done, long deadline) {}

    private final RootPort port;
    private final Hotplug hotplug;
    private final Consumer<Endpoint> left;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Runnable> afterwards = new ArrayList<>();
    private final List<Arrival> arrivals = new ArrayList<>();
    private SlotState state = SlotState.EMPTY;
    private Endpoint next;
    private Departure departure;
    /** Of the last card that went, which is detached on a worker. */
    private CompletableFuture<Void> detached = CompletableFuture.completedFuture(null);
    private boolean ticking;
    private boolean again;
    private boolean frozen;
    /** When the guest has first looked at the port since its reset, and when the last card went. */
    private Long scannedAt;
    private Long emptiedAt;
    private Long pressedAt;
    /** The button was pressed for the card that came, and for nothing since. */
    private boolean pressedToCome;
    /** The agent: whether the guest is to look for the card, looks, has looked; and why that has failed. */
    private boolean unannounced;
    private boolean scanning;
    private boolean announced;
    private String unheard = "";

    /** @param left told, on a worker, of cards that have gone from the slot and are to be detached */
    HotSlot(RootPort port, Hotplug hotplug, Consumer<Endpoint> left) {
        this.port = port;
        this.hotplug = hotplug;
        this.left = left;
        port.watch(this::changed);
    }

    // Wishes

    /** A card that was attached is to come into the slot, which nobody else wants. */
    void come(Endpoint card) {
        card.watch(this::changed);
        run(() -> next = card);
    }

    CompletableFuture<SlotInfo> awaitPower(Duration limit) {
        CompletableFuture<SlotInfo> done = new CompletableFuture<>();
        run(() -> {
            unannounced |= state == SlotState.PRESENT && !unheard.isEmpty();
            arrivals.add(new Arrival(done, hotplug.nanos() + limit.toNanos()));
        });
        return done;
    }

    /** Completes when the card, or what is on its way in, has left and is detached. */
    CompletableFuture<Void> leave(Duration limit, boolean force) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        run(() -> {
            if (card() == null && next == null) {
                detached.thenRun(() -> done.complete(null));
                return;
            }
            if (departure == null) {
                departure = new Departure(hotplug.nanos());
            }
            departure.join(done, hotplug.nanos() + limit.toNanos(), force);
        });
        return done;
    }

    /** Lets go of what is there without a word: the host bridge leaves its machine. */
    void abandon() {
        run(() -> {
            next = null;
            if (card() != null) {
                port.remove();
            }
            state = SlotState.EMPTY;
            finishDeparture(null);
            failArrivals(Reason.FAILED, "the host bridge of the slot has left its machine");
        });
    }

    /** The port was reset with its bus: there is no guest that knows anything. */
    void reset() {
        run(() -> {
            state = card() == null ? SlotState.EMPTY : SlotState.PRESENT;
            scannedAt = null;
            emptiedAt = null;
            pressedAt = null;
            pressedToCome = false;
            forgetAnnouncement(false);
        });
    }

    /** Something that the slot depends on may have changed. */
    void changed() {
        run(() -> { });
    }

    // Another host bridge is to go on here

    /** Nothing happens from now on, or all that might have happened meanwhile. */
    void freeze(boolean on) {
        run(() -> frozen = on);
    }

    /** What goes on that only this host bridge can bring to its end, for people. */
    Optional<String> conversation() {
        lock.lock();
        try {
            return departure == null && arrivals.isEmpty() && next == null && !scanning ? Optional.empty()
                    : Optional.of("device '%s' is on its way into %s or out of it".formatted(device(), port.slotName()));
        } finally {
            lock.unlock();
        }
    }

    DeviceState capture() {
        lock.lock();
        try {
            DeviceState.Builder captured = DeviceState.of(KIND, 1).text("state", state.name()).flag("pressed-to-come", pressedToCome)
                    .flag("unannounced", unannounced).flag("announced", announced).text("unheard", unheard);
            Optional.ofNullable(scannedAt).ifPresent(at -> captured.number("scanned-at", at));
            Optional.ofNullable(emptiedAt).ifPresent(at -> captured.number("emptied-at", at));
            Optional.ofNullable(pressedAt).ifPresent(at -> captured.number("pressed-at", at));
            return captured.build();
        } finally {
            lock.unlock();
        }
    }

    /** After the card has come, if there is one. */
    void restore(DeviceState from) {
        run(() -> {
            state = card() == null ? SlotState.EMPTY
                    : Stream.of(SlotState.values()).filter(s -> s.name().equals(from.text("state", ""))).findFirst().orElse(SlotState.PRESENT);
            pressedToCome = from.flag("pressed-to-come", false);
            unannounced = from.flag("unannounced", false);
            announced = from.flag("announced", false);
            unheard = from.text("unheard", "");
            scannedAt = moment(from, "scanned-at");
            emptiedAt = moment(from, "emptied-at");
            pressedAt = moment(from, "pressed-at");
        });
        if (card() != null) {
            card().watch(this::changed);
        }
    }

    private static Long moment(DeviceState from, String name) {
        return from.fields().get(name) instanceof Long at ? at : null;
    }

    private void run(Runnable change) {
        List<Runnable> then = List.of();
        lock.lock();
        try {
            change.run();
            again = true;
            // An answer may come while it is asked for; then the step that asked is followed by another one.
            while (again && !frozen && lock.getHoldCount() == 1) {
                again = false;
                step();
            }
            if (lock.getHoldCount() == 1) {
                then = List.copyOf(afterwards);
                afterwards.clear();
            }
        } finally {
            lock.unlock();
        }
        then.forEach(hotplug::later);
    }

    // What there is

    private Endpoint card() {
        return port.card();
    }

    private boolean driven() {
        return port.slot().driven();
    }

    /** Whether there is nobody who knows of the slot. */
    private boolean unseen() {
        return !hotplug.running() || !port.scanned();
    }

    /** Whether the guest would have taken the slot over if it wanted to. */
    private boolean settled() {
        return driven() || connected() || scannedAt != null && since(scannedAt).compareTo(SETTLING) >= 0;
    }

    private boolean connected() {
        return hotplug.agent().filter(agent -> agent.state().connected()).isPresent();
    }

    private Duration since(long then) {
        return Duration.ofNanos(hotplug.nanos() - then);
    }

    private String address() {
        return port.scanned() ? address(0) : "";
    }

    private String address(int function) {
        return "0000:%02x:00.%d".formatted(port.secondaryBus(), function);
    }

    private String device() {
        Endpoint there = card() != null ? card() : next;
        return there == null ? "" : there.name();
    }

    SlotInfo info() {
        lock.lock();
        try {
            return describe();
        } finally {
            lock.unlock();
        }
    }

    private SlotInfo describe() {
        String waiting = departure != null ? "to leave: " + leaving() : next != null ? "to come in: " + coming() : "";
        if (unseen()) {
            String why = hotplug.running() ? "the guest has not looked at the slot yet; what is plugged now it will find"
                    : "the machine does not run; devices come and go at once";
            return new SlotInfo(port.slotName(), state, device(), Way.NONE, why, waiting, address());
        }
        if (driven()) {
            return new SlotInfo(port.slotName(), state, device(), Way.NATIVE,
                    "the guest's driver for slots has taken it over", waiting, address());
        }
        Optional<GuestAgent> agent = hotplug.agent();
        String detail = agent.map(a -> a.state().detail()).orElse("there is no device for one");
        if (connected()) {
            return new SlotInfo(port.slotName(), state, device(), Way.AGENT,
                    "the guest has no driver for slots, but an agent: " + detail, waiting, address());
        }
        return new SlotInfo(port.slotName(), state, device(), Way.NONE, settled()
                ? "the guest has no driver for slots, and no agent answers (" + detail + "); in Linux, look for devices with: "
                        + "echo 1 >/sys/bus/pci/rescan" : "the guest is still setting up its slots", waiting, address());
    }

    private String coming() {
        return !settled() ? "the guest is still setting up its slots" : "the guest still finishes with what was there";
    }

    private String leaving() {
        return state == SlotState.POWERING_OFF ? "the guest is letting it go"
                : state == SlotState.POWERING_ON ? "the guest is still switching it on"
                : !settled() ? "the guest is still setting up its slots" : "the guest was asked";
    }

    // What follows

    private void step() {
        if (port.scanned() && scannedAt == null) {
            scannedAt = hotplug.nanos();
        }
        observe();
        if (next != null && card() == null && mayCome()) {
            insert();
            observe();
        }
        announce();
        if (departure != null) {
            depart();
        }
        await();
        if (!ticking && (next != null || departure != null || !arrivals.isEmpty())) {
            ticking = true;
            hotplug.after(TICK, () -> run(() -> ticking = false));
        }
    }

    private void observe() {
        SlotState before = state;
        state = look(before);
        if (state == before) {
            return;
        }
        if (state == SlotState.POWERED_ON) {
            if (before != SlotState.POWERING_OFF) {
                hotplug.event(Kind.ADDED, port.slotName(), device(), "the guest uses it");
            }
        } else if (state == SlotState.PRESENT && before == SlotState.POWERING_ON) {
            powerOnFailed(port.slot().alarmed() ? "the guest could not switch it on" : "the guest has switched it off again");
        } else if (state == SlotState.PRESENT && departure == null) {
            hotplug.event(Kind.POWERED_OFF, port.slotName(), device(), "the guest has let it go by itself");
        } else if (state == SlotState.POWERING_OFF && departure == null && pressedToCome && driven()
                && port.slot().powered() && since(pressedAt).compareTo(SETTLING) < 0) {
            // The guest had seen the card already, and has taken the button for a second wish. Pressed again, it stays.
            pressedToCome = false;
            press();
        }
    }

    /** The state, from what the registers show and what was before: an indicator blinks both ways. */
    private SlotState look(SlotState before) {
        if (card() == null) {
            return SlotState.EMPTY;
        }
        boolean on = before == SlotState.POWERED_ON || before == SlotState.POWERING_OFF;
        if (driven()) {
            if (port.slot().powered()) {
                return port.slot().lit() ? SlotState.POWERED_ON : on ? SlotState.POWERING_OFF : SlotState.POWERING_ON;
            }
            return on && (port.slot().blinking() || port.slot().lit()) ? SlotState.POWERING_OFF
                    : port.slot().blinking() ? SlotState.POWERING_ON : SlotState.PRESENT;
        }
        if (departure != null && departure.agentWorks()) {
            return on ? SlotState.POWERING_OFF : before;
        }
        return card().used() || announced && port.reachable() != null ? SlotState.POWERED_ON
                : scanning ? SlotState.POWERING_ON : SlotState.PRESENT;
    }

    /** Whether a card can come in so that the guest notices, and takes it for nothing else. */
    private boolean mayCome() {
        if (unseen()) {
            return true;
        }
        if (!driven()) {
            return settled();
        }
        boolean off = !port.slot().powered() && !port.slot().blinking();
        return off && emptiedAt == null || since(emptiedAt == null ? scannedAt : emptiedAt).compareTo(off ? GAP : SETTLING) >= 0;
    }

    private void insert() {
        Endpoint card = next;
        boolean seen = !unseen();
        boolean press = seen && driven();
        if (seen || !hotplug.running()) {
            port.insert(card, press);
        } else if (!port.insertUnseen(card)) {
            return;
        }
        next = null;
        state = SlotState.PRESENT;
        pressedToCome = press;
        pressedAt = press ? Long.valueOf(hotplug.nanos()) : null;
        forgetAnnouncement(seen && !press);
        hotplug.event(Kind.INSERTED, port.slotName(), device(), describe().reason());
    }

    private void press() {
        pressedAt = hotplug.nanos();
        port.slot().press();
    }

    private void forgetAnnouncement(boolean again) {
        unannounced = again;
        scanning = false;
        announced = false;
        unheard = "";
    }

    /** Has the agent tell the guest of a card that came while it ran. */
    private void announce() {
        Endpoint card = card();
        if (card == null || !unannounced || scanning || driven()) {
            return;
        }
        if (card.used()) {
            unannounced = false;
        } else if (connected()) {
            unannounced = false;
            scanning = true;
            unheard = "";
            hotplug.agent().orElseThrow().rescan(Hotplug.AGENT_LIMIT).whenComplete((done, failure) -> run(() -> {
                if (card() == card && scanning) {
                    scanning = false;
                    announced = failure == null;
                    if (failure != null) {
                        unheard = Hotplug.sentence(failure);
                        state = SlotState.PRESENT;
                        powerOnFailed(unheard);
                    }
                }
            }));
            observe();
        }
    }

    private void powerOnFailed(String why) {
        hotplug.event(Kind.POWER_ON_FAILED, port.slotName(), device(), why);
        failArrivals(Reason.FAILED, "the guest does not use device '%s' in %s: %s".formatted(device(), port.slotName(), why));
    }

    private void failArrivals(Reason reason, String message) {
        for (Arrival arrival : arrivals) {
            afterwards.add(() -> arrival.done.completeExceptionally(new HotplugException(reason, message)));
        }
        arrivals.clear();
    }

    private void await() {
        if (arrivals.isEmpty()) {
            return;
        }
        if (state == SlotState.PRESENT && driven() && departure == null && !port.slot().buttonPending()
                && (pressedAt == null || since(pressedAt).compareTo(AGAIN) >= 0)) {
            // The guest has switched it off, or has not noticed it.
            pressedToCome = true;
            press();
        }
        if (state == SlotState.POWERED_ON || card() != null && !hotplug.running()) {
            SlotInfo info = describe();
            arrivals.forEach(arrival -> afterwards.add(() -> arrival.done.complete(info)));
            arrivals.clear();
        } else if (card() == null && next == null) {
            failArrivals(Reason.FAILED, "%s is empty again".formatted(port.slotName()));
        } else {
            List<Arrival> late = arrivals.stream().filter(a -> hotplug.nanos() - a.deadline >= 0).toList();
            arrivals.removeAll(late);
            if (!late.isEmpty()) {
                String message = "the guest does not use device '%s' in %s yet: %s".formatted(device(), port.slotName(),
                        next != null ? coming() : describe().reason());
                hotplug.event(Kind.TIMED_OUT, port.slotName(), device(), message);
                late.forEach(arrival -> afterwards.add(() -> arrival.done.completeExceptionally(
                        new HotplugException(Reason.TIMED_OUT, message))));
            }
        }
    }

    private void depart() {
        Departure going = departure;
        if (card() == null) {
            Endpoint waited = next;
            next = null;
            gone(waited);
        } else if (going.forced() || unseen() || mayGo()) {
            eject();
        } else if (going.late(hotplug.nanos())) {
            refuse(Kind.TIMED_OUT, "the guest does not let go of device '%s' in %s: %s; unplug it again, or by force"
                    .formatted(device(), port.slotName(), leaving()));
        } else if (settled()) {
            ask(going);
        }
    }

    /** Whether nobody needs to be asked. */
    private boolean mayGo() {
        return driven() ? state == SlotState.PRESENT
                : settled() && (departure.letGo() || !connected() && !card().used());
    }

    private void ask(Departure going) {
        if (going.users() == Departure.Answer.NONE && connected()) {
            Endpoint card = card();
            going.asking();
            users(card)
                    .whenComplete((users, failure) -> run(() -> {
                        // If that cannot be found out, the guest decides.
                        if (departure == going && card() == card) {
                            going.used(failure == null ? users : List.of());
                        }
                    }));
        } else if (going.users() == Departure.Answer.PENDING) {
            return;
        } else if (!going.usedBy().isEmpty()) {
            refuse(Kind.REFUSED, "device '%s' in %s is in use: %s; end that, or unplug it by force"
                    .formatted(device(), port.slotName(), String.join(", ", going.usedBy())));
        } else if (driven()) {
            askDriver(going);
        } else if (connected()) {
            askAgent(going);
        } else if (!going.agentWorks()) {
            refuse(Kind.REFUSED, ("the guest uses device '%s' in %s, and nobody there can be asked to let it go; do that in the "
                    + "guest (in Linux: echo 1 >/sys/bus/pci/devices/%s/remove) and unplug it again, or by force")
                    .formatted(device(), port.slotName(), address()));
        }
    }

    private void askDriver(Departure going) {
        switch (state) {
            case POWERING_OFF -> going.answered();
            case POWERED_ON -> {
                if (going.wasAnswered()) {
                    refuse(Kind.REFUSED, "the guest has called off the removal of device '%s' in %s; unplug it again, or by force"
                            .formatted(device(), port.slotName()));
                } else if (!going.pressed() || !port.slot().buttonPending() && since(pressedAt).compareTo(AGAIN) >= 0) {
                    pressedToCome = false;
                    going.press();
                    press();
                }
            }
            default -> { }
        }
    }

    private void askAgent(Departure going) {
        if (going.agentWorks()) {
            return;
        }
        Endpoint card = card();
        going.askAgent();
        observe();
        remove(card, going.left(hotplug.nanos())).whenComplete((done, failure) -> run(() -> {
            if (departure != going || card() != card) {
                return;
            }
            going.agentEnded(failure == null);
            if (failure != null) {
                refuse(Hotplug.timedOut(failure) ? Kind.TIMED_OUT : Kind.REFUSED,
                        "the guest does not let go of device '%s' in %s: %s".formatted(device(), port.slotName(),
                                Hotplug.sentence(failure)));
            }
        }));
    }

    /** What the guest uses any function of a card for. */
    private CompletionStage<List<String>> users(Endpoint card) {
        GuestAgent agent = hotplug.agent().orElseThrow();
        CompletionStage<List<String>> users = agent.users(address(), Hotplug.AGENT_LIMIT);
        for (int number = 1; number < card.functions(); number++) {
            users = users.thenCombine(agent.users(address(number), Hotplug.AGENT_LIMIT),
                    (some, more) -> Stream.concat(some.stream(), more.stream()).toList());
        }
        return users;
    }

    /** Has the agent remove all functions of a card, number 0 last. */
    private CompletionStage<Void> remove(Endpoint card, Duration limit) {
        GuestAgent agent = hotplug.agent().orElseThrow();
        CompletionStage<Void> removal = CompletableFuture.completedFuture(null);
        for (int number = card.functions() - 1; number >= 0; number--) {
            String function = address(number);
            removal = removal.thenCompose(before -> agent.remove(function, limit));
        }
        return removal;
    }

    private void refuse(Kind kind, String message) {
        hotplug.event(kind, port.slotName(), device(), message);
        finishDeparture(new HotplugException(kind == Kind.REFUSED ? Reason.REFUSED : Reason.TIMED_OUT, message));
        observe();
    }

    private void finishDeparture(HotplugException failure) {
        Departure ended = departure;
        departure = null;
        if (ended != null) {
            afterwards.add(() -> ended.end(failure));
        }
    }

    private void eject() {
        Endpoint card = card();
        port.remove();
        emptiedAt = unseen() ? null : Long.valueOf(hotplug.nanos());
        state = SlotState.EMPTY;
        forgetAnnouncement(false);
        gone(card);
    }

    /** A card has left, or never came; when it is detached, those hear who waited for that. */
    private void gone(Endpoint card) {
        Departure ended = departure;
        departure = null;
        CompletableFuture<Void> done = new CompletableFuture<>();
        detached = done;
        failArrivals(Reason.FAILED, "device '%s' was unplugged".formatted(card.name()));
        afterwards.add(() -> {
            left.accept(card);
            hotplug.event(Kind.REMOVED, port.slotName(), card.name(), "");
            done.complete(null);
            ended.end(null);
        });
    }
}
