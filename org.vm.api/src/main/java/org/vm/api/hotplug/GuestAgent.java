package org.vm.api.hotplug;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A program in a guest that does what its kernel does not do by itself: look for new PCI functions, let one go. As a
 * service it carries the property {@code vm} (its machine) and is there whether or not such a program runs.
 *
 * <p>The guest may lie, be silent or vanish. So every request ends within its limit, answers are only what the guest
 * says, and a failure is a {@link GuestAgentException}. Requests of one machine are done one after the other; the limit
 * includes waiting for those before. Any thread; nothing here blocks. Stages complete on a thread of the agent's own.
 */
@ProviderType
public interface GuestAgent {
    /**
     * Whether an agent in the guest answers.
     *
     * @param detail what it is ("qemu-guest-agent 9.2.0"), or why there is none and what to do, for people
     */
    record State(boolean connected, String detail) {}

    State state();

    /** Completes when an agent is connected, at once if one is; never exceptionally. */
    CompletionStage<Void> whenConnected();

    /** Asks the guest to scan its PCI buses; completes when it has. */
    CompletionStage<Void> rescan(Duration limit);

    /**
     * What the guest uses the device for ("/mnt is mounted from vdb1"); empty if nothing is known of it.
     *
     * @param address domain, bus, device and function as Linux writes them: {@code "0000:03:00.0"}
     */
    CompletionStage<List<String>> users(String address, Duration limit);

    /**
     * Asks the guest to let go of a function: its driver finishes and leaves it. Completes when the function is gone for
     * the guest, at once if it knows no such function. Whether something uses it, the guest does not ask.
     *
     * <p>After {@link GuestAgentException.Reason#TIMED_OUT} the guest may still do it; asking again is harmless.
     */
    CompletionStage<Void> remove(String address, Duration limit);
}
