package org.vm.machine.internal.replace;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.replace.ReplacementException;

/** What all keepers of places hold for one replacement, as one. */
final class Holds {
    /** Between two looks for a component that has failed, which says nothing by itself. */
    private static final long LOOK_MILLIS = 20;
    private static final Logger LOG = LoggerFactory.getLogger(Holds.class);

    private final List<DeviceKeeper.Hold> holds = new ArrayList<>();
    /** The successors are the version before: a fault does not send it away, for there is nobody else. */
    private boolean back;

    /** @throws ReplacementException if one keeper cannot; the others go on as before */
    Holds(Collection<DeviceKeeper> keepers, Set<Long> bundles, Duration limit) {
        try {
            for (DeviceKeeper keeper : keepers) {
                holds.add(keeper.hold(bundles, limit));
            }
        } catch (RuntimeException e) {
            each(DeviceKeeper.Hold::callOff);
            throw e;
        }
    }

    /** Devices that wait take the places. */
    void admit() {
        holds.forEach(DeviceKeeper.Hold::admit);
    }

    List<String> devices() {
        return holds.stream().flatMap(hold -> hold.devices().stream()).distinct().toList();
    }

    List<String> stateless() {
        return holds.stream().flatMap(hold -> hold.stateless().stream()).distinct().toList();
    }

    /** @param failure says why a component cannot come, once it cannot; else {@code null} */
    void awaitFilled(Duration limit, Supplier<String> failure) {
        CompletableFuture<Void> filled = CompletableFuture.allOf(
                holds.stream().map(hold -> hold.filled().toCompletableFuture()).toArray(CompletableFuture<?>[]::new));
        // Of all, the first that fails is enough.
        holds.forEach(hold -> hold.filled().whenComplete((nothing, e) -> {
            if (e != null) {
                filled.completeExceptionally(e);
            }
        }));
        if (!back) {
            // A place whose successor has failed already is empty again, and would never be filled.
            fault().thenAccept(cause -> filled.completeExceptionally(new ReplacementException("it failed on trial: "
                    + Replacing.sentence(cause), cause)));
        }
        long until = System.nanoTime() + limit.toNanos();
        while (true) {
            try {
                filled.get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
                return;
            } catch (TimeoutException e) {
                String why = failure.get();
                if (why != null) {
                    throw new ReplacementException(why, e);
                }
                if (System.nanoTime() - until > 0) {
                    throw new ReplacementException("not all of its devices (%s) were there after %d s"
                            .formatted(String.join(", ", devices()), limit.toSeconds()), e);
                }
            } catch (ExecutionException e) {
                Throwable cause = e.getCause() == null ? e : e.getCause();
                throw cause instanceof ReplacementException known ? known : new ReplacementException(cause.toString(), cause);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ReplacementException("it was interrupted", e);
            }
        }
    }

    /** The first fault of a successor. */
    CompletableFuture<Throwable> fault() {
        CompletableFuture<Throwable> first = new CompletableFuture<>();
        holds.forEach(hold -> hold.fault().thenAccept(first::complete));
        return first;
    }

    void retake(Duration limit) {
        back = true;
        each(hold -> hold.retake(limit));
    }

    /** The devices are trusted; places that nobody has taken are given up. */
    void end() {
        each(hold -> {
            hold.accept();
            hold.close();
        });
    }

    /** Does something with each, whatever happens to the others. */
    private void each(Consumer<DeviceKeeper.Hold> action) {
        for (DeviceKeeper.Hold hold : holds) {
            try {
                action.accept(hold);
            } catch (RuntimeException | LinkageError e) {
                LOG.warn("a place of {} is not as it should be", hold.devices(), e);
            }
        }
    }
}
