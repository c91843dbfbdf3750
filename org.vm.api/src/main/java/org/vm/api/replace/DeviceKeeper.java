package org.vm.api.replace;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Service of whoever devices are plugged into (a machine, a bus, a transport): keeps their places while their bundles are
 * replaced. A successor is the next device service of the same machine, name and kind (interface). Any thread.
 */
@ProviderType
public interface DeviceKeeper {
    /**
     * Suspends the devices here that are services of these bundles, takes their state, and keeps their places: until a
     * successor has taken one, the guest's accesses to it wait. All or none: if one cannot, the others go on.
     *
     * @param bundles ids
     * @param limit   for requests in flight
     * @throws ReplacementException if a device cannot be suspended or its state not be taken; names it
     */
    Hold hold(Set<Long> bundles, Duration limit);

    /**
     * Two versions of a bundle are to be there at once. From now on a device of {@code coming} that has machine and name of one of
     * {@code leaving} waits, and no guest knows of it, until {@link Hold#admit}; see {@link Successors}. Ends with the next call
     * of this method, which may name bundles that do not exist.
     *
     * @param leaving id of the bundle whose devices are there
     * @param coming  id of the bundle that is about to start
     * @return says of which places' successors nobody has come yet, as {@code machine/name}, whenever it is asked; empty if
     *         what this keeper keeps of {@code leaving} cannot be there twice, or it knows nothing of this
     */
    default Optional<Supplier<List<String>>> prepare(long leaving, long coming) {
        return Optional.empty();
    }

    /** Places that are kept. Ends with {@link #accept}, {@link #callOff} or {@link #close}. */
    interface Hold extends AutoCloseable {
        /** Whose places, as {@code machine/name}. */
        List<String> devices();

        /** Devices that do not hand over any state, and begin anew; of {@link #devices}. */
        List<String> stateless();

        /** The devices are still there, and go on. */
        void callOff();

        /**
         * Those that wait since {@link DeviceKeeper#prepare} take the places, and the devices that were there leave. Whether they
         * could is known by {@link #filled}.
         */
        default void admit() {}

        /**
         * Completes when every place has a successor that has taken the state and works; fails as soon as one cannot, with a
         * {@link ReplacementException} that says which and why. Successors are on trial from then on.
         */
        CompletionStage<Void> filled();

        /** Completes, with the first fault, when a successor fails on trial. Its place is kept from that moment on. */
        CompletionStage<Throwable> fault();

        /**
         * The successors are to go again: suspends them, takes their state, and keeps the places, for the next successor.
         * What has no successor, or one that does not give its state, has the last state that is known. {@link #filled} and
         * {@link #fault} begin anew.
         */
        void retake(Duration limit);

        /** The successors are trusted. */
        void accept();

        /** Gives up the places that have no successor: their devices are gone, as when a service goes. */
        @Override
        void close();
    }
}
