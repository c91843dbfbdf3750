package org.vm.machine.internal.replace;

import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleEvent;
import org.osgi.framework.BundleException;
import org.osgi.framework.BundleListener;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.ConfigurationAdmin;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.replace.BundleReplacer;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.replace.Replacement;
import org.vm.api.replace.ReplacementException;

/** Replaces bundles one after the other, and watches the one that is on trial. */
@Component(service = BundleReplacer.class, configurationPid = Replacements.PID)
@Designate(ocd = Replacements.Config.class)
public final class Replacements implements BundleReplacer {
    static final String PID = "org.vm.machine.replacements";

    @ObjectClassDefinition(name = "Replacements", description = "Replacing bundles under running guests")
    @interface Config {
        @AttributeDefinition(name = "Come", description = "Seconds in which the devices of a new version must be there; guests wait")
        int come() default 10;

        @AttributeDefinition(name = "Suspend", description = "Seconds that a device may take to finish what it has begun")
        int suspend() default 5;
    }

    private static final Logger LOG = LoggerFactory.getLogger(Replacements.class);

    private final BundleContext context;
    private final ComponentFailures failures;
    private final TargetedConfigurations configurations;
    private final Replacing.Limits limits;
    private final BundleListener uninstalled;
    private final LeftThings left = new LeftThings();
    private final History history = new History();
    private final ReentrantLock lock = new ReentrantLock();
    /** The one on trial, or {@code null}. */
    private Replacing trial;

    @Activate
    public Replacements(BundleContext context, Config config, @Reference ServiceComponentRuntime components,
            @Reference ConfigurationAdmin admin) {
        this.context = context;
        failures = new ComponentFailures(components);
        configurations = new TargetedConfigurations(admin);
        uninstalled = this::changed;
        context.addBundleListener(uninstalled);
        limits = new Replacing.Limits(Duration.ofSeconds(config.come()), Duration.ofSeconds(config.suspend()));
    }

    @Override
    public Replacement replace(long id, InputStream content, Duration time) {
        Bundle bundle = context.getBundle(id);
        if (bundle == null || bundle.getSymbolicName() == null) {
            throw new ReplacementException("there is no bundle %d that could be replaced".formatted(id));
        }
        lock.lock();
        try {
            endTrial(true);
            bundle = Overlapping.standIn(context, bundle).orElse(bundle);
            Replacing replacing = replacing(bundle, BundleJar.copy(bundle, content));
            replacing.begin();
            trial = replacing;
            if (!time.isPositive()) {
                endTrial(true);
            } else {
                Thread.ofVirtual().name("trial of bundle " + id).start(() -> watch(replacing, time));
            }
            return replacing.record();
        } catch (ReplacementException e) {
            LOG.warn("{}", e.getMessage(), e.getCause());
            throw e;
        } finally {
            lock.unlock();
        }
    }

    private Replacing replacing(Bundle bundle, BundleJar next) {
        try {
            WiredBundles wired = new WiredBundles(context, bundle);
            Way way = way(wired, bundle, next);
            return new Replacing(bundle, next.version(), way, () -> keepers(wired, bundle), limits, failures, left, history);
        } catch (RuntimeException e) {
            next.close();
            throw e;
        }
    }

    private Way way(WiredBundles wired, Bundle bundle, BundleJar next) {
        if (Overlapping.suits(wired, bundle, next, configurations)) {
            Overlapping way = new Overlapping(context, wired, bundle, next, limits.come(), configurations, failures);
            if (way.announce(keepers(wired, bundle))) {
                return way;
            }
        }
        return new InTurn(bundle, wired, next, configurations);
    }

    /** Those that are not themselves of a version of the bundle, or of one that goes with it. */
    private List<DeviceKeeper> keepers(WiredBundles wired, Bundle bundle) {
        List<DeviceKeeper> keepers = new ArrayList<>();
        try {
            for (ServiceReference<DeviceKeeper> reference : context.getServiceReferences(DeviceKeeper.class, null)) {
                Bundle owner = reference.getBundle();
                if (owner != null && !wired.ids().contains(owner.getBundleId())
                        && !bundle.getSymbolicName().equals(owner.getSymbolicName())) {
                    keepers.add(context.getService(reference));
                    context.ungetService(reference);
                }
            }
        } catch (InvalidSyntaxException e) {
            throw new IllegalArgumentException("no filter is never a wrong one", e);
        }
        keepers.removeIf(Objects::isNull);
        return keepers;
    }

    private void watch(Replacing replacing, Duration time) {
        Throwable fault = null;
        try {
            fault = replacing.fault().get(time.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException e) {
            LOG.debug("nothing has failed on trial", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        lock.lock();
        try {
            if (trial != replacing) {
                return;
            }
            trial = null;
            if (fault == null) {
                replacing.accept(true);
            } else {
                replacing.failed(fault);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Whatever is on trial is trusted, unless it has failed already. @param last whether there is time for all that follows from it */
    private void endTrial(boolean last) {
        Replacing replacing = trial;
        trial = null;
        if (replacing != null) {
            Throwable fault = replacing.fault().getNow(null);
            if (fault == null) {
                replacing.accept(last);
            } else {
                replacing.failed(fault);
            }
        }
    }

    @Override
    public List<Replacement> history() {
        return history.all();
    }

    @Override
    public Map<Long, Long> standIns() {
        return Overlapping.standIns(context);
    }

    /** Whoever uninstalls a bundle means what stands in for it, too. */
    private void changed(BundleEvent event) {
        if (event.getType() == BundleEvent.UNINSTALLED) {
            Overlapping.keptFor(context, event.getBundle()).ifPresent(left -> {
                try {
                    left.uninstall();
                } catch (BundleException | IllegalStateException e) {
                    LOG.warn("{} stays: {}", left.getLocation(), e.getMessage());
                }
            });
        }
    }

    @Override
    public boolean leave(String vm, String device, String what, Object thing, Runnable cleanup) {
        return left.leave(vm, device, what, thing, cleanup);
    }

    @Override
    public <T> Optional<T> take(String vm, String device, String what, Class<T> type) {
        return left.take(vm, device, what, type);
    }

    @Deactivate
    void deactivate() {
        context.removeBundleListener(uninstalled);
        lock.lock();
        try {
            // The container stops, as a rule, and the bundles with it.
            endTrial(false);
        } finally {
            lock.unlock();
        }
    }
}
