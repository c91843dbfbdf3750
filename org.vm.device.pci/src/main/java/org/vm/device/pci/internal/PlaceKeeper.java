package org.vm.device.pci.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.DeviceException;
import org.vm.api.device.DeviceContext;
import org.vm.api.pci.PciFunction;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.replace.ReplacementException;
import org.vm.api.replace.Successors;

/**
 * Keeps the seats of cards while their bundles are replaced. A card that has a place in configuration space keeps it as it is,
 * BARs, interrupt messages, power state and slot, and only its functions are exchanged; one that has none (unplugged, refused)
 * is not plugged by coming anew.
 */
final class PlaceKeeper implements DeviceKeeper {
    private static final Logger LOG = LoggerFactory.getLogger(PlaceKeeper.class);

    private final Seats seats;
    /** One at a time; changed under the lock of the seats. */
    private Places current;
    private volatile Successors<PciFunction> successors = Successors.none();

    PlaceKeeper(Seats seats) {
        this.seats = seats;
    }

    @Override
    public Hold hold(Set<Long> bundles, Duration limit) {
        Places places = seats.locked(() -> {
            if (current != null) {
                throw new ReplacementException("host bridge '%s' keeps places already".formatted(seats.host()));
            }
            Places held = new Places(seats.all().stream().filter(seat -> bundles.contains(seat.bundle) && seat.function != null).toList());
            if (!held.held.isEmpty()) {
                current = held;
            }
            return held;
        });
        try {
            places.begin(limit);
            return places;
        } catch (RuntimeException | LinkageError e) {
            places.callOff();
            throw e;
        }
    }

    @Override
    public Optional<Supplier<List<String>>> prepare(long leaving, long coming) {
        return seats.locked(() -> {
            Successors<PciFunction> next = new Successors<>(coming, seats.all().stream()
                    .filter(seat -> seat.bundle == leaving && seat.function != null).map(seat -> seat.name).toList());
            successors = next;
            DeviceContext machine = seats.context();
            String prefix = (machine == null ? "?" : machine.machine()) + "/";
            return Optional.of(() -> next.awaited().stream().map(prefix::concat).toList());
        });
    }

    /** A function comes. @return whether it waits for a seat that is another one's */
    boolean waits(PciFunction function, long bundle) {
        return successors.offer(bundle, function.name(), function);
    }

    /** A function goes. @return whether it was waiting */
    boolean withdraw(PciFunction function) {
        return successors.withdraw(waiting -> waiting == function);
    }

    /** A function comes. @return whether it was the successor of one whose seat is kept */
    boolean succeed(PciFunction function, long bundle) {
        return current != null && current.succeed(function, bundle);
    }

    /** A function goes. @return whether its seat is kept, so that nobody needs to be asked; it is detached then */
    boolean leave(PciFunction function) {
        return current != null && current.leave(function);
    }

    /** A card was taken out of its place. */
    void lost(Seat seat) {
        if (current != null) {
            current.lost(seat);
        }
    }

    private final class Places implements Hold {
        private final List<Seat> held;
        private final List<String> devices = new ArrayList<>();
        private final List<String> stateless = new ArrayList<>();
        private volatile CompletableFuture<Void> filled = new CompletableFuture<>();
        private volatile CompletableFuture<Throwable> fault = new CompletableFuture<>();

        Places(List<Seat> held) {
            this.held = held;
        }

        private List<KeptCard> cards() {
            return held.stream().map(seat -> seat.kept).filter(Objects::nonNull).toList();
        }

        void begin(Duration limit) {
            seats.locked(() -> held.stream().filter(seat -> seat.endpoint != null)
                    .forEach(seat -> seat.kept = new KeptCard(seat.endpoint, this::faulty)));
            shut(cards());
            seats.locked(() -> {
                long deadline = System.nanoTime() + limit.toNanos();
                for (Seat seat : held) {
                    KeptCard card = seat.kept;
                    if (card == null) {
                        continue;
                    }
                    try {
                        card.take(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
                    } catch (DeviceException e) {
                        throw new ReplacementException("device '%s' of machine '%s' cannot be replaced now: %s"
                                .formatted(seat.name, machine(), e.getMessage()), e);
                    }
                    devices.add(label(seat));
                    if (!card.stateful()) {
                        stateless.add(label(seat));
                    }
                }
                cards().forEach(KeptCard::cut);
                check();
            });
        }

        /** Closes gates, in a moment in which no vCPU is behind one. */
        private void shut(List<KeptCard> cards) {
            DeviceContext machine = seats.context();
            cards.forEach(card -> card.card().all().forEach(Endpoint::keep));
            Runnable close = () -> cards.forEach(card -> card.card().gate().close());
            if (machine == null || cards.isEmpty()) {
                close.run();
            } else {
                machine.atStandstill(close);
            }
        }

        private String machine() {
            DeviceContext machine = seats.context();
            return machine == null ? "?" : machine.machine();
        }

        private String label(Seat seat) {
            return machine() + "/" + seat.name;
        }

        /** On the thread of the fault, which may be a vCPU's. */
        private void faulty(Throwable cause) {
            CompletableFuture<Throwable> told = fault;
            seats.hotplug().later(() -> told.complete(cause));
        }

        boolean leave(PciFunction function) {
            for (Seat seat : held) {
                if (seat.function == function && (seat.kept == null ? seat.endpoint == null : seat.kept.holding())) {
                    seat.function = null;
                    if (seat.kept != null) {
                        seat.kept.leave();
                    }
                    return true;
                }
            }
            return false;
        }

        boolean succeed(PciFunction function, long bundle) {
            Seat seat = held.stream().filter(s -> s.function == null && s.name.equals(function.name())).findFirst().orElse(null);
            if (seat == null) {
                return false;
            }
            try {
                if (seat.kept != null) {
                    seat.kept.fill(function);
                }
            } catch (RuntimeException | LinkageError e) {
                refuse(seat, function, bundle, e);
                return true;
            }
            seat.function = function;
            seat.bundle = bundle;
            seats.trySettle(seat);
            check();
            return true;
        }

        private void refuse(Seat seat, PciFunction function, long bundle, Throwable cause) {
            String why = cause instanceof DeviceException ? cause.getMessage() : cause.toString();
            Seat rival = new Seat(function, seat.wish, bundle);
            rival.rival = seat;
            rival.refusal = "it cannot take the place of device '%s', which is being replaced: %s".formatted(seat.name, why);
            seats.all().add(rival);
            LOG.warn("machine '{}': the new device '{}' cannot take its place: {}", machine(), seat.name, why, cause);
            filled.completeExceptionally(new ReplacementException("the new device '%s' of machine '%s' cannot take its place: %s"
                    .formatted(seat.name, machine(), why), cause));
        }

        @Override
        public void admit() {
            seats.locked(() -> {
                for (Seat seat : held) {
                    PciFunction next = successors.take(seat.name);
                    if (next != null) {
                        leave(seat.function);
                        succeed(next, successors.bundle());
                    }
                }
            });
        }

        void lost(Seat seat) {
            if (held.contains(seat) && seat.kept != null) {
                KeptCard card = seat.kept;
                seat.kept = null;
                card.giveUp();
                check();
            }
        }

        private void goOn(Seat seat, KeptCard card) {
            try {
                card.goOn();
            } catch (RuntimeException | LinkageError e) {
                LOG.warn("machine '{}': device '{}' does not go on", machine(), seat.name, e);
            }
        }

        private void check() {
            if (held.stream().noneMatch(seat -> seat.kept != null && (seat.function == null || seat.kept.holding()))) {
                filled.complete(null);
            }
        }

        @Override
        public List<String> devices() {
            return List.copyOf(devices);
        }

        @Override
        public List<String> stateless() {
            return List.copyOf(stateless);
        }

        @Override
        public CompletionStage<Void> filled() {
            return filled.minimalCompletionStage();
        }

        @Override
        public CompletionStage<Throwable> fault() {
            return fault.minimalCompletionStage();
        }

        @Override
        public void callOff() {
            end();
        }

        @Override
        public void retake(Duration limit) {
            filled = new CompletableFuture<>();
            fault = new CompletableFuture<>();
            shut(cards());
            seats.locked(() -> {
                long deadline = System.nanoTime() + limit.toNanos();
                cards().stream().filter(card -> !card.vacant())
                        .forEach(card -> card.retake(Duration.ofNanos(Math.max(1, deadline - System.nanoTime()))));
                check();
            });
        }

        @Override
        public void accept() {
            end();
        }

        @Override
        public void close() {
            end();
        }

        /** Whoever is there goes on; what has no function now is gone, as a card that is pulled. */
        private void end() {
            List<CompletableFuture<Void>> pulled = seats.locked(() -> {
                if (current != this) {
                    return List.of();
                }
                current = null;
                List<CompletableFuture<Void>> leaving = new ArrayList<>();
                for (Seat seat : held) {
                    KeptCard card = seat.kept;
                    seat.kept = null;
                    if (seat.function == null) {
                        leaving.add(seats.pull(seat));
                    } else if (card != null) {
                        goOn(seat, card);
                    }
                    if (seat.function == null && card != null) {
                        card.giveUp();
                    }
                }
                seats.all().forEach(seats::trySettle);
                return leaving;
            });
            pulled.forEach(CompletableFuture::join);
        }
    }
}
