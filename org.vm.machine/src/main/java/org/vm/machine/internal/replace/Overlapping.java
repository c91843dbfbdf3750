package org.vm.machine.internal.replace;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.wiring.BundleWiring;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.replace.ReplacementException;

/**
 * The new version starts while the old one works, and guests wait only for as long as devices exchange places. While it is on
 * trial it is a bundle of its own beside the old one, the <em>stand-in</em>. Once it is trusted the bundle itself gets the new
 * version, and takes the places from the stand-in in the same way: its number and its location stay what they were.
 */
final class Overlapping implements Way {
    /** A bundle of which two versions may be there at once says so in its manifest. */
    static final String HEADER = "VM-Replacement";
    static final String VALUE = "overlapping";
    private static final Logger LOG = LoggerFactory.getLogger(Overlapping.class);
    /** Between two looks for devices that are to come. */
    private static final long LOOK_MILLIS = 2;
    private static final long NOBODY = -1;
    private static final String LOCATION = "stand-in for ";
    private static final String SUFFIX = ".class";

    private final BundleContext context;
    private final WiredBundles wired;
    private final Bundle bundle;
    private final BundleJar next;
    private final Duration limit;
    private final TargetedConfigurations configurations;
    private final ComponentFailures failures;
    private final String before;
    private final List<DeviceKeeper> announced = new ArrayList<>();
    private final List<Supplier<List<String>>> awaited = new ArrayList<>();
    private Bundle standIn;
    private Apart apart;
    /** It is the stand-in that leaves. */
    private boolean settling;

    /** @param limit for devices to come */
    Overlapping(BundleContext context, WiredBundles wired, Bundle bundle, BundleJar next, Duration limit,
            TargetedConfigurations configurations, ComponentFailures failures) {
        this.context = context;
        this.wired = wired;
        this.bundle = bundle;
        this.next = next;
        this.limit = limit;
        this.configurations = configurations;
        this.failures = failures;
        before = bundle.getVersion().toString();
    }

    /** Whether both versions allow it, and nothing else depends on the bundle. */
    static boolean suits(WiredBundles wired, Bundle bundle, BundleJar next, TargetedConfigurations configurations) {
        return wired.all().length == 1 && bundle.getState() == Bundle.ACTIVE && VALUE.equals(bundle.getHeaders("").get(HEADER))
                && next.overlapping() && !configurations.boundTo(bundle);
    }

    /** What goes on in place of a bundle. */
    static Optional<Bundle> standIn(BundleContext context, Bundle bundle) {
        return keptFor(context, bundle).filter(there -> there.getState() == Bundle.ACTIVE);
    }

    /** What goes on, or may go on some day, in place of a bundle. */
    static Optional<Bundle> keptFor(BundleContext context, Bundle bundle) {
        return Optional.ofNullable(context.getBundle(LOCATION + bundle.getLocation()));
    }

    /** Numbers of all stand-ins, by those of their bundles. */
    static Map<Long, Long> standIns(BundleContext context) {
        Map<Long, Long> all = new TreeMap<>();
        for (Bundle each : context.getBundles()) {
            standIn(context, each).ifPresent(there -> all.put(each.getBundleId(), there.getBundleId()));
        }
        return all;
    }

    /** Has keepers let the other version's devices wait. @return whether all of them can */
    boolean announce(Collection<DeviceKeeper> keepers) {
        if (!settling) {
            apart = new Apart(context, bundle);
            try {
                standIn = install();
            } catch (RuntimeException e) {
                endOverlap();
                throw e;
            }
            apart.other(standIn);
        }
        for (DeviceKeeper keeper : keepers) {
            announced.add(keeper);
            Optional<Supplier<List<String>>> places = keeper.prepare(leavingBundle().getBundleId(), coming()[0].getBundleId());
            if (places.isEmpty()) {
                if (!settling) {
                    removeStandIn();
                }
                return false;
            }
            awaited.add(places.get());
        }
        return true;
    }

    @Override
    public void prepare(Collection<DeviceKeeper> keepers) {
        try {
            if (settling) {
                apart = new Apart(context, bundle);
                apart.other(standIn);
                wired.update(next);
                if (!announce(keepers)) {
                    throw new ReplacementException("its devices cannot be there twice any more");
                }
                wired.resolve();
                wired.start();
            } else {
                configurations.copy(bundle.getSymbolicName(), before, next.version());
                start(standIn);
            }
            await();
            load(coming()[0]);
        } catch (RuntimeException | LinkageError e) {
            if (!settling) {
                removeStandIn();
            }
            throw e;
        }
    }

    private Bundle install() {
        Bundle left = keptFor(context, bundle).orElse(null);
        try (InputStream content = next.open()) {
            if (left == null) {
                return context.installBundle(LOCATION + bundle.getLocation(), content);
            }
            left.stop();
            left.update(content);
            return left;
        } catch (BundleException | IOException e) {
            throw new ReplacementException("bundle '%s' cannot be installed: %s".formatted(bundle.getSymbolicName(), WiredBundles.reason(e)), e);
        }
    }

    private void start(Bundle which) {
        try {
            which.start(Bundle.START_TRANSIENT);
        } catch (BundleException e) {
            throw new ReplacementException("bundle '%s' does not start: %s".formatted(which.getSymbolicName(), WiredBundles.reason(e)), e);
        }
    }

    /** Loads and links what devices need when they exchange places, without running any of it. */
    private static void load(Bundle which) {
        for (String file : which.adapt(BundleWiring.class).listResources("/", "*.class", BundleWiring.LISTRESOURCES_LOCAL
                | BundleWiring.LISTRESOURCES_RECURSE)) {
            try {
                which.loadClass(file.substring(0, file.length() - SUFFIX.length()).replace('/', '.')).getDeclaredConstructors();
            } catch (ClassNotFoundException | LinkageError e) {
                LOG.debug("{} needs what is not there", file, e);
            }
        }
    }

    private void await() {
        long until = System.nanoTime() + limit.toNanos();
        while (true) {
            List<String> missing = awaited.stream().flatMap(each -> each.get().stream()).toList();
            if (missing.isEmpty()) {
                return;
            }
            String failure = failures.among(missing, coming());
            if (failure != null) {
                throw new ReplacementException(failure);
            }
            if (System.nanoTime() - until > 0) {
                throw new ReplacementException("not all of its devices (%s) were there after %d s".formatted(String.join(", ", missing),
                        limit.toSeconds()));
            }
            try {
                Thread.sleep(LOOK_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ReplacementException("it was interrupted", e);
            }
        }
    }

    private Bundle leavingBundle() {
        return settling ? standIn : bundle;
    }

    @Override
    public Set<Long> leaving() {
        return Set.of(leavingBundle().getBundleId());
    }

    @Override
    public Bundle[] coming() {
        return new Bundle[] {settling || standIn == null ? bundle : standIn};
    }

    @Override
    public void exchange(Holds holds, Stopwatch watch) {
        holds.admit();
        watch.step("exchange");
    }

    @Override
    public void clear() {
        if (settling) {
            removeStandIn();
            return;
        }
        try {
            wired.stop();
        } finally {
            configurations.delete(bundle.getSymbolicName(), before, next.version());
            endOverlap();
        }
    }

    @Override
    public void callOff() {
        removeStandIn();
    }

    @Override
    public void back() {
        if (!settling) {
            configurations.copy(bundle.getSymbolicName(), next.version(), before);
        }
        removeStandIn();
        wired.stop();
        wired.resolve();
        wired.start();
    }

    @Override
    public boolean settle() {
        if (bundle.getState() == Bundle.UNINSTALLED) {
            return false;
        }
        settling = true;
        return true;
    }

    @Override
    public String stay() {
        wired.stop();
        endOverlap();
        return "it goes on as bundle %d, because bundle %d cannot take its places".formatted(standIn.getBundleId(), bundle.getBundleId());
    }

    private void removeStandIn() {
        if (standIn != null) {
            if (!settling) {
                configurations.delete(bundle.getSymbolicName(), next.version(), before);
            }
            empty(standIn);
            wired.refresh(standIn);
            standIn = null;
        }
        endOverlap();
    }

    /**
     * The framework never forgets a bundle that has used a service which is still there, with all that its jar contains. So the
     * stand-in is one bundle for good, and has nothing in it while it is not needed.
     */
    private static void empty(Bundle standIn) {
        try (InputStream nothing = BundleJar.nothing()) {
            standIn.stop();
            standIn.update(nothing);
        } catch (BundleException | IOException | IllegalStateException e) {
            LOG.warn("{} stays: {}", standIn.getLocation(), WiredBundles.reason(e));
        }
    }

    private void endOverlap() {
        announced.forEach(keeper -> keeper.prepare(NOBODY, NOBODY));
        announced.clear();
        awaited.clear();
        if (apart != null) {
            apart.end();
            apart = null;
        }
    }

    @Override
    public void close() {
        next.close();
    }
}
