package org.vm.api.state;

import java.time.Duration;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A device whose state can be taken and given to another instance: by which its bundle is replaced while the guest uses it.
 * Implemented beside {@code MmioDevice}, {@code PciFunction} or a virtio device.
 *
 * <p>Life of the one that leaves: {@link #suspend}, {@link #capture}, and then {@link #resume} if the replacement was called
 * off, or its end as always (detach). Of the one that comes: its beginning as always (attach), {@link #restore},
 * {@link #resume}. All on one thread, while no vCPU is inside the device; nothing reaches the device from suspend to resume.
 *
 * <p>A line that is up stays up for the guest until the successor has been resumed: {@link #restore} or {@link #resume} sets
 * the lines as the state says.
 */
@ConsumerType
public interface Stateful {
    /**
     * Stops. On return the device touches neither guest memory nor its lines, and what it had begun has ended, or is part of
     * the state.
     *
     * @throws org.vm.api.DeviceException if that takes longer than the limit; it goes on as before then
     */
    default void suspend(Duration limit) {}

    /** The state of a suspended device. */
    DeviceState capture();

    /** Takes over a predecessor's state. @throws org.vm.api.DeviceException if that cannot be; says why */
    void restore(DeviceState state);

    /** Goes on. */
    default void resume() {}

    /**
     * From {@link #resume} on the device is on trial. Where it would give up because of a fault of its own (never one of the
     * guest's), it asks first; a device without threads, whose accesses only may throw, needs nothing of this.
     */
    default void onTrial(Trial trial) {}

    /** Whoever watches over a successor. */
    @FunctionalInterface
    interface Trial {
        /**
         * A fault, on any thread. @return whether the predecessor will be back: then the device stands still, as if
         * suspended, and keeps what it has not answered for {@link #capture}; else it does as it always does
         */
        boolean fault(Throwable cause);
    }
}
