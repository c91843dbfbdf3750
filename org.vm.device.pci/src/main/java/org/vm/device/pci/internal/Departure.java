package org.vm.device.pci.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.vm.api.hotplug.HotplugException;

/** A card is to leave its slot: who waits for it, for how long, and how far it has got. Guarded by the slot's lock. */
final class Departure {
    /** What is known of the device's users in the guest: nothing, the agent was asked, it has answered. */
    enum Answer { NONE, PENDING, KNOWN }

    private final List<CompletableFuture<Void>> waiting = new ArrayList<>();
    private long deadline;
    private boolean forced;
    private Answer users = Answer.NONE;
    private List<String> usedBy = List.of();
    private boolean pressed;
    private boolean answered;
    private boolean agentWorks;
    private boolean letGo;

    Departure(long now) {
        deadline = now;
    }

    /** One more waits. The longest limit counts, and force is force. */
    void join(CompletableFuture<Void> done, long until, boolean force) {
        waiting.add(done);
        deadline = until - deadline > 0 ? until : deadline;
        forced |= force;
    }

    boolean forced() {
        return forced;
    }

    boolean late(long now) {
        return now - deadline >= 0;
    }

    Duration left(long now) {
        return Duration.ofNanos(Math.max(1, deadline - now));
    }

    Answer users() {
        return users;
    }

    void asking() {
        users = Answer.PENDING;
    }

    void used(List<String> by) {
        users = Answer.KNOWN;
        usedBy = List.copyOf(by);
    }

    List<String> usedBy() {
        return usedBy;
    }

    boolean pressed() {
        return pressed;
    }

    void press() {
        pressed = true;
    }

    /** The guest has begun to switch the slot off. */
    void answered() {
        answered = true;
    }

    boolean wasAnswered() {
        return answered;
    }

    boolean agentWorks() {
        return agentWorks;
    }

    void askAgent() {
        agentWorks = true;
    }

    void agentEnded(boolean done) {
        agentWorks = false;
        letGo = done;
    }

    /** Whether the agent says that the device is gone for the guest. */
    boolean letGo() {
        return letGo;
    }

    /** @param failure {@code null}: the card has left */
    void end(HotplugException failure) {
        for (CompletableFuture<Void> each : waiting) {
            if (failure == null) {
                each.complete(null);
            } else {
                each.completeExceptionally(failure);
            }
        }
    }
}
