package org.vm.device.pci.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.DeviceException;
import org.vm.api.VmException;
import org.vm.api.device.Device;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceHost.Plugged;
import org.vm.api.hotplug.HotplugEvent;
import org.vm.api.hotplug.HotplugException;
import org.vm.api.hotplug.HotplugException.Reason;
import org.vm.api.hotplug.HotplugManager;
import org.vm.api.hotplug.SlotInfo;
import org.vm.api.pci.PciFunction;

/**
 * Which functions want to be on the bus, and which of them have a place there. Those on the root bus are there at once;
 * those in slots come and go as the {@linkplain HotSlot conversation} about their slot has it.
 */
final class Seats implements HotplugManager {
    private static final Logger LOG = LoggerFactory.getLogger(Seats.class);
    private final PlaceKeeper keeper = new PlaceKeeper(this);
    private final String host;
    private final RootBus bus;
    private final int firstSource;
    private final Hotplug hotplug;
    private final List<HotSlot> slots;
    private final Succession succession;
    /** Held while functions attach and detach. Taken before the lock of a slot, never after it. */
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Seat> seats = new CopyOnWriteArrayList<>();
    private volatile DeviceContext context;

    Seats(String host, RootBus bus, int firstSource, Hotplug hotplug) {
        this.host = host;
        this.bus = bus;
        this.firstSource = firstSource;
        this.hotplug = hotplug;
        slots = bus.ports().stream().map(port -> new HotSlot(port, hotplug, this::left)).toList();
        succession = new Succession(this, bus, slots);
    }

    <T> T locked(Supplier<T> action) {
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }

    void locked(Runnable action) {
        lock.lock();
        try {
            action.run();
        } finally {
            lock.unlock();
        }
    }

    /** Whether the function's machine knows it from now on, or why not. */
    void plug(PciFunction function, String place) {
        locked(() -> {
            Seat seat = new Seat(function, place, -1);
            if (context != null) {
                settle(seat);
            }
            seats.add(seat);
        });
    }

    /**
     * As {@link #plug}, but what cannot be seated is kept, with the reason. One whose place is kept takes that, or waits for it.
     *
     * @param bundle whose service it is; -1: nobody's
     */
    void offer(PciFunction function, String place, long bundle) {
        locked(() -> {
            if (keeper.succeed(function, bundle) || keeper.waits(function, bundle)) {
                return;
            }
            Seat seat = new Seat(function, place, bundle);
            trySettle(seat);
            // Not before: who looks meanwhile must not take it for refused.
            seats.add(seat);
        });
    }

    /** Takes a function away; returns when it is detached. */
    void unplug(PciFunction function) {
        locked(() -> keeper.withdraw(function));
        take(function).join();
    }

    /** Takes a function away when the guest has let it go, or the limit has passed; returns when it is detached. */
    void release(PciFunction function, Duration limit) throws InterruptedException {
        if (locked(() -> keeper.withdraw(function) || keeper.leave(function))) {
            return;
        }
        Optional<Seat> seat = seats.stream().filter(s -> s.function == function).findFirst();
        try {
            if (seat.isPresent()) {
                leave(seat.get(), limit, false).handle((done, failure) -> null).get();
            }
        } catch (java.util.concurrent.ExecutionException e) {
            throw new IllegalStateException("a failure was handled and has come nevertheless", e);
        } finally {
            unplug(function);
        }
    }

    private CompletableFuture<Void> take(PciFunction function) {
        Seat seat = locked(() -> {
            Seat found = seats.stream().filter(s -> s.function == function).findFirst().orElse(null);
            if (found != null) {
                found.out = true;
            }
            return found;
        });
        return seat == null ? CompletableFuture.completedFuture(null) : pull(seat);
    }

    /** A card is gone, whatever the guest thinks of it. */
    CompletableFuture<Void> pull(Seat seat) {
        return leave(seat, Duration.ZERO, true).thenRun(() -> seats.remove(seat));
    }

    /** There is a machine now ({@code null}: no longer). */
    void machine(DeviceContext next) {
        locked(() -> {
            if (next == null) {
                slots.forEach(HotSlot::abandon);
                seats.stream().filter(seat -> seat.endpoint != null).forEach(this::vacate);
            }
            context = next;
            hotplug.machine(next);
            seats.forEach(this::trySettle);
        });
    }

    Succession succession() {
        return succession;
    }

    /** Keeps places of functions whose bundles are replaced. */
    PlaceKeeper keeper() {
        return keeper;
    }

    String host() {
        return host;
    }

    Hotplug hotplug() {
        return hotplug;
    }

    void reset() {
        locked(() -> {
            bus.reset();
            slots.forEach(HotSlot::reset);
        });
    }

    // The manager's part

    @Override
    public List<SlotInfo> slots() {
        return slots.stream().map(HotSlot::info).toList();
    }

    @Override
    public List<HotplugEvent> events(long after) {
        return hotplug.events(after);
    }

    @Override
    public CompletionStage<SlotInfo> plug(String device, Duration limit) {
        Seat seat = locked(() -> {
            Seat found = find(device);
            if (found != null && found.out && found.endpoint == null) {
                found.out = false;
                trySettle(found);
            }
            return found;
        });
        if (seat == null) {
            return unknown(device);
        }
        if (seat.endpoint == null) {
            return failed(Reason.REFUSED, seat.refusal);
        }
        return slot(seat).map(slot -> slot.awaitPower(limit)).orElseGet(() -> failed(Reason.UNKNOWN,
                "device '%s' is on the root bus, which has no slots".formatted(device)));
    }

    @Override
    public CompletionStage<Void> unplug(String device, Duration limit, boolean force) {
        Seat seat = find(device);
        return seat == null ? unknown(device) : leave(seat, limit, force);
    }

    /** The device of that name, one with a place before others. */
    private Seat find(String device) {
        return seats.stream().filter(s -> s.name.equals(device))
                .reduce((a, b) -> a.endpoint != null ? a : b).orElse(null);
    }

    private <T> CompletableFuture<T> unknown(String device) {
        return failed(Reason.UNKNOWN, "host bridge '%s' has no device '%s'".formatted(host, device));
    }

    private static <T> CompletableFuture<T> failed(Reason reason, String message) {
        return CompletableFuture.failedFuture(new HotplugException(reason, message));
    }

    private Optional<HotSlot> slot(Seat seat) {
        return bus.port(seat.device) == null ? Optional.empty() : Optional.of(slots.get(seat.device - 1));
    }

    private CompletableFuture<Void> leave(Seat seat, Duration limit, boolean force) {
        return locked(() -> {
            Endpoint endpoint = seat.endpoint;
            if (endpoint == null) {
                return CompletableFuture.completedFuture(null);
            }
            Optional<HotSlot> slot = slot(seat);
            if (slot.isPresent()) {
                return slot.get().leave(limit, force);
            }
            if (!force && hotplug.running() && endpoint.used()) {
                return failed(Reason.REFUSED, ("the guest uses device '%s', which is on the root bus, where nobody can be asked "
                        + "to let it go; unplug it by force").formatted(seat.name));
            }
            bus.remove(seat.device);
            left(endpoint);
            return CompletableFuture.completedFuture(null);
        });
    }

    /** A card is in its slot no more. */
    private void left(Endpoint endpoint) {
        locked(() -> {
            seats.stream().filter(s -> s.endpoint == endpoint).forEach(seat -> {
                seat.out = true;
                vacate(seat);
                seat.refusal = "it was unplugged, and can be plugged again";
            });
            // What was refused may fit now.
            seats.forEach(this::trySettle);
        });
    }

    // Places

    List<Seat> all() {
        return seats;
    }

    DeviceContext context() {
        return context;
    }

    void trySettle(Seat seat) {
        if (context == null || seat.out || seat.endpoint != null || seat.function == null
                || seat.rival != null && seat.rival.kept != null) {
            return;
        }
        try {
            settle(seat);
        } catch (VmException e) {
            if (!e.getMessage().equals(seat.refusal)) {
                LOG.warn("machine '{}': {}", context.machine(), e.getMessage(), e.getCause());
            }
            seat.refusal = e.getMessage();
        }
    }

    private void settle(Seat seat) {
        String name = seat.name;
        if (seats.stream().anyMatch(s -> s != seat && s.endpoint != null && s.name.equals(name))) {
            throw new DeviceException("host bridge '%s' has a device '%s' already; give one of them another name"
                    .formatted(host, name));
        }
        int device = seat.wish.isEmpty() ? anywhere(name) : at(seat.wish, name);
        Endpoint endpoint = attached(seat, device);
        seat.device = device;
        seat.endpoint = endpoint;
        Optional<HotSlot> slot = slot(seat);
        if (slot.isPresent()) {
            slot.get().come(endpoint);
        } else {
            bus.insert(device, endpoint);
        }
        LOG.info("machine '{}': device '{}' in {}", context.machine(), name, place(seat));
    }

    /** A place for the card of a seat, with the card, which nobody can reach yet. */
    Endpoint attached(Seat seat, int device) {
        int pin = Intx.ofCard(device);
        try {
            Endpoint endpoint = new Endpoint(seat.function, bus.port(device) != null ? Express.Type.ENDPOINT
                    : Express.Type.INTEGRATED_ENDPOINT, pin, bus::decode);
            endpoint.attach(context, Intx.source(firstSource, device, pin));
            return endpoint;
        } catch (RuntimeException | LinkageError e) {
            throw new DeviceException("device '%s' failed to attach to host bridge '%s': %s".formatted(seat.name, host, e), e);
        }
    }

    /** Detaches what cannot be reached any more. */
    void vacate(Seat seat) {
        Endpoint endpoint = seat.endpoint;
        if (bus.port(seat.device) == null) {
            bus.remove(seat.device);
        }
        seat.endpoint = null;
        seat.refusal = Seat.NO_MACHINE;
        try {
            endpoint.detach();
        } catch (RuntimeException | LinkageError e) {
            LOG.warn("machine '{}': device '{}' failed to detach", context.machine(), seat.name, e);
        }
        keeper.lost(seat);
        LOG.info("machine '{}': device '{}' left host bridge '{}'", context.machine(), seat.name, host);
    }

    Optional<Seat> there(int device) {
        return seats.stream().filter(s -> s.endpoint != null && s.device == device).findFirst();
    }

    private int anywhere(String name) {
        return IntStream.range(1, RootBus.DEVICES).filter(device -> there(device).isEmpty()).findFirst().orElseThrow(() ->
                new DeviceException("host bridge '%s' has no room for device '%s'; remove another one".formatted(host, name)));
    }

    private int at(String wish, String name) {
        int device = wish.matches("slot[0-9]{1,2}") ? Integer.parseInt(wish.substring(4))
                : wish.matches("00:[01][0-9a-f]") ? Integer.parseInt(wish.substring(3), 16) : 0;
        int ports = bus.ports().size();
        if (device == 0 || (bus.port(device) != null) != wish.startsWith("slot")) {
            throw new DeviceException(("device '%s' wants to be in '%s', which host bridge '%s' does not have; it has "
                    + "slot1 to slot%d and 00:%02x to 00:1f").formatted(name, wish, host, ports, ports + 1));
        }
        there(device).ifPresent(other -> {
            throw new DeviceException("device '%s' cannot be in '%s' of host bridge '%s', because '%s' is there; "
                    .formatted(name, wish, host, other.name) + "choose another place");
        });
        return device;
    }

    /** Where it is, for people: the bus number is the one that the guest has given. */
    private String place(Seat seat) {
        RootPort port = bus.port(seat.device);
        if (port == null) {
            return "%s, 00:%02x.0".formatted(host, seat.device);
        }
        String slot = "%s of %s".formatted(port.slotName(), host);
        return port.card() == seat.endpoint ? "%s, %02x:00.0".formatted(slot, port.secondaryBus())
                : slot + ", waiting " + slots.get(seat.device - 1).info().waiting();
    }

    List<Plugged> plugged() {
        return seats.stream().filter(s -> s.endpoint != null).map(s -> new Plugged(standIn(s), place(s))).toList();
    }

    private static Device standIn(Seat seat) {
        PciFunction function = seat.function;
        return function == null ? new AbsentDevice(seat.name) : function;
    }

    Map<Integer, List<String>> interruptOwners() {
        Map<Integer, List<String>> owners = new TreeMap<>();
        for (RootPort port : bus.ports()) {
            int source = Intx.source(firstSource, port.number(), Intx.ofPort(port.number()));
            owners.computeIfAbsent(source, s -> new ArrayList<>(List.of("slots of " + host)));
        }
        seats.stream().filter(seat -> seat.endpoint != null).forEach(seat -> owners.computeIfAbsent(
                Intx.source(firstSource, seat.device, Intx.ofCard(seat.device)), s -> new ArrayList<>()).add(seat.name));
        return owners;
    }

    Map<String, String> refused() {
        Map<String, String> refused = new LinkedHashMap<>();
        seats.stream().filter(s -> s.endpoint == null).forEach(s -> refused.put(s.name, s.refusal));
        return refused;
    }
}
