package org.vm.device.virtio;

import java.util.concurrent.Executor;
import org.osgi.annotation.versioning.ProviderType;
import org.vm.api.time.MachineClock;

/** All that an active device may touch, from DRIVER_OK to reset. Any thread. */
@ProviderType
public interface Activation extends Executor {
    /** The features that driver and device agreed on. */
    long features();

    /** Whether feature bit number {@code bit} was negotiated. */
    default boolean has(int bit) {
        return (features() >>> bit & 1) != 0;
    }

    /** A queue; {@code null} if the driver did not enable it. */
    Virtqueue queue(int index);

    MachineClock clock();

    /** Calls {@link VirtioDevice#notify} on a worker soon: for devices that hear from the host ("input has arrived"). */
    void kick(int queue);

    /** Runs a task on a worker of its own; dropped when the activation is over. */
    @Override
    void execute(Runnable task);

    /** Tells the driver that the {@link ConfigSpace} has changed. */
    void configChanged();

    /** Latches the device broken (DEVICE_NEEDS_RESET) because the driver cannot be trusted; once is enough. */
    void fail(String reason);
}
