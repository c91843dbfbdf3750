package org.vm.device.pci.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.DeviceException;
import org.vm.api.pci.PciFunction;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/**
 * A card's place while its functions are exchanged for others: which state they have left, and whether the ones that came
 * are still on trial. Under the lock of {@link Seats}, except for faults, which come from any thread.
 */
final class KeptCard {
    private static final Logger LOG = LoggerFactory.getLogger(KeptCard.class);

    private final Endpoint card;
    private final Consumer<Throwable> faulty;
    /** Of each function; empty: it gives none. */
    private List<Optional<DeviceState>> states;
    private final List<Stateful> suspended = new ArrayList<>();
    private boolean trial;
    private boolean failed;

    /** @param faulty told, on the thread that it happens on, when a successor has failed on trial for the first time */
    KeptCard(Endpoint card, Consumer<Throwable> faulty) {
        this.card = card;
        this.faulty = faulty;
        states = card.all().stream().map(each -> Optional.<DeviceState>empty()).toList();
    }

    /** One whose functions have taken a state, and have yet to be resumed. */
    static KeptCard standing(Endpoint card) {
        KeptCard kept = new KeptCard(card, cause -> { });
        card.all().stream().map(Endpoint::function).filter(Stateful.class::isInstance).map(Stateful.class::cast)
                .forEach(kept.suspended::add);
        return kept;
    }

    /** What the functions have given, of those that give it. */
    List<DeviceState> states() {
        return states.stream().flatMap(Optional::stream).toList();
    }

    Endpoint card() {
        return card;
    }

    /** Whether there are functions here that have to leave, or have left, for others. */
    boolean holding() {
        return card.gate().closed();
    }

    boolean vacant() {
        return card.function() == null;
    }

    boolean stateful() {
        return states.stream().anyMatch(Optional::isPresent);
    }

    /** Suspends the functions and takes their state. @throws DeviceException if one of them does not give it */
    void take(Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        List<Optional<DeviceState>> taken = new ArrayList<>();
        try {
            for (Endpoint each : card.all()) {
                if (each.function() instanceof Stateful function) {
                    function.suspend(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
                    suspended.add(function);
                }
            }
            for (Endpoint each : card.all()) {
                taken.add(each.function() instanceof Stateful function ? Optional.of(given(function)) : Optional.empty());
            }
        } catch (RuntimeException | LinkageError e) {
            throw new DeviceException(e instanceof DeviceException ? e.getMessage() : e.toString(), e);
        }
        states = taken;
    }

    /** Suspends functions that have to go again, and takes the state of those that give it. */
    void retake(Duration limit) {
        synchronized (this) {
            trial = false;
            // What fails from now on stands still, too: somebody else will be here.
            failed = true;
        }
        long deadline = System.nanoTime() + limit.toNanos();
        List<Optional<DeviceState>> taken = new ArrayList<>(states);
        List<Endpoint> places = card.all();
        for (int i = 0; i < places.size(); i++) {
            if (places.get(i).function() instanceof Stateful function) {
                try {
                    function.suspend(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
                    suspended.add(function);
                    taken.set(i, Optional.of(given(function)));
                } catch (RuntimeException | LinkageError e) {
                    LOG.warn("device '{}' goes back to the last state that is known, because it does not give its own",
                            places.get(i).name(), e);
                }
            }
        }
        states = taken;
        cut();
    }

    private static DeviceState given(Stateful function) {
        DeviceState state = function.capture();
        if (state == null) {
            throw new DeviceException("it has given no state");
        }
        return state;
    }

    /** The functions are without effect from now on. */
    void cut() {
        card.all().forEach(each -> each.reach(FunctionContext.Reach.NONE));
    }

    /** Whoever is here goes on, and is trusted from now on. */
    void goOn() {
        boolean standing;
        synchronized (this) {
            trial = false;
            standing = failed;
            failed = false;
        }
        card.all().forEach(each -> each.reach(FunctionContext.Reach.ALL));
        for (Endpoint each : card.all()) {
            // One that failed in the last moment stands still, and has to do: nobody comes to take its place.
            if (each.function() instanceof Stateful function && (standing || suspended.contains(function))) {
                function.resume();
            }
        }
        suspended.clear();
        card.all().forEach(Endpoint::catchUp);
        card.gate().open(null);
    }

    /** The functions that were here leave; their place stays. */
    void leave() {
        suspended.clear();
        cut();
        for (Endpoint each : card.all()) {
            PciFunction leaving = each.function();
            each.vacate();
            end(leaving);
        }
    }

    private static void end(PciFunction leaving) {
        if (leaving != null) {
            try {
                leaving.detach();
            } catch (RuntimeException | LinkageError e) {
                LOG.warn("device '{}' failed to detach", leaving.name(), e);
            }
        }
    }

    /**
     * A card comes that is to go on where the other one was.
     *
     * @throws RuntimeException | LinkageError if it cannot; it is detached then, and the place as it was
     */
    void fill(PciFunction next) {
        List<PciFunction> functions = new ArrayList<>(List.of(next));
        functions.addAll(next.others());
        List<Endpoint> places = card.all();
        if (functions.size() != places.size()) {
            throw new DeviceException("device '%s' differs from the one whose place it would take: it has %d functions, and not %d"
                    .formatted(next.name(), functions.size(), places.size()));
        }
        synchronized (this) {
            trial = true;
            failed = false;
        }
        int entered = 0;
        try {
            // Function 0 is attached last, as when a card is plugged.
            for (int i = places.size() - 1; i >= 0; i--) {
                places.get(i).enter(functions.get(i));
                entered++;
            }
            for (int i = 0; i < places.size(); i++) {
                begin(functions.get(i), states.get(i), places.get(i));
            }
            places.forEach(Endpoint::catchUp);
        } catch (RuntimeException | LinkageError e) {
            synchronized (this) {
                trial = false;
            }
            for (Endpoint each : places.subList(places.size() - entered, places.size())) {
                each.reach(FunctionContext.Reach.NONE);
                PciFunction leaving = each.function();
                each.vacate();
                end(leaving);
            }
            throw e;
        }
        places.forEach(each -> each.reach(FunctionContext.Reach.ALL));
        synchronized (this) {
            if (!failed) {
                card.gate().open(this::fault);
            }
        }
    }

    private void begin(PciFunction function, Optional<DeviceState> state, Endpoint place) {
        if (function instanceof Stateful next) {
            if (state.isPresent() && !place.anew()) {
                next.restore(state.get());
            }
            next.onTrial(this::fault);
            next.resume();
        } else if (state.isPresent()) {
            throw new DeviceException("device '%s' does not take a state, and the one whose place it would take had one"
                    .formatted(function.name()));
        }
    }

    /** Any thread. @return whether somebody else will be here */
    private boolean fault(Throwable cause) {
        synchronized (this) {
            if (!trial) {
                return failed;
            }
            trial = false;
            failed = true;
            card.gate().close();
        }
        LOG.warn("device '{}', a new version on trial, has failed", card.name(), cause);
        faulty.accept(cause);
        return true;
    }

    /** The place is given up: nobody waits any more. */
    void giveUp() {
        synchronized (this) {
            trial = false;
        }
        card.all().forEach(Endpoint::vacate);
        card.gate().open(null);
    }
}
