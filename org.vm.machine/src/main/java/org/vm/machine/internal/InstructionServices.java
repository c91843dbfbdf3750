package org.vm.machine.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.ServiceRegistration;
import org.osgi.util.tracker.ServiceTracker;
import org.osgi.util.tracker.ServiceTrackerCustomizer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.VmException;
import org.vm.api.cpu.CpuArchitecture;
import org.vm.api.isa.InstructionExtension;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.replace.ReplacementException;

/**
 * The services that bring instructions to a machine, in the order in which they have their way. The machine follows them; while
 * a bundle is replaced it goes on with the instructions of the old version until the new one has brought its own.
 */
final class InstructionServices implements ServiceTrackerCustomizer<InstructionExtension, InstructionExtension>, DeviceKeeper,
        AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(InstructionServices.class);

    /** Where an extension is among the others; its successor comes to the same place. */
    private static final class Place {
        private final String name;
        /** {@code null} while it is waited for a successor. */
        private ServiceReference<InstructionExtension> service;
        private long bundle;
        /** What the machine is to have. */
        private InstructionExtension extension;

        Place(String name, ServiceReference<InstructionExtension> service, InstructionExtension extension) {
            this.name = name;
            this.extension = extension;
            take(service);
        }

        private void take(ServiceReference<InstructionExtension> next) {
            service = next;
            bundle = next.getBundle().getBundleId();
        }
    }

    private final BundleContext context;
    private final String machineName;
    private final CpuArchitecture architecture;
    private final ServiceTracker<InstructionExtension, InstructionExtension> tracker;
    private final List<Place> places = new ArrayList<>();
    private VirtualMachine machine;
    private ServiceRegistration<DeviceKeeper> registration;
    /** {@code null} unless a bundle is being replaced. */
    private Kept kept;

    InstructionServices(BundleContext context, String machineName, CpuArchitecture architecture) {
        this.context = context;
        this.machineName = machineName;
        this.architecture = architecture;
        tracker = new ServiceTracker<>(context, InstructionExtension.class, this);
    }

    /** What is there now, the best-ranked first, for a machine that is to be made. */
    List<InstructionExtension> open() {
        tracker.open();
        synchronized (this) {
            places.sort(Comparator.comparing((Place place) -> place.service).reversed());
            return extensions();
        }
    }

    /** From now on the machine follows. */
    void follow(VirtualMachine follower) {
        synchronized (this) {
            machine = follower;
        }
        apply();
        registration = context.registerService(DeviceKeeper.class, this, new Hashtable<>(Map.of("vm", machineName)));
    }

    @Override
    public void close() {
        if (registration != null) {
            registration.unregister();
        }
        synchronized (this) {
            machine = null;
        }
        tracker.close();
    }

    private synchronized List<InstructionExtension> extensions() {
        return places.stream().map(place -> place.extension).toList();
    }

    private synchronized Optional<VirtualMachine> follower() {
        return Optional.ofNullable(machine);
    }

    private void apply() {
        try {
            follower().ifPresent(follower -> follower.extensions(this::extensions));
        } catch (VmException e) {
            LOG.error("{}", e.getMessage(), e);
        }
    }

    @Override
    public InstructionExtension addingService(ServiceReference<InstructionExtension> reference) {
        InstructionExtension extension = context.getService(reference);
        try {
            if (extension != null && extension.architecture() == architecture.architecture()) {
                add(extension.name(), reference, extension);
            }
        } catch (RuntimeException | LinkageError e) {
            LOG.warn("machine '{}': the instructions of {} do not say what they are; they are left out", machineName,
                    extension.getClass().getName(), e);
        }
        return extension;
    }

    private void add(String name, ServiceReference<InstructionExtension> reference, InstructionExtension extension) {
        synchronized (this) {
            if (kept != null && kept.succeed(name, reference, extension)) {
                return;
            }
            places.removeIf(place -> reference.equals(place.service));
            places.add(new Place(name, reference, extension));
        }
        apply();
    }

    @Override
    public void modifiedService(ServiceReference<InstructionExtension> reference, InstructionExtension extension) {
        // What it brings is looked at once.
    }

    @Override
    public void removedService(ServiceReference<InstructionExtension> reference, InstructionExtension extension) {
        synchronized (this) {
            for (Place place : List.copyOf(places)) {
                if (reference.equals(place.service)) {
                    place.service = null;
                    if (kept == null || !kept.held.contains(place)) {
                        places.remove(place);
                    }
                }
            }
        }
        apply();
        context.ungetService(reference);
    }

    @Override
    public synchronized Hold hold(Set<Long> bundles, Duration limit) {
        kept = new Kept(places.stream().filter(place -> bundles.contains(place.bundle)).toList());
        return kept;
    }

    /** The same instructions cannot be there twice. */
    @Override
    public synchronized Optional<Supplier<List<String>>> prepare(long leaving, long coming) {
        return places.stream().anyMatch(place -> place.bundle == leaving) ? Optional.empty() : Optional.of(List::of);
    }

    /** Places of instructions whose bundle is being replaced. Their state is in the CPUs, which keep it. */
    private final class Kept implements Hold {
        private final List<Place> held;
        /** Those whose successors the machine has. Guarded, as all here, by the outer object. */
        private final Set<Place> taken = new HashSet<>();
        private CompletableFuture<Void> filled = new CompletableFuture<>();

        Kept(List<Place> held) {
            this.held = held;
            if (held.isEmpty()) {
                filled.complete(null);
            }
        }

        /**
         * Gives a successor its predecessor's place, if there is one. The vCPUs go over on a thread of its own: one of them may
         * wait for a device whose successor comes after this one.
         */
        private boolean succeed(String name, ServiceReference<InstructionExtension> reference, InstructionExtension extension) {
            Optional<Place> vacant = held.stream().filter(place -> place.service == null && place.name.equals(name)).findFirst();
            vacant.ifPresent(place -> {
                place.take(reference);
                CompletableFuture<Void> answer = filled;
                Thread.ofVirtual().name(machineName + " instructions").start(() -> exchange(place, extension, answer));
            });
            return vacant.isPresent();
        }

        private void exchange(Place place, InstructionExtension next, CompletableFuture<Void> answer) {
            InstructionExtension former = place.extension;
            try {
                VirtualMachine follower = follower().orElseThrow(() -> new VmException("the machine is gone"));
                // What is refused shall not cost the guest what it has.
                architecture.instructionSet(follower.extensions().stream().map(e -> e == former ? next : e).toList());
                synchronized (InstructionServices.this) {
                    place.extension = next;
                }
                follower.extensions(InstructionServices.this::extensions);
            } catch (RuntimeException | LinkageError e) {
                synchronized (InstructionServices.this) {
                    place.extension = former;
                }
                answer.completeExceptionally(new ReplacementException("the instructions '%s' do not take the place of those before in machine '%s': %s"
                        .formatted(place.name, machineName, e instanceof VmException ? e.getMessage() : e), e));
                return;
            }
            synchronized (InstructionServices.this) {
                taken.add(place);
                if (taken.size() < held.size()) {
                    return;
                }
            }
            answer.complete(null);
        }

        @Override
        public List<String> devices() {
            return held.stream().map(place -> machineName + "/" + place.name).toList();
        }

        @Override
        public List<String> stateless() {
            return List.of();
        }

        @Override
        public void callOff() {
            close();
        }

        @Override
        public CompletionStage<Void> filled() {
            synchronized (InstructionServices.this) {
                return filled;
            }
        }

        @Override
        public CompletionStage<Throwable> fault() {
            return new CompletableFuture<>();
        }

        @Override
        public void retake(Duration limit) {
            synchronized (InstructionServices.this) {
                taken.clear();
                filled = held.isEmpty() ? CompletableFuture.completedFuture(null) : new CompletableFuture<>();
            }
        }

        @Override
        public void accept() {
            close();
        }

        @Override
        public void close() {
            boolean fewer;
            synchronized (InstructionServices.this) {
                if (kept == this) {
                    kept = null;
                }
                fewer = places.removeIf(place -> place.service == null);
            }
            if (fewer) {
                apply();
            }
        }
    }
}
