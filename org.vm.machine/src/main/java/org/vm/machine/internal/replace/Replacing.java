package org.vm.machine.internal.replace;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.osgi.framework.Bundle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.VmException;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.replace.Replacement;
import org.vm.api.replace.Replacement.Outcome;
import org.vm.api.replace.ReplacementException;

/** One replacement, step by step, and the way back. Of one thread at a time. */
final class Replacing {
    private static final Logger LOG = LoggerFactory.getLogger(Replacing.class);

    private final String name;
    private final String from;
    private final String to;
    private final Way way;
    private final Supplier<List<DeviceKeeper>> keepers;
    private final Limits limits;
    private final ComponentFailures failures;
    private final LeftThings left;
    private final History history;
    private final Instant time = Instant.now();
    private final Stopwatch watch = new Stopwatch();
    private Holds holds;
    private Replacement record;

    /** @param come for the devices of a bundle to be there again; @param suspend for requests in flight */
    record Limits(Duration come, Duration suspend) {}

    /** @param keepers those that there are now, of other bundles */
    Replacing(Bundle bundle, String to, Way way, Supplier<List<DeviceKeeper>> keepers, Limits limits, ComponentFailures failures,
            LeftThings left, History history) {
        name = bundle.getSymbolicName();
        from = bundle.getVersion().toString();
        this.to = to;
        this.way = way;
        this.keepers = keepers;
        this.limits = limits;
        this.failures = failures;
        this.left = left;
        this.history = history;
    }

    /** @throws ReplacementException if the version before is still, or again, there; or, saying so, if none is */
    Replacement begin() {
        try {
            way.prepare(keepers.get());
        } catch (RuntimeException | LinkageError e) {
            way.close();
            LOG.info("bundle '{}' has failed with", name, e);
            String message = "bundle '%s' was not replaced by version %s: %s; version %s has worked on meanwhile"
                    .formatted(name, to, sentence(e), from);
            history.add(new Replacement(time, name, from, to, List.of(), Duration.ZERO, Outcome.ROLLED_BACK, message));
            // Without the cause, which may be of the classes of a version that is gone.
            throw new ReplacementException(message);
        }
        try {
            hold();
        } catch (RuntimeException | LinkageError e) {
            way.callOff();
            way.close();
            throw e;
        }
        try {
            way.exchange(holds, watch);
            come();
        } catch (RuntimeException | LinkageError e) {
            throw back(sentence(e), e);
        }
        record = history.add(record(Outcome.ON_TRIAL, holds.stateless().isEmpty() ? ""
                : "began anew, because they have no state to give: " + String.join(", ", holds.stateless())));
        LOG.info("bundle '{}' is version {} now, instead of {}; {} waited {} ms", name, to, from, holds.devices(), watch.all().toMillis());
        clear();
        return record;
    }

    /** Guests go on with the new version already, and whoever is on trial has to be watched. */
    private void clear() {
        try {
            way.clear();
        } catch (RuntimeException e) {
            LOG.warn("bundle '{}' is version {} now, but what it was before does not go: {}", name, to, sentence(e), e);
        }
    }

    private void hold() {
        watch.again();
        holds = new Holds(keepers.get(), way.leaving(), limits.suspend);
        watch.step("hold");
        left.open(Set.copyOf(holds.devices()));
    }

    private void come() {
        holds.awaitFilled(limits.come, () -> failures.among(holds.devices(), way.coming()));
        watch.step("fill");
    }

    private Replacement record(Outcome outcome, String detail) {
        return new Replacement(time, name, from, to, holds.devices(), watch.all(), watch.steps(), outcome, detail);
    }

    CompletableFuture<Throwable> fault() {
        return holds.fault();
    }

    Replacement record() {
        return record;
    }

    /** The new version is trusted. @param last whether all is to be as if it had always been there, and not only go on */
    void accept(boolean last) {
        end();
        String detail = record.detail();
        if (last && way.settle()) {
            detail = settle(detail);
        }
        way.close();
        if (record.outcome() == Outcome.ON_TRIAL) {
            record = history.become(record, new Replacement(time, name, from, to, record.devices(), watch.all(), watch.steps(), Outcome.DONE, detail));
        }
    }

    /** @return what is worth knowing */
    private String settle(String detail) {
        try {
            way.prepare(keepers.get());
            hold();
        } catch (RuntimeException | LinkageError e) {
            String stays = way.stay();
            LOG.warn("bundle '{}': {}", name, stays, e);
            return detail.isEmpty() ? stays : detail + "; " + stays;
        }
        try {
            way.exchange(holds, watch);
            come();
        } catch (RuntimeException | LinkageError e) {
            LOG.warn("bundle '{}' does not go on without a pause", name, e);
            try {
                holds.retake(limits.suspend);
                way.back();
                come();
            } catch (RuntimeException | LinkageError gone) {
                LOG.warn("{}", over(Outcome.LOST, "bundle '%s' works in version %s no more: %s. Its devices (%s) are gone: "
                        .formatted(name, to, sentence(gone), String.join(", ", holds.devices()))
                        + "repair the bundle and update it again, then reset their machines", gone).getMessage());
                return detail;
            }
        }
        end();
        clear();
        return detail;
    }

    /** The new version has failed on trial. */
    void failed(Throwable cause) {
        watch.again();
        LOG.warn("{}", back("it failed on trial: " + sentence(cause), cause).getMessage());
    }

    /** Puts the version before in place again. @return what to tell */
    private ReplacementException back(String why, Throwable cause) {
        watch.step("failed");
        holds.retake(limits.suspend);
        try {
            way.back();
            come();
        } catch (RuntimeException | LinkageError e) {
            return over(Outcome.LOST, ("bundle '%s' could not be replaced by version %s: %s; and version %s has not come back: %s. "
                    + "Its devices (%s) are gone: repair the bundle and update it again, then reset their machines")
                    .formatted(name, to, why, from, sentence(e), String.join(", ", holds.devices())), e);
        }
        return over(Outcome.ROLLED_BACK, "bundle '%s' was not replaced by version %s: %s; version %s is back%s".formatted(name, to,
                why, from, holds.devices().isEmpty() ? "" : ", with the state of its devices"), cause);
    }

    private ReplacementException over(Outcome outcome, String message, Throwable cause) {
        watch.step("back");
        if (record == null) {
            record = history.add(record(outcome, message));
        } else {
            record = history.become(record, outcome, message);
        }
        end();
        way.close();
        LOG.info("bundle '{}' has failed with", name, cause);
        // Without the cause, which may be of the classes of a version that is gone.
        return new ReplacementException(message);
    }

    private void end() {
        holds.end();
        left.close();
    }

    static String sentence(Throwable e) {
        return e instanceof VmException ? e.getMessage() : e.toString();
    }
}
