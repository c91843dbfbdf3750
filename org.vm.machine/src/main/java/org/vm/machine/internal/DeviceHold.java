package org.vm.machine.internal;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.VmException;
import org.vm.api.device.MmioDevice;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.replace.ReplacementException;

/** The places in a machine that are kept together. */
final class DeviceHold implements DeviceKeeper.Hold {
    private static final Logger LOG = LoggerFactory.getLogger(DeviceHold.class);

    private final DeviceRegistry registry;
    private final List<Kept> places;
    private final List<String> devices;
    private final List<String> stateless;
    private volatile CompletableFuture<Void> filled = new CompletableFuture<>();
    private volatile CompletableFuture<Throwable> fault = new CompletableFuture<>();

    /** Under the registry's lock. @throws ReplacementException if one cannot be held; all of them go on then */
    DeviceHold(DeviceRegistry registry, List<Offer> held, Duration limit) {
        this.registry = registry;
        places = new CopyOnWriteArrayList<>(held.stream().map(offer -> new Kept(registry, offer, this::faulty)).toList());
        devices = places.stream().map(this::full).toList();
        stateless = places.stream().filter(kept -> !kept.stateful()).map(this::full).toList();
        places.forEach(Kept::begin);
        String step = "no vCPU could be brought out of the devices";
        try {
            if (places.isEmpty()) {
                filled.complete(null);
                return;
            }
            registry.standstill(() -> places.forEach(kept -> registry.bus().replace(kept.changes())));
            for (Kept kept : places) {
                step = "device '%s' of machine '%s' cannot be suspended".formatted(kept.name, registry.machine());
                kept.suspend(limit);
            }
            for (Kept kept : places) {
                step = "device '%s' of machine '%s' does not give its state".formatted(kept.name, registry.machine());
                kept.capture();
            }
        } catch (RuntimeException | LinkageError e) {
            callOff();
            throw new ReplacementException(step + ": " + sentence(e), e);
        }
        places.forEach(Kept::cut);
        seeWhetherFilled();
    }

    static String sentence(Throwable e) {
        return e instanceof VmException ? e.getMessage() : e.toString();
    }

    private String full(Kept kept) {
        return registry.machine() + "/" + kept.name;
    }

    @Override
    public List<String> devices() {
        return devices;
    }

    @Override
    public List<String> stateless() {
        return stateless;
    }

    @Override
    public void callOff() {
        registry.locked(() -> {
            for (Kept kept : places) {
                try {
                    kept.callOff();
                } catch (RuntimeException | LinkageError e) {
                    LOG.warn("device '{}' does not go on after its replacement was called off", full(kept), e);
                }
            }
            registry.given(places);
            places.clear();
        });
    }

    @Override
    public void admit() {
        registry.locked(() -> places.forEach(registry::admit));
    }

    @Override
    public CompletionStage<Void> filled() {
        return filled.copy();
    }

    @Override
    public CompletionStage<Throwable> fault() {
        return fault.copy();
    }

    /** A device has come for a place. Under the registry's lock. @throws ReplacementException if it cannot take it */
    void fill(Kept kept, MmioDevice device) {
        try {
            kept.fill(device);
        } catch (RuntimeException | LinkageError e) {
            ReplacementException failure = new ReplacementException("device '%s' of machine '%s' cannot be what comes after the one before: %s"
                    .formatted(kept.name, registry.machine(), sentence(e)), e);
            filled.completeExceptionally(failure);
            throw failure;
        }
        seeWhetherFilled();
    }

    private void seeWhetherFilled() {
        if (places.stream().allMatch(Kept::filled)) {
            filled.complete(null);
        }
    }

    /** A place is no more: its machine is not, or somebody takes the device away. Under the registry's lock. */
    void drop(Kept kept) {
        if (kept.filled()) {
            kept.accept();
        } else {
            kept.drop();
        }
        places.remove(kept);
        seeWhetherFilled();
    }

    boolean has(Kept kept) {
        return places.contains(kept);
    }

    boolean over() {
        return places.isEmpty();
    }

    private void faulty(Kept kept, Throwable cause) {
        // Whoever waits for it must not go on upon a vCPU's thread.
        fault.completeAsync(() -> cause, Thread::startVirtualThread);
    }

    @Override
    public void retake(Duration limit) {
        registry.locked(() -> {
            filled = new CompletableFuture<>();
            fault = new CompletableFuture<>();
            places.forEach(kept -> kept.retake(limit));
            seeWhetherFilled();
        });
    }

    @Override
    public void accept() {
        registry.locked(() -> {
            List<Kept> taken = places.stream().filter(Kept::filled).toList();
            taken.forEach(Kept::accept);
            places.removeAll(taken);
        });
    }

    @Override
    public void close() {
        registry.locked(() -> {
            List<Kept> empty = places.stream().filter(kept -> !kept.filled()).toList();
            empty.forEach(Kept::drop);
            registry.given(empty);
            places.removeAll(empty);
        });
    }
}
