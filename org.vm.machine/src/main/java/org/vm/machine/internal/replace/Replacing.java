package org.vm.machine.internal.replace;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.osgi.framework.Bundle;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.VmException;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.replace.Replacement;
import org.vm.api.replace.Replacement.Outcome;
import org.vm.api.replace.ReplacementException;
import org.vm.machine.internal.Explanation;

/** One replacement, step by step, and the way back. Of one thread at a time. */
final class Replacing {
    private static final Logger LOG = LoggerFactory.getLogger(Replacing.class);

    private final String name;
    private final WiredBundles bundles;
    private final BundleJar before;
    private final String to;
    private final Limits limits;
    private final ServiceComponentRuntime components;
    private final TargetedConfigurations configurations;
    private final LeftThings left;
    private final History history;
    private final Instant time = Instant.now();
    private Stopwatch watch;
    private Holds holds;
    private boolean updated;
    private Replacement record;

    /** @param come for the devices of a bundle to be there again; @param suspend for requests in flight */
    record Limits(Duration come, Duration suspend) {}

    Replacing(Bundle bundle, WiredBundles bundles, BundleJar before, String to, Limits limits, ServiceComponentRuntime components,
            TargetedConfigurations configurations, LeftThings left, History history) {
        name = bundle.getSymbolicName();
        this.bundles = bundles;
        this.before = before;
        this.to = to;
        this.limits = limits;
        this.components = components;
        this.configurations = configurations;
        this.left = left;
        this.history = history;
    }

    /** @throws ReplacementException if the version before is still, or again, there; or, saying so, if none is */
    Replacement begin(Collection<DeviceKeeper> keepers, BundleJar next) {
        watch = new Stopwatch();
        holds = new Holds(keepers, bundles.ids(), limits.suspend);
        watch.step("hold");
        left.open(Set.copyOf(holds.devices()));
        try {
            bundles.stop();
            watch.step("stop");
            updated = true;
            bundles.update(next);
            configurations.move(name, before.version(), to);
            watch.step("update");
            come(watch);
        } catch (RuntimeException | LinkageError e) {
            throw back(sentence(e), e);
        }
        record = history.add(record(Outcome.ON_TRIAL, holds.stateless().isEmpty() ? ""
                : "began anew, because they have no state to give: " + String.join(", ", holds.stateless())));
        LOG.info("bundle '{}' is version {} now, instead of {}; {} waited {} ms", name, to, before.version(), holds.devices(), watch.all().toMillis());
        return record;
    }

    private void come(Stopwatch watch) {
        bundles.resolve();
        watch.step("resolve");
        bundles.start();
        watch.step("start");
        holds.awaitFilled(limits.come, this::failedComponent);
        watch.step("fill");
    }

    /** Why the component of a device that is awaited cannot be activated; {@code null} if none has failed. */
    private String failedComponent() {
        List<String> devices = holds.devices();
        return components.getComponentDescriptionDTOs(bundles.all()).stream()
                .flatMap(description -> components.getComponentConfigurationDTOs(description).stream())
                .filter(made -> made.failure != null && devices.contains(made.properties.get("vm") + "/" + made.properties.get("name")))
                .map(made -> "the component of device '%s' fails: %s".formatted(made.properties.get("name"), Explanation.reason(made.failure)))
                .findFirst().orElse(null);
    }

    private Replacement record(Outcome outcome, String detail) {
        return new Replacement(time, name, before.version(), to, holds.devices(), watch.all(), watch.steps(), outcome, detail);
    }

    CompletableFuture<Throwable> fault() {
        return holds.fault();
    }

    Replacement record() {
        return record;
    }

    /** The new version is trusted. */
    void accept() {
        end();
        record = history.become(record, Outcome.DONE, record.detail());
    }

    /** The new version has failed on trial. */
    void failed(Throwable cause) {
        LOG.warn("{}", back("it failed on trial: " + sentence(cause), cause).getMessage());
    }

    /** Puts the version before in place again. @return what to tell */
    private ReplacementException back(String why, Throwable cause) {
        watch.step("failed");
        holds.retake(limits.suspend);
        try {
            bundles.stop();
            if (updated) {
                bundles.update(before);
                configurations.move(name, to, before.version());
            }
            come(new Stopwatch());
        } catch (RuntimeException | LinkageError e) {
            return over(Outcome.LOST, ("bundle '%s' could not be replaced by version %s: %s; and version %s has not come back: %s. "
                    + "Its devices (%s) are gone: repair the bundle and update it again, then reset their machines")
                    .formatted(name, to, why, before.version(), sentence(e), String.join(", ", holds.devices())), e);
        }
        return over(Outcome.ROLLED_BACK, "bundle '%s' was not replaced by version %s: %s; version %s is back%s".formatted(name, to,
                why, before.version(), holds.devices().isEmpty() ? "" : ", with the state of its devices"), cause);
    }

    private ReplacementException over(Outcome outcome, String message, Throwable cause) {
        watch.step("back");
        if (record == null) {
            record = history.add(record(outcome, message));
        } else {
            record = history.become(record, outcome, message);
        }
        end();
        LOG.info("bundle '{}' has failed with", name, cause);
        // Without the cause, which may be of the classes of a version that is gone.
        return new ReplacementException(message);
    }

    private void end() {
        holds.end();
        left.close();
        try {
            before.close();
        } catch (IOException e) {
            LOG.debug("a temporary file stays", e);
        }
    }

    static String sentence(Throwable e) {
        return e instanceof VmException ? e.getMessage() : e.toString();
    }
}
