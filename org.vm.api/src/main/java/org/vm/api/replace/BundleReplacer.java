package org.vm.api.replace;

import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Service: replaces bundles while guests use their devices. Places of devices are kept by their {@link DeviceKeeper}s while
 * the bundle, and those that are wired to it, are stopped, updated and started. If the new version does not start, does not
 * take the state, or fails while it is on trial, the old one is put back with its state. One replacement at a time. Any thread.
 */
@ProviderType
public interface BundleReplacer {
    /** How long a new version is on trial if nobody says otherwise. */
    Duration TRIAL = Duration.ofSeconds(5);

    /**
     * Replaces a bundle; returns when the new version works, on trial.
     *
     * @param content the new version's jar; read to its end, closed by the caller
     * @throws ReplacementException if the old version is (still, or again) there; says at which step it failed and why
     */
    Replacement replace(long bundle, InputStream content, Duration trial);

    /** The latest ones, oldest first. */
    List<Replacement> history();

    /** Bundles that work in place of others while these are being replaced: the number of each, by that of the other. */
    Map<Long, Long> standIns();

    /**
     * Leaves something behind that must outlive the component which has it, as the memory of a RAM disk; called where the
     * component would let go of it.
     *
     * @param vm      machine of the device; empty for something that devices of any machine may have behind them
     * @param device  its name; empty for something that is behind devices of that machine
     * @param what    what it is for that device ({@code "memory"}); of classes that stay, the JDK's or the API's
     * @param cleanup lets go of it; called if nobody takes it before the replacement is over
     * @return false if that device is not being replaced: the caller lets go of it now, as always
     */
    boolean leave(String vm, String device, String what, Object thing, Runnable cleanup);

    /** Takes what was left; it is the caller's again. */
    <T> Optional<T> take(String vm, String device, String what, Class<T> type);
}
