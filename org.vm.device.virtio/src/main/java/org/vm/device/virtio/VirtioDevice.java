package org.vm.device.virtio;

import java.util.Map;
import org.osgi.annotation.versioning.ConsumerType;
import org.vm.api.device.DeviceType;

/**
 * A virtio device, whatever its transport and ring format (VirtIO 1.2, section 2). As an OSGi service it carries the
 * property {@code vm}, the name of its machine.
 *
 * <p>Life: {@link #activate} when the driver is ready, {@link #notify} as long as it works, {@link #deactivate} at reset
 * or removal, and again from the start. {@code notify} is called on a worker, by one thread at a time for each queue, so
 * a device may block there. Queues and buffers are touched only inside {@code notify} and inside tasks given to
 * {@link Activation#execute}: a reset waits for those, and no guest memory is written after it. An exception that leaves
 * either of them breaks the device until the driver resets it; the machine goes on.
 *
 * <p>When the bundle of a device is replaced under a running guest, requests that the device has taken and not completed are
 * the successor's: {@link Virtqueue#poll} gives it those first, then what is new. Registers, rings and interrupts are the
 * transport's. A device that must carry more over is also a {@link org.vm.api.state.Stateful}: what the driver has told it and
 * will not tell again. What it can find out by itself it finds out anew; if its configuration space is another one then, the
 * driver is told. In detail:
 * <ul>
 * <li>the one that leaves: no {@code notify} begins any more, {@code suspend}, tasks end, {@code capture}, and at last
 * {@code deactivate}; or {@code resume} if the replacement was called off. Tasks given to {@link Activation#execute} meanwhile
 * wait, and are dropped if it leaves;
 * <li>the one that comes: {@code activate} with the features that were agreed on, if the driver is ready; then {@code restore}
 * if there is a state, {@code resume}, and {@code notify} for every queue.
 * </ul>
 * A device that is no {@code Stateful} is just activated. {@code onTrial} is the transport's business: an exception that leaves
 * {@code notify}, {@code activate} or a task of a new version on trial brings the old one back, which does the request again.
 */
@ConsumerType
public interface VirtioDevice {
    /** Unique in its machine ({@code "disk0"}). */
    String name();

    DeviceType type();

    /** Device ID (VirtIO 1.2, section 5). */
    int deviceId();

    /** The device's own feature bits; those of rings and transport are added to them. */
    long features();

    /** Maximum size of each queue, a power of two up to 32768; as many queues as entries. */
    int[] queueSizes();

    /** Device configuration space; {@link ConfigSpace#NONE} if the device has none. */
    ConfigSpace config();

    /** The driver is ready (DRIVER_OK): {@code activation} is all that the device may touch until deactivated. */
    void activate(Activation activation);

    /** There may be something new in a queue, or {@link Activation#kick} asked for it. */
    void notify(int queue);

    /** Let go of everything that {@link #activate} took hold of; must not wait for tasks, the caller does. */
    void deactivate();

    /** Settings and counters by name, in order, for people who look. Any thread. */
    Map<String, String> info();
}
