package org.vm.shell.internal.command;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.vm.api.hotplug.HotplugEvent;
import org.vm.api.hotplug.HotplugManager;
import org.vm.api.hotplug.SlotInfo;
import org.vm.api.hotplug.SlotInfo.Way;
import org.vm.api.hotplug.SlotState;

/** Slots as a test has them; writes down what it is asked for. */
public final class FakeSlots implements HotplugManager {
    public final List<SlotInfo> slots = new ArrayList<>();
    public final List<HotplugEvent> events = new ArrayList<>();
    final List<String> calls = new ArrayList<>();
    CompletionStage<SlotInfo> plugged;

    void slot(String name, SlotState state, String device, Way way, String reason, String waiting) {
        slots.add(new SlotInfo(name, state, device, way, reason, waiting, device.isEmpty() ? "" : "0000:01:00.0"));
        plugged = CompletableFuture.completedFuture(slots.getLast());
    }

    void event(HotplugEvent.Kind kind, String device) {
        events.add(new HotplugEvent(events.size() + 1, Instant.EPOCH, kind, "linux", "slot1", device, "the guest uses it"));
    }

    @Override
    public List<SlotInfo> slots() {
        return slots;
    }

    @Override
    public CompletionStage<SlotInfo> plug(String device, Duration limit) {
        calls.add("plug " + device + " " + limit.toSeconds());
        return plugged;
    }

    @Override
    public CompletionStage<Void> unplug(String device, Duration limit, boolean force) {
        throw new AssertionError("the shell unplugs through the machine manager, which deletes the configuration, too");
    }

    @Override
    public List<HotplugEvent> events(long after) {
        return events;
    }
}
