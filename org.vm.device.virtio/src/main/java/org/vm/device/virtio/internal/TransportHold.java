package org.vm.device.virtio.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.vm.api.DeviceException;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.replace.ReplacementException;
import org.vm.api.state.Stateful;

/** Places behind transports that are kept together. */
final class TransportHold implements DeviceKeeper.Hold {
    private final List<TransportPlace> places;
    private final List<String> stateless;
    private final Consumer<TransportPlace> released;
    private final Consumer<TransportPlace> admission;
    private final Set<TransportPlace> waiting = ConcurrentHashMap.newKeySet();
    private volatile CompletableFuture<Void> filled = new CompletableFuture<>();
    private volatile CompletableFuture<Throwable> fault = new CompletableFuture<>();
    private volatile boolean over;

    /**
     * @param released  told of places that are not kept any more
     * @param admission lets whoever waits for a place have it
     * @throws ReplacementException if one cannot be kept; none is then
     */
    TransportHold(List<TransportPlace> places, Duration limit, Consumer<TransportPlace> released, Consumer<TransportPlace> admission) {
        this.places = places;
        this.released = released;
        this.admission = admission;
        stateless = places.stream().filter(place -> !(place.device() instanceof Stateful)).map(TransportPlace::name).toList();
        long deadline = System.nanoTime() + limit.toNanos();
        List<TransportPlace> done = new ArrayList<>();
        try {
            for (TransportPlace place : places) {
                place.keep(this, Duration.ofNanos(Math.max(0, deadline - System.nanoTime())));
                done.add(place);
            }
        } catch (RuntimeException | LinkageError | AssertionError e) {
            over = true;
            done.forEach(TransportPlace::callOff);
            places.forEach(released);
            throw new ReplacementException(e instanceof DeviceException ? e.getMessage() : "a device threw " + e, e);
        }
        await();
    }

    private void await() {
        waiting.addAll(places.stream().filter(place -> !place.filled()).toList());
        if (waiting.isEmpty()) {
            filled.complete(null);
        }
    }

    @Override
    public List<String> devices() {
        return places.stream().map(TransportPlace::name).toList();
    }

    /** Their queues go on; what else there is in them begins anew. */
    @Override
    public List<String> stateless() {
        return stateless;
    }

    @Override
    public void callOff() {
        over = true;
        places.forEach(TransportPlace::callOff);
        places.forEach(released);
    }

    @Override
    public void admit() {
        places.forEach(admission);
    }

    @Override
    public CompletionStage<Void> filled() {
        return filled.copy();
    }

    @Override
    public CompletionStage<Throwable> fault() {
        return fault.copy();
    }

    /** Of a successor. Whoever waits for a fault must not go on upon the worker that has it. */
    Stateful.Trial trial() {
        return cause -> {
            if (!over) {
                fault.completeAsync(() -> cause, Thread::startVirtualThread);
            }
            return !over;
        };
    }

    void filled(TransportPlace place) {
        waiting.remove(place);
        if (waiting.isEmpty()) {
            filled.complete(null);
        }
    }

    void refused(TransportPlace place, DeviceException why) {
        filled.completeExceptionally(new ReplacementException(
                "device '" + place.name() + "' cannot be what comes after the one before: " + why.getMessage(), why));
    }

    @Override
    public void retake(Duration limit) {
        filled = new CompletableFuture<>();
        fault = new CompletableFuture<>();
        places.forEach(place -> place.retake(limit));
        await();
    }

    @Override
    public void accept() {
        over = true;
        places.stream().filter(TransportPlace::filled).forEach(place -> {
            place.accept();
            released.accept(place);
        });
    }

    @Override
    public void close() {
        over = true;
        places.forEach(TransportPlace::giveUp);
        places.forEach(released);
    }
}
