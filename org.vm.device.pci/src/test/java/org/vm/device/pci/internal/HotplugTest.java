package org.vm.device.pci.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.vm.api.hotplug.HotplugEvent;
import org.vm.api.hotplug.HotplugEvent.Kind;
import org.vm.api.hotplug.HotplugException;
import org.vm.api.hotplug.HotplugException.Reason;
import org.vm.api.hotplug.HotplugManager;
import org.vm.api.hotplug.SlotInfo;
import org.vm.api.hotplug.SlotInfo.Way;
import org.vm.api.hotplug.SlotState;

/** Conversations about one slot with guests of all kinds. */
class HotplugTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final FakeTime time = new FakeTime();
    private final FakeMachine machine = new FakeMachine(2, time);
    private final FakePciehp driver = new FakePciehp(machine, time, 1);
    private final FakeCard card = new FakeCard("card", FakeCard.plain());
    private final HotplugManager manager = machine.host.hotplug().orElseThrow();

    private void boot() {
        machine.running = true;
        driver.scan();
        driver.start();
        pass(100);
    }

    private void bootWithoutDriver() {
        machine.running = true;
        driver.scan();
        pass(20_000);
    }

    private void pass(long millis) {
        for (long i = 0; i < millis; i += 20) {
            driver.interrupt();
            time.pass(Duration.ofMillis(20));
        }
        driver.interrupt();
    }

    private SlotInfo slot() {
        return manager.slots().getFirst();
    }

    private SlotState state() {
        return slot().state();
    }

    private List<Kind> events() {
        return manager.events(0).stream().map(HotplugEvent::kind).toList();
    }

    private void plugged() {
        machine.host.plug(card, "slot1");
        pass(1_000);
        assertEquals(SlotState.POWERED_ON, state());
    }

    private static Reason reason(CompletionStage<?> stage) {
        CompletableFuture<?> future = stage.toCompletableFuture();
        assertTrue(future.isCompletedExceptionally(), "it has not failed: " + future);
        return ((HotplugException) future.exceptionNow()).reason();
    }

    private static boolean done(CompletionStage<?> stage) {
        CompletableFuture<?> future = stage.toCompletableFuture();
        return future.isDone() && !future.isCompletedExceptionally();
    }

    @Test
    void aCardIsSwitchedOnByTheGuestAtOnce() {
        boot();
        machine.host.plug(card, "slot1");
        assertEquals(SlotState.PRESENT, state());
        CompletionStage<SlotInfo> on = manager.plug("card", LIMIT);
        pass(100);
        assertEquals(SlotState.POWERING_ON, state());
        assertFalse(done(on));
        pass(200);
        assertEquals(SlotState.POWERED_ON, state());
        assertTrue(done(on));
        assertEquals(List.of(Kind.INSERTED, Kind.ADDED), events());
        assertEquals(new SlotInfo("slot1", SlotState.POWERED_ON, "card", Way.NATIVE, slot().reason(), "", "0000:01:00.0"), slot());
        assertEquals(FakePciehp.State.ON, driver.state());
        pass(60_000);
        assertEquals(SlotState.POWERED_ON, state(), "nobody takes the button for another wish");
    }

    @Test
    void aCardStaysUntilTheGuestHasSwitchedItsSlotOff() {
        boot();
        plugged();
        CompletionStage<Void> gone = manager.unplug("card", LIMIT, false);
        pass(4_900);
        assertEquals(SlotState.POWERING_OFF, state());
        assertEquals(0, card.detached);
        pass(1_300);
        assertTrue(done(gone));
        assertEquals(1, card.detached);
        assertEquals(SlotState.EMPTY, state());
        assertEquals(List.of(Kind.INSERTED, Kind.ADDED, Kind.REMOVED), events());
        assertEquals("it was unplugged, and can be plugged again", machine.host.refused().get("card"));
        manager.plug("card", LIMIT);
        pass(1_500);
        assertEquals(SlotState.POWERED_ON, state());
    }

    @Test
    void aGuestThatDoesNotAnswerKeepsTheCardUntilItIsAskedAgainOrForced() {
        boot();
        plugged();
        driver.deaf = true;
        CompletionStage<Void> first = manager.unplug("card", LIMIT, false);
        pass(30_500);
        assertEquals(Reason.TIMED_OUT, reason(first));
        assertEquals(SlotState.POWERED_ON, state());
        driver.deaf = false;
        CompletionStage<Void> second = manager.unplug("card", LIMIT, false);
        pass(7_000);
        assertTrue(done(second));
        manager.plug("card", LIMIT);
        pass(2_000);
        driver.deaf = true;
        CompletionStage<Void> forced = manager.unplug("card", LIMIT, true);
        assertTrue(done(forced));
        assertEquals(2, card.detached);
        pass(2_000);
        assertEquals(FakePciehp.State.OFF, driver.state(), "the guest has noticed the loss");
        assertEquals(Kind.TIMED_OUT, events().get(2));
    }

    @Test
    void aButtonThatTheGuestHasMissedIsPressedAgain() {
        boot();
        plugged();
        driver.deaf = true;
        CompletionStage<Void> gone = manager.unplug("card", LIMIT, false);
        pass(1_000);
        driver.deaf = false;
        pass(17_000);
        assertTrue(done(gone));
    }

    @Test
    void aRemovalThatIsCalledOffInTheGuestIsRefused() {
        boot();
        plugged();
        driver.callsOff = true;
        CompletionStage<Void> gone = manager.unplug("card", LIMIT, false);
        pass(3_000);
        assertEquals(Reason.REFUSED, reason(gone));
        assertEquals(SlotState.POWERED_ON, state());
        assertEquals(List.of(Kind.INSERTED, Kind.ADDED, Kind.REFUSED), events());
        pass(20_000);
        assertEquals(FakePciehp.State.ON, driver.state());
    }

    @Test
    void twoWhoWantACardOutPressTheButtonOnce() {
        boot();
        plugged();
        CompletionStage<Void> one = manager.unplug("card", LIMIT, false);
        pass(2_000);
        CompletionStage<Void> other = manager.unplug("card", LIMIT, false);
        pass(5_000);
        assertTrue(done(one));
        assertTrue(done(other));
    }

    @Test
    void whatIsPluggedWhileTheGuestSetsUpItsSlotsWaitsForItsDriver() {
        machine.running = true;
        driver.scan();
        machine.host.plug(card, "slot1");
        CompletionStage<SlotInfo> on = manager.plug("card", LIMIT);
        assertEquals(SlotState.EMPTY, state());
        assertEquals("card", slot().device());
        assertTrue(slot().waiting().contains("setting up"), slot().waiting());
        assertTrue(machine.host.plugged().getFirst().place().contains("waiting"));
        pass(3_000);
        driver.start();
        pass(1_000);
        assertTrue(done(on));
        assertEquals(FakePciehp.State.ON, driver.state());
    }

    @Test
    void whatWaitsCanBeTakenBack() {
        machine.running = true;
        driver.scan();
        machine.host.plug(card, "slot1");
        assertTrue(done(manager.unplug("card", LIMIT, false)));
        assertEquals(1, card.detached);
        driver.start();
        pass(2_000);
        assertEquals(SlotState.EMPTY, state());
    }

    @Test
    void whatIsPluggedBeforeTheGuestLooksIsFoundAndUnpluggedWhenTheDriverIsThere() {
        machine.running = true;
        machine.host.plug(card, "slot1");
        driver.scan();
        CompletionStage<Void> gone = manager.unplug("card", LIMIT, false);
        pass(1_000);
        assertFalse(done(gone), "the guest knows the card, and cannot be asked yet");
        driver.start();
        pass(7_000);
        assertTrue(done(gone));
    }

    @Test
    void oneCardWaitsForTheOtherOneToLeave() {
        boot();
        plugged();
        FakeCard other = new FakeCard("other", FakeCard.plain());
        machine.host.offer(other, "slot1");
        manager.unplug("card", LIMIT, false);
        pass(3_000);
        assertEquals("card", slot().device());
        pass(5_000);
        assertEquals("other", slot().device());
        assertEquals(SlotState.POWERED_ON, state());
        pass(10_000);
        assertEquals(FakePciehp.State.ON, driver.state());
    }

    @Test
    void aSlotThatTheGuestSwitchesOffKeepsItsCardWhichGoesOrIsSwitchedOnAgainWithoutAsking() {
        boot();
        plugged();
        driver.disable();
        pass(1_500);
        assertEquals(SlotState.PRESENT, state());
        assertEquals(0, card.detached);
        assertEquals(List.of(Kind.INSERTED, Kind.ADDED, Kind.POWERED_OFF), events());
        CompletionStage<SlotInfo> again = manager.plug("card", LIMIT);
        pass(16_000);
        assertTrue(done(again));
        driver.disable();
        pass(1_500);
        assertTrue(done(manager.unplug("card", LIMIT, false)));
    }

    @Test
    void aCardThatTheGuestCannotSwitchOnStaysAndIsTriedAgain() {
        boot();
        driver.works = false;
        machine.host.plug(card, "slot1");
        CompletionStage<SlotInfo> on = manager.plug("card", LIMIT);
        pass(2_000);
        assertEquals(Reason.FAILED, reason(on));
        assertEquals(SlotState.PRESENT, state());
        assertEquals(List.of(Kind.INSERTED, Kind.POWER_ON_FAILED), events());
        driver.works = true;
        CompletionStage<SlotInfo> again = manager.plug("card", LIMIT);
        pass(16_000);
        assertTrue(done(again), slot().toString());
    }

    @Test
    void withoutAGuestNobodyIsAsked() {
        machine.host.plug(card, "slot1");
        assertEquals(SlotState.PRESENT, state());
        assertTrue(done(manager.plug("card", LIMIT)));
        assertTrue(done(manager.unplug("card", LIMIT, false)));
        assertEquals(Way.NONE, slot().way());
        boot();
        manager.plug("card", LIMIT);
        pass(1_000);
        CompletionStage<Void> gone = manager.unplug("card", LIMIT, false);
        pass(1_000);
        driver.die();
        machine.running = false;
        time.pass(Duration.ofSeconds(1));
        assertTrue(done(gone), "the guest it was asked of is no more");
    }

    @Test
    void aResetEndsConversationsAndKeepsWhatIsInSlots() {
        boot();
        plugged();
        FakeCard other = new FakeCard("other", FakeCard.plain());
        machine.host.plug(other, "slot2");
        CompletionStage<Void> gone = manager.unplug("card", LIMIT, false);
        pass(2_000);
        driver.die();
        machine.host.reset();
        assertTrue(done(gone));
        assertEquals(0, other.detached);
        assertEquals(SlotState.PRESENT, manager.slots().get(1).state());
        boot();
        manager.plug("card", LIMIT);
        pass(1_000);
        assertEquals(SlotState.POWERED_ON, state());
        driver.die();
        machine.host.reset();
        assertEquals(SlotState.PRESENT, state());
        boot();
        assertEquals(SlotState.POWERED_ON, state());
        assertEquals(FakePciehp.State.ON, driver.state());
    }

    @Test
    void aGuestWithoutDriverAndAgentIsNotAskedAndWhatItUsesStays() {
        bootWithoutDriver();
        machine.host.plug(card, "slot1");
        assertEquals(SlotState.PRESENT, state());
        assertEquals(Way.NONE, slot().way());
        assertTrue(slot().reason().contains("/sys/bus/pci/rescan"), slot().reason());
        driver.scan();
        assertEquals(SlotState.POWERED_ON, state());
        CompletionStage<Void> refused = manager.unplug("card", LIMIT, false);
        assertEquals(Reason.REFUSED, reason(refused));
        machine.config(1, 0, Header.COMMAND, 2);
        assertEquals(SlotState.PRESENT, state());
        assertTrue(done(manager.unplug("card", LIMIT, false)));
        manager.plug("card", LIMIT);
        driver.scan();
        assertTrue(done(manager.unplug("card", LIMIT, true)));
        assertEquals(2, card.detached);
        assertEquals(List.of(Kind.INSERTED, Kind.ADDED, Kind.REFUSED, Kind.POWERED_OFF, Kind.REMOVED, Kind.INSERTED, Kind.ADDED,
                Kind.REMOVED), events());
    }

    @Test
    void aFunctionWhoseServiceGoesIsHeldUntilTheGuestHasLetItGo() throws Exception {
        boot();
        plugged();
        CompletableFuture<Void> released = CompletableFuture.runAsync(() -> {
            try {
                machine.host.release(card, LIMIT);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }, Thread::startVirtualThread);
        while (slot().waiting().isEmpty()) {
            Thread.onSpinWait();
        }
        pass(4_000);
        assertFalse(released.isDone());
        assertEquals(0, card.detached);
        pass(3_000);
        released.get(10, java.util.concurrent.TimeUnit.SECONDS);
        assertEquals(1, card.detached);
        assertEquals(java.util.Map.of(), machine.host.refused());
    }

    @Test
    void whoIsOnAnInterruptSourceIsKnown() {
        machine.host.plug(card, "slot1");
        machine.host.plug(new FakeCard("other", FakeCard.plain()), "slot2");
        machine.host.plug(new FakeCard("third", FakeCard.plain()), "00:05");
        assertEquals(java.util.Map.of(33, List.of("card", "third"), 34, List.of("other"), 35, List.of("slots of pci")),
                machine.host.interruptOwners());
    }

    @Test
    void whatIsUnknownAndWhatIsOnTheRootBusIsSaid() {
        boot();
        assertEquals(Reason.UNKNOWN, reason(manager.unplug("nobody", LIMIT, false)));
        assertEquals(Reason.UNKNOWN, reason(manager.plug("nobody", LIMIT)));
        machine.host.plug(card, "00:1e");
        assertEquals(Reason.UNKNOWN, reason(manager.plug("card", LIMIT)));
        machine.config(0, 0x1e, Header.COMMAND, 4);
        assertEquals(Reason.REFUSED, reason(manager.unplug("card", LIMIT, false)));
        assertTrue(done(manager.unplug("card", LIMIT, true)));
        assertEquals(1, card.detached);
    }
}
