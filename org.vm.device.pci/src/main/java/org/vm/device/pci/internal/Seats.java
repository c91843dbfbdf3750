package org.vm.device.pci.internal;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.DeviceException;
import org.vm.api.VmException;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceHost.Plugged;
import org.vm.api.pci.PciFunction;

/** Which functions want to be on the bus, and which of them have a place there. */
final class Seats {
    private static final Logger LOG = LoggerFactory.getLogger(Seats.class);
    private static final String NO_MACHINE = "its host bridge is not in a machine";

    private static final class Seat {
        final PciFunction function;
        final String wish;
        /** On bus 0, or that of the root port that it is behind. */
        volatile int device;
        /** {@code null}: it has no place. */
        volatile Endpoint endpoint;
        volatile String refusal = NO_MACHINE;

        Seat(PciFunction function, String wish) {
            this.function = function;
            this.wish = wish;
        }
    }

    private final String host;
    private final RootBus bus;
    private final int firstSource;
    /** Held while functions attach and detach. */
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Seat> seats = new CopyOnWriteArrayList<>();
    private DeviceContext context;

    Seats(String host, RootBus bus, int firstSource) {
        this.host = host;
        this.bus = bus;
        this.firstSource = firstSource;
    }

    void plug(PciFunction function, String place) {
        lock.lock();
        try {
            Seat seat = new Seat(function, place);
            if (context != null) {
                settle(seat);
            }
            seats.add(seat);
        } finally {
            lock.unlock();
        }
    }

    void offer(PciFunction function, String place) {
        lock.lock();
        try {
            Seat seat = new Seat(function, place);
            seats.add(seat);
            trySettle(seat);
        } finally {
            lock.unlock();
        }
    }

    void unplug(PciFunction function) {
        lock.lock();
        try {
            for (Seat seat : seats) {
                if (seat.function == function) {
                    seats.remove(seat);
                    if (seat.endpoint != null) {
                        leave(seat);
                        // What was refused may fit now.
                        seats.stream().filter(s -> s.endpoint == null).forEach(this::trySettle);
                    }
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /** There is a machine now ({@code null}: no longer). */
    void machine(DeviceContext next) {
        lock.lock();
        try {
            if (next == null) {
                seats.stream().filter(seat -> seat.endpoint != null).forEach(this::leave);
            }
            context = next;
            seats.forEach(this::trySettle);
        } finally {
            lock.unlock();
        }
    }

    /** Runs something while nothing comes or goes. */
    void undisturbed(Runnable action) {
        lock.lock();
        try {
            action.run();
        } finally {
            lock.unlock();
        }
    }

    private void trySettle(Seat seat) {
        if (context == null) {
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
        String name = seat.function.name();
        if (seats.stream().anyMatch(s -> s != seat && s.endpoint != null && s.function.name().equals(name))) {
            throw new DeviceException("host bridge '%s' has a device '%s' already; give one of them another name"
                    .formatted(host, name));
        }
        int device = seat.wish.isEmpty() ? anywhere(name) : at(seat.wish, name);
        Endpoint endpoint;
        try {
            endpoint = new Endpoint(seat.function, bus.port(device) != null ? Express.Type.ENDPOINT
                    : Express.Type.INTEGRATED_ENDPOINT, bus::decode);
            endpoint.attach(context, context.interrupt(RootBus.source(firstSource, device)));
        } catch (RuntimeException | LinkageError e) {
            throw new DeviceException("device '%s' failed to attach to host bridge '%s': %s".formatted(name, host, e), e);
        }
        bus.insert(device, endpoint);
        seat.device = device;
        seat.endpoint = endpoint;
        LOG.info("machine '{}': device '{}' in {}", context.machine(), name, place(seat));
    }

    private void leave(Seat seat) {
        Endpoint endpoint = seat.endpoint;
        bus.remove(seat.device);
        seat.endpoint = null;
        seat.refusal = NO_MACHINE;
        try {
            endpoint.detach();
        } catch (RuntimeException | LinkageError e) {
            LOG.warn("machine '{}': device '{}' failed to detach", context.machine(), seat.function.name(), e);
        }
        LOG.info("machine '{}': device '{}' left host bridge '{}'", context.machine(), seat.function.name(), host);
    }

    private int anywhere(String name) {
        return IntStream.range(1, RootBus.DEVICES).filter(bus::free).findFirst().orElseThrow(() -> new DeviceException(
                "host bridge '%s' has no room for device '%s'; remove another one".formatted(host, name)));
    }

    private int at(String wish, String name) {
        int device = wish.matches("slot[0-9]{1,2}") ? Integer.parseInt(wish.substring(4))
                : wish.matches("00:[01][0-9a-f]") ? Integer.parseInt(wish.substring(3), 16) : 0;
        int ports = bus.ports().size();
        if (device == 0 || (bus.port(device) != null) != wish.startsWith("slot")) {
            throw new DeviceException(("device '%s' wants to be in '%s', which host bridge '%s' does not have; it has "
                    + "slot1 to slot%d and 00:%02x to 00:1f").formatted(name, wish, host, ports, ports + 1));
        }
        if (!bus.free(device)) {
            String other = seats.stream().filter(s -> s.endpoint != null && s.device == device).findFirst()
                    .map(s -> s.function.name()).orElse("another device");
            throw new DeviceException("device '%s' cannot be in '%s' of host bridge '%s', because '%s' is there; "
                    .formatted(name, wish, host, other) + "choose another place");
        }
        return device;
    }

    /** Where it is, for people: the bus number is the one that the guest has given. */
    private String place(Seat seat) {
        RootPort port = bus.port(seat.device);
        return port == null ? "%s, 00:%02x.0".formatted(host, seat.device)
                : "%s of %s, %02x:00.0".formatted(port.slotName(), host, port.secondaryBus());
    }

    List<Plugged> plugged() {
        return seats.stream().filter(s -> s.endpoint != null).map(s -> new Plugged(s.function, place(s))).toList();
    }

    Map<String, String> refused() {
        Map<String, String> refused = new LinkedHashMap<>();
        seats.stream().filter(s -> s.endpoint == null).forEach(s -> refused.put(s.function.name(), s.refusal));
        return refused;
    }
}
