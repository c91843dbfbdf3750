package org.vm.api.hotplug;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Service: the slots of one machine (property {@code vm}) and the conversations with its guest about what comes and goes
 * in them. Devices come by being published ({@link org.vm.api.pci.PciFunction}); when such a service is taken back, that
 * is held up until the guest has let the device go, or a limit has passed.
 *
 * <p>Any thread; nothing here blocks. Stages fail with a {@link HotplugException}, and complete on other threads.
 */
@ProviderType
public interface HotplugManager {
    /** In order of their numbers. */
    List<SlotInfo> slots();

    /**
     * Waits until the guest uses a device that is on its way into a slot; asks again if it did not want it, and puts it
     * back if it was unplugged. After a failure or a time-out the device stays in its slot.
     */
    CompletionStage<SlotInfo> plug(String device, Duration limit);

    /**
     * Lets the guest let go of a device, and takes it out of its slot. It is refused while something is known to use the
     * device, or if the guest cannot be asked and uses it. The device's service remains, and so does its configuration.
     *
     * @param force take it out at once, without asking: requests in flight fail, and what was not flushed is lost
     */
    CompletionStage<Void> unplug(String device, Duration limit, boolean force);

    /** The latest events, the oldest first; some hundreds. @param after only those with greater numbers */
    List<HotplugEvent> events(long after);
}
