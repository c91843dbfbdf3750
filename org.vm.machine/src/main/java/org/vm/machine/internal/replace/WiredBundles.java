package org.vm.machine.internal.replace;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.framework.wiring.BundleRevision;
import org.osgi.framework.wiring.BundleWire;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.framework.wiring.FrameworkWiring;
import org.vm.api.backend.BlockBackend;
import org.vm.api.cpu.CpuArchitecture;
import org.vm.api.device.MmioDevice;
import org.vm.api.mmu.MmuFactory;
import org.vm.api.pci.PciFunction;
import org.vm.api.replace.ReplacementException;

/** A bundle, all that are wired to it, and those whose devices it is behind, which go and come together; and what the framework does with them. */
final class WiredBundles {
    private static final long REFRESH_SECONDS = 20;
    /** The package of what is behind devices. */
    private static final String BACKENDS = BlockBackend.class.getPackageName() + ".";

    private final FrameworkWiring framework;
    private final Bundle bundle;
    /** Whoever needs another one comes before it. */
    private final List<Bundle> dependentsFirst;
    /** Those that ran, and how each is to be started. */
    private final Map<Bundle, Integer> running = new HashMap<>();

    /** @throws ReplacementException if this very machinery runs on the bundle */
    WiredBundles(BundleContext context, Bundle bundle) {
        this.bundle = bundle;
        framework = context.getBundle(0).adapt(FrameworkWiring.class);
        if ((bundle.adapt(BundleRevision.class).getTypes() & BundleRevision.TYPE_FRAGMENT) != 0) {
            throw new ReplacementException("bundle '%s' is a fragment of another one; replace that".formatted(bundle.getSymbolicName()));
        }
        Collection<Bundle> closure = closure(context);
        if (bundle.getBundleId() == 0 || closure.contains(context.getBundle())) {
            throw new ReplacementException("bundle '%s' is a part of the system that replaces bundles; stop the monitor to change it"
                    .formatted(bundle.getSymbolicName()));
        }
        for (Bundle each : closure) {
            for (String needed : List.of(CpuArchitecture.class.getName(), MmuFactory.class.getName())) {
                if (uses(context.getBundle(), each, needed)) {
                    throw new ReplacementException("machines run on bundle '%s'; delete them before it is replaced"
                            .formatted(each.getSymbolicName()));
                }
            }
        }
        Set<Bundle> ordered = new LinkedHashSet<>();
        closure.forEach(each -> dependents(each, closure, ordered));
        dependentsFirst = List.copyOf(ordered);
        for (Bundle each : dependentsFirst) {
            if (each.getState() == Bundle.ACTIVE || each.getState() == Bundle.STARTING) {
                BundleStartLevel autostart = each.adapt(BundleStartLevel.class);
                running.put(each, (autostart.isPersistentlyStarted() ? 0 : Bundle.START_TRANSIENT)
                        | (autostart.isActivationPolicyUsed() ? Bundle.START_ACTIVATION_POLICY : 0));
            }
        }
    }

    /** Whether a bundle uses a service of another one's that it cannot be without. */
    private static boolean uses(Bundle user, Bundle provider, String service) {
        ServiceReference<?>[] offered = provider.getRegisteredServices();
        for (ServiceReference<?> reference : offered == null ? new ServiceReference<?>[0] : offered) {
            Bundle[] users = reference.getUsingBundles();
            if (List.of((String[]) reference.getProperty("objectClass")).contains(service) && users != null
                    && List.of(users).contains(user)) {
                return true;
            }
        }
        return false;
    }

    /** Those that are wired to it, and those whose devices have something of theirs behind them; with all that are wired to these. */
    private Collection<Bundle> closure(BundleContext context) {
        Collection<Bundle> wired = framework.getDependencyClosure(List.of(bundle));
        Set<Bundle> all = new LinkedHashSet<>(wired);
        for (Bundle each : context.getBundles()) {
            if (wired.stream().anyMatch(provider -> isBehind(provider, each))) {
                all.add(each);
            }
        }
        return all.size() == wired.size() ? wired : framework.getDependencyClosure(all);
    }

    /** Whether devices of {@code user} use a backend that {@code provider} offers. */
    private static boolean isBehind(Bundle provider, Bundle user) {
        return provider != user && services(user).anyMatch(WiredBundles::isDevice)
                && services(provider).filter(service -> classes(service).anyMatch(name -> name.startsWith(BACKENDS)))
                        .map(ServiceReference::getUsingBundles).anyMatch(users -> users != null && List.of(users).contains(user));
    }

    private static boolean isDevice(ServiceReference<?> service) {
        return service.getProperty("vm") != null && classes(service).anyMatch(name -> name.equals(MmioDevice.class.getName())
                || name.equals(PciFunction.class.getName()) || name.endsWith(".VirtioDevice"));
    }

    private static Stream<ServiceReference<?>> services(Bundle bundle) {
        ServiceReference<?>[] registered = bundle.getRegisteredServices();
        return registered == null ? Stream.empty() : Stream.of(registered);
    }

    private static Stream<String> classes(ServiceReference<?> service) {
        return Stream.of((String[]) service.getProperty("objectClass"));
    }

    private static void dependents(Bundle provider, Collection<Bundle> all, Set<Bundle> ordered) {
        if (ordered.contains(provider)) {
            return;
        }
        Set<Bundle> users = new LinkedHashSet<>();
        BundleWiring wiring = provider.adapt(BundleWiring.class);
        for (BundleWire wire : wiring == null ? List.<BundleWire>of() : wiring.getProvidedWires(null)) {
            Bundle user = wire.getRequirer().getBundle();
            if (user != provider && all.contains(user) && !ordered.contains(user)) {
                users.add(user);
            }
        }
        all.stream().filter(user -> user != provider && !ordered.contains(user) && isBehind(provider, user)).forEach(users::add);
        List<Bundle> rest = new ArrayList<>(all);
        rest.remove(provider);
        users.forEach(user -> dependents(user, rest, ordered));
        ordered.add(provider);
    }

    Set<Long> ids() {
        return dependentsFirst.stream().map(Bundle::getBundleId).collect(Collectors.toUnmodifiableSet());
    }

    Bundle[] all() {
        return dependentsFirst.toArray(Bundle[]::new);
    }

    /**
     * Stops them, so that nobody else starts one meanwhile. What a bundle throws then is its own business, for it is stopped
     * nevertheless.
     */
    void stop() {
        for (Bundle each : dependentsFirst) {
            try {
                each.stop();
            } catch (BundleException e) {
                if (each.getState() == Bundle.ACTIVE) {
                    throw new ReplacementException("bundle '%s' cannot be stopped: %s".formatted(each.getSymbolicName(), reason(e)), e);
                }
            }
        }
    }

    void update(BundleJar content) {
        try (var in = content.open()) {
            bundle.update(in);
        } catch (BundleException | IOException e) {
            throw new ReplacementException("bundle '%s' cannot be updated: %s".formatted(bundle.getSymbolicName(), reason(e)), e);
        }
        refresh(dependentsFirst);
    }

    /** Makes the framework forget a bundle that was uninstalled. */
    void refresh(Bundle gone) {
        refresh(List.of(gone));
    }

    /** Makes the framework forget old versions. */
    private void refresh(List<Bundle> changed) {
        if (framework.getRemovalPendingBundles().stream().noneMatch(changed::contains)) {
            return;
        }
        CountDownLatch done = new CountDownLatch(1);
        framework.refreshBundles(changed, event -> done.countDown());
        try {
            if (!done.await(REFRESH_SECONDS, TimeUnit.SECONDS)) {
                throw new ReplacementException("the framework has not let go of the old version of bundle '%s' in %d s"
                        .formatted(bundle.getSymbolicName(), REFRESH_SECONDS));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ReplacementException("the replacement of bundle '%s' was interrupted".formatted(bundle.getSymbolicName()), e);
        }
    }

    /** What cannot be resolved is found out by whoever starts it. */
    void resolve() {
        framework.resolveBundles(running.keySet());
    }

    void start() {
        for (Bundle each : dependentsFirst.reversed()) {
            try {
                if (running.containsKey(each)) {
                    each.start(running.get(each));
                }
            } catch (BundleException e) {
                throw new ReplacementException("bundle '%s' does not start: %s".formatted(each.getSymbolicName(), reason(e)), e);
            }
        }
    }

    /** What the framework has to say, or whoever stopped it. */
    static String reason(Throwable e) {
        Throwable deepest = e;
        while (deepest.getCause() != null && deepest.getCause() != deepest) {
            deepest = deepest.getCause();
        }
        String message = deepest instanceof BundleException ? deepest.getMessage() : deepest.toString();
        int again = message.indexOf(" Unresolved requirements:");
        return again < 0 ? message : message.substring(0, again);
    }
}
