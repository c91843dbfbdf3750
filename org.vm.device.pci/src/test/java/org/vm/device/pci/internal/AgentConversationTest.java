package org.vm.device.pci.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.vm.api.hotplug.GuestAgent;
import org.vm.api.hotplug.GuestAgentException;
import org.vm.api.hotplug.HotplugEvent;
import org.vm.api.hotplug.HotplugEvent.Kind;
import org.vm.api.hotplug.HotplugException;
import org.vm.api.hotplug.HotplugException.Reason;
import org.vm.api.hotplug.HotplugManager;
import org.vm.api.hotplug.SlotInfo;
import org.vm.api.hotplug.SlotInfo.Way;
import org.vm.api.hotplug.SlotState;

/** Conversations with a guest that has no driver for slots, but an agent. */
class AgentConversationTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** Answers when and what a test wants. */
    private static final class FakeAgent implements GuestAgent {
        final List<String> calls = new ArrayList<>();
        boolean connected = true;
        CompletableFuture<Void> scanned = new CompletableFuture<>();
        CompletableFuture<List<String>> users = CompletableFuture.completedFuture(List.of());
        CompletableFuture<Void> removed = new CompletableFuture<>();

        @Override
        public State state() {
            return new State(connected, connected ? "test agent" : "nobody there");
        }

        @Override
        public CompletionStage<Void> whenConnected() {
            throw new AssertionError("the manager looks at the state");
        }

        @Override
        public CompletionStage<Void> rescan(Duration limit) {
            calls.add("rescan");
            return scanned;
        }

        @Override
        public CompletionStage<List<String>> users(String address, Duration limit) {
            calls.add("users " + address);
            return users;
        }

        @Override
        public CompletionStage<Void> remove(String address, Duration limit) {
            calls.add("remove " + address);
            return removed;
        }
    }

    private final FakeTime time = new FakeTime();
    private final FakeMachine machine = new FakeMachine(2, time);
    private final FakeCard card = new FakeCard("card", FakeCard.plain());
    private final FakeAgent agent = new FakeAgent();
    private final HotplugManager manager = machine.host.hotplug().orElseThrow();

    @BeforeEach
    void boot() {
        machine.running = true;
        machine.config(0, 1, Header.SECONDARY_BUS, 1);
        machine.host.agent(agent);
    }

    private void plugged() {
        agent.scanned.complete(null);
        machine.host.plug(card, "slot1");
        assertEquals(SlotState.POWERED_ON, slot().state());
        machine.config(1, 0, Header.COMMAND, 6);
        agent.calls.clear();
    }

    private SlotInfo slot() {
        return manager.slots().getFirst();
    }

    private List<Kind> events() {
        return manager.events(0).stream().map(HotplugEvent::kind).toList();
    }

    private static HotplugException failure(CompletionStage<?> stage) {
        CompletableFuture<?> future = stage.toCompletableFuture();
        assertTrue(future.isCompletedExceptionally(), "it has not failed: " + future);
        return (HotplugException) future.exceptionNow();
    }

    private static boolean done(CompletionStage<?> stage) {
        return stage.toCompletableFuture().isDone() && !stage.toCompletableFuture().isCompletedExceptionally();
    }

    @Test
    void theAgentLooksForWhatIsPlugged() {
        machine.host.plug(card, "slot1");
        CompletionStage<SlotInfo> on = manager.plug("card", LIMIT);
        assertEquals(List.of("rescan"), agent.calls);
        assertEquals(SlotState.POWERING_ON, slot().state());
        assertEquals(Way.AGENT, slot().way());
        assertTrue(slot().reason().contains("test agent"), slot().reason());
        agent.scanned.complete(null);
        assertTrue(done(on));
        assertEquals(List.of(Kind.INSERTED, Kind.ADDED), events());
    }

    @Test
    void aSearchThatFailsIsSaidAndTriedAgain() {
        machine.host.plug(card, "slot1");
        CompletionStage<SlotInfo> on = manager.plug("card", LIMIT);
        agent.scanned.completeExceptionally(new GuestAgentException(GuestAgentException.Reason.REFUSED, "no such file"));
        assertTrue(failure(on).getMessage().contains("no such file"));
        assertEquals(SlotState.PRESENT, slot().state());
        assertEquals(List.of(Kind.INSERTED, Kind.POWER_ON_FAILED), events());
        agent.scanned = CompletableFuture.completedFuture(null);
        assertTrue(done(manager.plug("card", LIMIT)));
        assertEquals(SlotState.POWERED_ON, slot().state());
    }

    @Test
    void anAgentThatComesLaterIsToldOfWhatWasPlugged() {
        agent.connected = false;
        time.pass(Duration.ofSeconds(20));
        machine.host.plug(card, "slot1");
        CompletionStage<SlotInfo> on = manager.plug("card", LIMIT);
        assertEquals(Way.NONE, slot().way());
        assertTrue(slot().reason().contains("nobody there"), slot().reason());
        assertEquals(List.of(), agent.calls);
        agent.connected = true;
        agent.scanned.complete(null);
        time.pass(Duration.ofSeconds(1));
        assertTrue(done(on));
    }

    @Test
    void aDeviceThatIsUsedInTheGuestStays() {
        plugged();
        agent.users = CompletableFuture.completedFuture(List.of("/mnt is mounted from vda"));
        HotplugException refused = failure(manager.unplug("card", LIMIT, false));
        assertEquals(Reason.REFUSED, refused.reason());
        assertTrue(refused.getMessage().contains("/mnt is mounted from vda"), refused.getMessage());
        assertEquals(List.of("users 0000:01:00.0"), agent.calls);
        assertEquals(SlotState.POWERED_ON, slot().state());
        assertEquals(List.of(Kind.INSERTED, Kind.ADDED, Kind.REFUSED), events());
        assertTrue(done(manager.unplug("card", LIMIT, true)));
        assertEquals(1, card.detached);
    }

    @Test
    void aDeviceLeavesWhenTheAgentHasRemovedItInTheGuest() {
        plugged();
        CompletionStage<Void> gone = manager.unplug("card", LIMIT, false);
        assertEquals(List.of("users 0000:01:00.0", "remove 0000:01:00.0"), agent.calls);
        assertEquals(SlotState.POWERING_OFF, slot().state());
        assertFalse(done(gone));
        agent.removed.complete(null);
        assertTrue(done(gone));
        assertEquals(SlotState.EMPTY, slot().state());
        assertEquals(1, card.detached);
        assertEquals(List.of(Kind.INSERTED, Kind.ADDED, Kind.REMOVED), events());
    }

    @Test
    void whatTheAgentCannotDoLeavesTheDeviceWhereItIsUntilItIsAskedAgain() {
        plugged();
        CompletionStage<Void> late = manager.unplug("card", LIMIT, false);
        agent.removed.completeExceptionally(new GuestAgentException(GuestAgentException.Reason.TIMED_OUT, "it is silent"));
        assertEquals(Reason.TIMED_OUT, failure(late).reason());
        agent.removed = new CompletableFuture<>();
        CompletionStage<Void> lost = manager.unplug("card", LIMIT, false);
        agent.connected = false;
        agent.removed.completeExceptionally(new GuestAgentException(GuestAgentException.Reason.DISCONNECTED, "it has ended"));
        assertTrue(failure(lost).getMessage().contains("it has ended"));
        assertEquals(SlotState.POWERED_ON, slot().state());
        agent.connected = true;
        agent.removed = CompletableFuture.completedFuture(null);
        assertTrue(done(manager.unplug("card", LIMIT, false)));
    }

    @Test
    void anAgentThatNeverAnswersHoldsNothingUp() {
        plugged();
        agent.users = new CompletableFuture<>();
        CompletionStage<Void> gone = manager.unplug("card", LIMIT, false);
        time.pass(LIMIT.plusSeconds(1));
        assertEquals(Reason.TIMED_OUT, failure(gone).reason());
        agent.users = CompletableFuture.completedFuture(List.of());
        CompletionStage<Void> again = manager.unplug("card", LIMIT, false);
        assertTrue(done(manager.unplug("card", LIMIT, true)));
        assertTrue(done(again));
        machine.host.unplug(card);
        FakeCard other = new FakeCard("other", FakeCard.plain());
        machine.host.plug(other, "slot1");
        agent.removed.complete(null);
        assertEquals("other", slot().device(), "an answer that comes late is for a card that is gone");
        assertEquals(0, other.detached);
        time.pass(Duration.ofMinutes(1));
        assertEquals(0, time.pending());
    }
}
