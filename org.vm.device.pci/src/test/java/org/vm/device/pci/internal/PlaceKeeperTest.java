package org.vm.device.pci.internal;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vm.api.hotplug.HotplugEvent.Kind;
import org.vm.api.hotplug.SlotState;
import org.vm.api.pci.PciBar;
import org.vm.api.pci.PciDescription;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.replace.ReplacementException;
import org.vm.device.pci.internal.FakeMachine.Message;

/** Functions that are exchanged for others at their places, as when their bundle is replaced. */
class PlaceKeeperTest {
    private static final Duration LIMIT = Duration.ofSeconds(5);
    private static final long BUNDLE = 7;
    private static final int DEVICE = 0x1e;
    private static final long REGISTERS = 0x4000_0000L;
    private static final long TABLE = 0x4000_1000L;
    private static final int SOURCE = 34;

    private final FakeTime time = new FakeTime();
    private final FakeMachine machine = new FakeMachine(2, time);
    private final PciHost host = machine.host;

    private StatefulCard plugged(StatefulCard card) {
        host.offer(card, "00:1e", BUNDLE);
        machine.config(0, DEVICE, Header.BAR_0, REGISTERS);
        machine.config(0, DEVICE, new Field(0x14, 4), TABLE);
        machine.config(0, DEVICE, Header.COMMAND, 6);
        return card;
    }

    private StatefulCard plugged() {
        return plugged(new StatefulCard("card"));
    }

    private DeviceKeeper.Hold hold() {
        return host.keeper().hold(Set.of(BUNDLE), LIMIT);
    }

    private void go(StatefulCard card) {
        assertDoesNotThrow(() -> host.release(card, LIMIT));
    }

    private StatefulCard come(StatefulCard card) {
        host.offer(card, "00:1e", BUNDLE);
        return card;
    }

    private static boolean done(CompletionStage<?> stage) {
        CompletableFuture<?> future = stage.toCompletableFuture();
        return future.isDone() && !future.isCompletedExceptionally();
    }

    private static String failure(CompletionStage<?> stage) {
        CompletableFuture<?> future = stage.toCompletableFuture();
        assertTrue(future.isCompletedExceptionally(), "it has not failed: " + future);
        return assertInstanceOf(ReplacementException.class, future.exceptionNow()).getMessage();
    }

    private static CompletableFuture<Long> vcpu(LongSupplier access) {
        CompletableFuture<Long> result = new CompletableFuture<>();
        Thread.ofPlatform().daemon().start(() -> {
            try {
                result.complete(access.getAsLong());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    private static <T> T soon(CompletableFuture<T> future) throws Exception {
        return future.get(20, TimeUnit.SECONDS);
    }

    @Test
    void aSuccessorGoesOnWhereItsPredecessorWasAndSoftwareNoticesNothing() {
        StatefulCard former = plugged();
        machine.store(REGISTERS, 4, 4711);
        machine.store(REGISTERS + 8, 4, 1);
        DeviceKeeper.Hold hold = hold();
        assertEquals(List.of("test/card"), hold.devices());
        assertEquals(List.of(), hold.stateless());
        go(former);
        assertEquals(List.of("attach", "suspend", "capture", "detach", "detached"), former.calls);
        assertTrue(machine.level(SOURCE), "the line stays up, whatever the function does at its end");
        assertFalse(done(hold.filled()));
        StatefulCard next = come(new StatefulCard("card"));
        assertTrue(done(hold.filled()));
        assertEquals(List.of("attach", "restore", "resume"), next.calls);
        assertTrue(machine.level(SOURCE));
        assertEquals(4711, machine.load(REGISTERS, 4));
        assertEquals(6, machine.config(0, DEVICE, Header.COMMAND));
        hold.accept();
        machine.store(REGISTERS + 8, 4, 0);
        assertFalse(machine.level(SOURCE));
        assertEquals(List.of(next), host.plugged().stream().map(plugged -> plugged.device()).toList());
        go(next);
        assertEquals(0xffff, machine.config(0, DEVICE, Header.VENDOR_ID), "it is replaced no more, and gone when it goes");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFaultWhileASuccessorIsTakenBackIsOneOfItsTrialToo(boolean second) {
        StatefulCard former = plugged();
        DeviceKeeper.Hold hold = hold();
        go(former);
        StatefulCard next = come(new StatefulCard("card"));
        assertTrue(!second || next.trial.fault(new IllegalStateException("the first fault")));
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        next.suspending = () -> told.complete(next.trial.fault(new IllegalStateException("at the last moment")));
        hold.retake(LIMIT);
        assertTrue(told.join(), "somebody else will be here");
        go(next);
        StatefulCard back = come(new StatefulCard("card"));
        assertTrue(done(hold.filled()));
        hold.accept();
        assertEquals(List.of("attach", "restore", "resume"), back.calls);
    }

    @Test
    void aSuccessorThatIsThereAlreadyWaitsUntilItIsAdmitted() {
        StatefulCard former = plugged();
        machine.store(REGISTERS, 4, 4711);
        var awaited = host.keeper().prepare(BUNDLE, BUNDLE + 1).orElseThrow();
        assertEquals(List.of("test/card"), awaited.get());
        StatefulCard next = new StatefulCard("card");
        host.offer(next, "00:1e", BUNDLE + 1);
        assertEquals(List.of(), awaited.get());
        assertEquals(List.of(), next.calls);
        assertEquals(List.of(former), host.plugged().stream().map(plugged -> plugged.device()).toList());
        DeviceKeeper.Hold hold = hold();
        assertFalse(done(hold.filled()));
        hold.admit();
        assertTrue(done(hold.filled()));
        assertEquals(List.of("attach", "suspend", "capture", "detach", "detached"), former.calls);
        assertEquals(List.of("attach", "restore", "resume"), next.calls);
        hold.accept();
        go(former);
        assertEquals(4711, machine.load(REGISTERS, 4));
        assertEquals(List.of(next), host.plugged().stream().map(plugged -> plugged.device()).toList());
        assertTrue(done(host.keeper().hold(Set.of(BUNDLE), LIMIT).filled()), "nothing is of the bundle before any more");
    }

    @Test
    void aSuccessorThatGoesWhileItWaitsWasNeverThere() {
        StatefulCard former = plugged();
        var awaited = host.keeper().prepare(BUNDLE, BUNDLE + 1).orElseThrow();
        StatefulCard next = new StatefulCard("card");
        host.offer(next, "00:1e", BUNDLE + 1);
        go(next);
        assertEquals(List.of("test/card"), awaited.get());
        assertEquals(List.of(former), host.plugged().stream().map(plugged -> plugged.device()).toList());
        assertEquals(Map.of(), host.refused());
    }

    @Test
    void accessesWaitUntilTheSuccessorHasResumed() throws Exception {
        StatefulCard former = plugged();
        machine.store(REGISTERS, 4, 5);
        DeviceKeeper.Hold hold = hold();
        CompletableFuture<Long> load = vcpu(() -> machine.load(REGISTERS, 4));
        CompletableFuture<Long> command = vcpu(() -> {
            machine.config(0, DEVICE, Header.COMMAND, 2);
            return 1;
        });
        go(former);
        assertThrows(TimeoutException.class, () -> load.get(100, TimeUnit.MILLISECONDS));
        assertFalse(command.isDone());
        assertEquals(6, machine.config(0, DEVICE, Header.COMMAND), "what is only configuration is read at once");
        StatefulCard next = come(new StatefulCard("card"));
        assertEquals(5, soon(load));
        soon(command);
        assertEquals(List.of("attach", "restore", "resume", "stop"), next.calls);
        hold.accept();
    }

    @Test
    void messagesAndTheirMasksAreThePlaces() {
        StatefulCard former = plugged(new StatefulCard("card", FakeCard.plain().msix(2)));
        int msix = machine.capability(0, DEVICE, 0x11);
        machine.store(TABLE, 4, FakeMachine.SINK);
        machine.store(TABLE + 8, 4, 99);
        machine.config(0, DEVICE, new Field(msix + 2, 2), 0x8000);
        former.context.send(0);
        DeviceKeeper.Hold hold = hold();
        former.context.send(1);
        go(former);
        assertEquals(List.of(), machine.messages);
        machine.store(TABLE + 12, 4, 0);
        assertEquals(List.of(new Message(0, 99)), machine.messages, "what was pending is sent though nobody is there");
        StatefulCard next = come(new StatefulCard("card", FakeCard.plain().msix(2)));
        next.context.send(0);
        assertEquals(2, machine.messages.size());
        assertTrue(next.context.messages());
        hold.accept();
    }

    @Test
    void aReplacementThatIsCalledOffLeavesTheDeviceAsItWas() {
        StatefulCard card = plugged();
        machine.store(REGISTERS + 8, 4, 1);
        DeviceKeeper.Hold hold = hold();
        hold.callOff();
        assertEquals(List.of("attach", "suspend", "capture", "resume"), card.calls);
        assertTrue(machine.level(SOURCE));
        machine.store(REGISTERS + 8, 4, 0);
        assertFalse(machine.level(SOURCE));
        // And again.
        hold().callOff();
    }

    @ParameterizedTest
    @ValueSource(strings = {"suspend", "capture", "nothing"})
    void aDeviceThatDoesNotGiveItsStateCallsItOffForAll(String step) {
        StatefulCard good = plugged();
        StatefulCard bad = new StatefulCard("bad");
        bad.failing = step;
        host.offer(bad, "00:1f", BUNDLE);
        String message = assertThrows(ReplacementException.class, this::hold).getMessage();
        assertTrue(message.contains("'bad' of machine 'test'"), message);
        bad.failing = "";
        machine.store(REGISTERS, 4, 3);
        assertEquals(3, good.value);
        assertEquals(List.of("attach", "suspend", "capture", "resume"), good.calls);
        if (!step.equals("suspend")) {
            assertEquals("resume", bad.calls.getLast());
        }
        hold().callOff();
    }

    @ParameterizedTest
    @ValueSource(strings = {"attach", "restore", "resume"})
    void aSuccessorThatDoesNotComeIsFollowedByTheOldVersion(String step) {
        StatefulCard former = plugged();
        machine.store(REGISTERS, 4, 11);
        DeviceKeeper.Hold hold = hold();
        go(former);
        StatefulCard bad = new StatefulCard("card");
        bad.failing = step;
        come(bad);
        String message = failure(hold.filled());
        assertTrue(message.contains("'card' of machine 'test' cannot take its place: it fails to " + step), message);
        assertEquals(step.equals("attach") ? "attach" : "detached", bad.calls.getLast());
        assertTrue(host.refused().get("card").contains("fails to " + step));
        hold.retake(LIMIT);
        go(bad);
        StatefulCard again = come(new StatefulCard("card"));
        assertTrue(done(hold.filled()));
        hold.accept();
        assertEquals(11, machine.load(REGISTERS, 4));
        assertEquals(List.of("attach", "restore", "resume"), again.calls);
        assertEquals(Map.of(), host.refused());
    }

    @Test
    void aSuccessorThatSoftwareWouldNoticeIsRefusedInASentence() {
        PciDescription plain = FakeCard.plain();
        List<StatefulCard> others = List.of(
                new StatefulCard("card", PciDescription.of(FakeCard.VENDOR, 1, 0xff0000).subsystem(0x1111, 0x2222)),
                new StatefulCard("card", PciDescription.of(FakeCard.VENDOR, FakeCard.DEVICE, 0x020000).subsystem(0x1111, 0x2222)),
                new StatefulCard("card", plain.subsystem(1, 1)),
                new StatefulCard("card", plain.bar(1, PciBar.Kind.MEMORY, new FakeCard.Cells(16))),
                new StatefulCard("card", plain.msi(1)), new StatefulCard("card", plain.withoutLine()),
                new StatefulCard("card", plain.capability(9, new FakeCard.Cells(4))));
        StatefulCard former = plugged();
        DeviceKeeper.Hold hold = hold();
        go(former);
        for (StatefulCard other : others) {
            come(other);
            String message = failure(hold.filled());
            assertTrue(message.contains("differs from the one whose place it would take"), message);
            assertEquals(List.of(), other.calls);
            go(other);
            hold.retake(LIMIT);
        }
        StatefulCard many = new StatefulCard("card");
        many.others.add(new StatefulCard("second"));
        come(many);
        assertTrue(failure(hold.filled()).contains("it has 2 functions, and not 1"));
        go(many);
        hold.retake(LIMIT);
        come(new StatefulCard("card", plain.revision(99)));
        assertTrue(done(hold.filled()), "another revision is what is to be expected");
        assertEquals(3, machine.config(0, DEVICE, Header.REVISION_ID));
        hold.accept();
    }

    @Test
    void anAccessThatFailsOnTrialIsDoneByTheOneThatComesBack() throws Exception {
        StatefulCard former = plugged();
        machine.store(REGISTERS, 4, 1);
        DeviceKeeper.Hold hold = hold();
        go(former);
        StatefulCard bad = come(new StatefulCard("card"));
        machine.store(REGISTERS, 4, 2);
        bad.failing = "write";
        CompletableFuture<Long> store = vcpu(() -> {
            machine.store(REGISTERS, 4, 3);
            return 0;
        });
        assertInstanceOf(IllegalStateException.class, soon(hold.fault().toCompletableFuture()));
        hold.retake(LIMIT);
        assertFalse(done(hold.fault()));
        go(bad);
        assertEquals(List.of("attach", "restore", "resume", "suspend", "capture", "detach", "detached"), bad.calls);
        assertFalse(store.isDone());
        StatefulCard back = new StatefulCard("card");
        host.offer(back, "00:1e", BUNDLE);
        soon(store);
        assertTrue(done(hold.filled()));
        assertEquals(3, machine.load(REGISTERS, 4));
        hold.accept();
        // Trusted, it fails as any device does.
        back.failing = "read";
        assertThrows(IllegalStateException.class, () -> machine.load(REGISTERS, 4));
    }

    @Test
    void aDeviceThatGivesUpOnTrialIsToldThatItsPredecessorWillBeBack() {
        StatefulCard former = plugged();
        machine.store(REGISTERS, 4, 1);
        DeviceKeeper.Hold hold = hold();
        go(former);
        StatefulCard bad = come(new StatefulCard("card"));
        assertTrue(bad.trial.fault(new IllegalStateException("worker")));
        assertTrue(bad.trial.fault(new IllegalStateException("another one")));
        assertEquals("worker", hold.fault().toCompletableFuture().join().getMessage());
        // Its own state cannot be had: the last one that is known counts.
        bad.failing = "capture";
        bad.value = 1234;
        hold.retake(LIMIT);
        go(bad);
        StatefulCard back = come(new StatefulCard("card"));
        assertEquals(1, back.value);
        hold.accept();
        assertFalse(back.trial.fault(new IllegalStateException("too late")));
        assertEquals(1, machine.load(REGISTERS, 4));
    }

    @Test
    void aResetWhileNobodyIsThereMakesTheSuccessorBeginAnew() {
        StatefulCard former = plugged();
        machine.store(REGISTERS, 4, 1);
        machine.store(REGISTERS + 8, 4, 1);
        DeviceKeeper.Hold hold = hold();
        host.reset();
        assertFalse(machine.level(SOURCE));
        go(former);
        StatefulCard next = come(new StatefulCard("card"));
        assertEquals(List.of("attach", "resume", "reset"), next.calls);
        assertEquals(0, next.value);
        assertFalse(machine.level(SOURCE));
        hold.accept();
    }

    @Test
    void aResetWhileADeviceIsSuspendedReachesItWhenItGoesOn() {
        StatefulCard card = plugged();
        machine.store(REGISTERS, 4, 1);
        DeviceKeeper.Hold hold = hold();
        host.reset();
        assertEquals("capture", card.calls.getLast());
        hold.callOff();
        assertEquals("reset", card.calls.getLast());
        assertEquals(0, card.value);
    }

    @Test
    void aPlaceThatNobodyTakesIsThatOfACardThatWasPulled() throws Exception {
        StatefulCard former = plugged();
        DeviceKeeper.Hold hold = hold();
        go(former);
        CompletableFuture<Long> load = vcpu(() -> machine.load(REGISTERS, 4));
        hold.close();
        assertEquals(0xffff_ffffL, soon(load));
        assertEquals(0xffff, machine.config(0, DEVICE, Header.VENDOR_ID));
        assertEquals(List.of(), host.plugged());
        assertFalse(machine.level(SOURCE));
        // Who comes later comes as a new card.
        StatefulCard late = come(new StatefulCard("card"));
        assertEquals(List.of("attach"), late.calls);
    }

    @Test
    void aSuccessorThatCouldNotTakeThePlaceComesAsANewCardWhenItIsGivenUp() {
        StatefulCard former = plugged();
        DeviceKeeper.Hold hold = hold();
        go(former);
        StatefulCard other = come(new StatefulCard("card", FakeCard.plain().msi(1)));
        hold.close();
        assertEquals(List.of("attach"), other.calls);
        assertEquals(List.of(other), host.plugged().stream().map(plugged -> plugged.device()).toList());
    }

    @Test
    void aCardThatWasUnpluggedStaysSoAndARefusedOneIsTriedAgain() {
        StatefulCard out = plugged();
        StatefulCard refused = new StatefulCard("refused");
        host.offer(refused, "slot9", BUNDLE);
        host.hotplug().orElseThrow().unplug("card", LIMIT, true);
        DeviceKeeper.Hold hold = hold();
        assertEquals(List.of(), hold.devices());
        assertTrue(done(hold.filled()));
        go(out);
        go(refused);
        StatefulCard outAgain = come(new StatefulCard("card"));
        StatefulCard refusedAgain = come(new StatefulCard("refused"));
        hold.accept();
        assertEquals(List.of(), outAgain.calls);
        assertTrue(host.refused().get("card").contains("unplugged"));
        assertEquals(List.of(), refusedAgain.calls, "it still wishes to be where it cannot be");
        host.hotplug().orElseThrow().plug("card", LIMIT);
        assertEquals(List.of("attach"), outAgain.calls);
        // One that did not come back is forgotten.
        DeviceKeeper.Hold second = hold();
        go(refusedAgain);
        second.close();
        assertNull(host.refused().get("refused"));
    }

    @Test
    void aCardThatIsUnpluggedByForceMeanwhileIsOut() throws Exception {
        StatefulCard former = plugged();
        DeviceKeeper.Hold hold = hold();
        host.hotplug().orElseThrow().unplug("card", LIMIT, true).toCompletableFuture().get(5, TimeUnit.SECONDS);
        assertEquals("detached", former.calls.getLast());
        assertTrue(done(hold.filled()), "there is no place to fill");
        go(former);
        StatefulCard next = come(new StatefulCard("card"));
        assertEquals(List.of(), next.calls);
        hold.accept();
        assertTrue(host.refused().get("card").contains("unplugged"));
    }

    @Test
    void allFunctionsOfACardAreExchangedTogether() {
        StatefulCard[] former = card3();
        host.offer(former[0], "00:1e", BUNDLE);
        former[2].value = 77;
        DeviceKeeper.Hold hold = hold();
        go(former[0]);
        StatefulCard[] bad = card3();
        bad[1].failing = "restore";
        come(bad[0]);
        assertTrue(failure(hold.filled()).contains("it fails to restore"));
        for (StatefulCard each : bad) {
            assertEquals("detached", each.calls.getLast());
        }
        go(bad[0]);
        hold.retake(LIMIT);
        StatefulCard[] next = card3();
        come(next[0]);
        assertTrue(done(hold.filled()));
        assertEquals(77, next[2].value);
        hold.accept();
    }

    private static StatefulCard[] card3() {
        StatefulCard[] functions = {new StatefulCard("card"), new StatefulCard("second"), new StatefulCard("third")};
        functions[0].others.addAll(List.of(functions[1], functions[2]));
        return functions;
    }

    @Test
    void aDeviceWithoutStateKeepsItsPlaceAndBeginsAnew() {
        FakeCard former = new FakeCard("card", FakeCard.plain().bar(0, PciBar.Kind.MEMORY, new FakeCard.Cells(16)));
        host.offer(former, "00:1e", BUNDLE);
        machine.config(0, DEVICE, Header.BAR_0, REGISTERS);
        machine.config(0, DEVICE, Header.COMMAND, 6);
        DeviceKeeper.Hold hold = hold();
        assertEquals(List.of("test/card"), hold.stateless());
        assertDoesNotThrow(() -> host.release(former, LIMIT));
        assertEquals(1, former.detached);
        FakeCard next = new FakeCard("card", FakeCard.plain().bar(0, PciBar.Kind.MEMORY, new FakeCard.Cells(8)));
        host.offer(next, "", BUNDLE);
        assertTrue(done(hold.filled()));
        hold.accept();
        assertEquals(0, machine.load(REGISTERS, 4));
        assertEquals(0, machine.load(REGISTERS + 12, 4), "it has fewer registers");
        assertEquals(1, next.attached);
    }

    @Test
    void aGuestThatHasADriverForTheSlotHearsNothing() {
        FakePciehp driver = new FakePciehp(machine, time, 1);
        machine.running = true;
        driver.scan();
        driver.start();
        pass(driver, 100);
        StatefulCard former = new StatefulCard("card");
        host.offer(former, "slot1", BUNDLE);
        pass(driver, 2_000);
        assertEquals(SlotState.POWERED_ON, host.hotplug().orElseThrow().slots().getFirst().state());
        int events = host.hotplug().orElseThrow().events(0).size();
        DeviceKeeper.Hold hold = hold();
        go(former);
        pass(driver, 2_000);
        assertEquals(SlotState.POWERED_ON, host.hotplug().orElseThrow().slots().getFirst().state());
        assertEquals("card", host.hotplug().orElseThrow().slots().getFirst().device());
        StatefulCard next = new StatefulCard("card");
        host.offer(next, "slot1", BUNDLE);
        assertTrue(done(hold.filled()));
        hold.accept();
        pass(driver, 2_000);
        assertEquals(events, host.hotplug().orElseThrow().events(0).size());
        assertEquals(List.of("attach", "restore", "resume"), next.calls);
    }

    @Test
    void aDeviceThatTheGuestIsLettingGoIsLetGoAfterItsReplacement() throws Exception {
        FakePciehp driver = new FakePciehp(machine, time, 1);
        machine.running = true;
        driver.scan();
        driver.start();
        StatefulCard former = new StatefulCard("card");
        host.offer(former, "slot1", BUNDLE);
        pass(driver, 2_000);
        CompletionStage<Void> unplug = host.hotplug().orElseThrow().unplug("card", Duration.ofSeconds(30), false);
        // The button was pressed, and the guest's driver blinks.
        pass(driver, 2_000);
        DeviceKeeper.Hold hold = hold();
        go(former);
        assertFalse(done(unplug));
        StatefulCard next = new StatefulCard("card");
        host.offer(next, "slot1", BUNDLE);
        hold.accept();
        pass(driver, 10_000);
        assertTrue(done(unplug));
        assertEquals("detached", next.calls.getLast());
        assertTrue(host.hotplug().orElseThrow().events(0).stream().anyMatch(event -> event.kind() == Kind.REMOVED));
        assertTrue(host.refused().get("card").contains("unplugged"));
    }

    private void pass(FakePciehp driver, long millis) {
        for (long i = 0; i < millis; i += 20) {
            driver.interrupt();
            time.pass(Duration.ofMillis(20));
        }
        driver.interrupt();
    }

    @Test
    void ofThousandReplacementsNothingStaysBehind() {
        StatefulCard card = plugged();
        WeakReference<StatefulCard> first = new WeakReference<>(card);
        for (int i = 0; i < 1_000; i++) {
            machine.store(REGISTERS, 4, i);
            DeviceKeeper.Hold hold = hold();
            go(card);
            card = come(new StatefulCard("card"));
            assertEquals(i, machine.load(REGISTERS, 4));
            hold.accept();
        }
        assertTrue(collected(first), "the first version is still reachable");
        assertEquals(1, host.plugged().size());
    }

    private static boolean collected(WeakReference<?> reference) {
        for (int i = 0; i < 50 && reference.get() != null; i++) {
            System.gc();
        }
        return reference.get() == null;
    }

    @Test
    void twoReplacementsAtOnceAreOneTooMany() {
        StatefulCard card = plugged();
        DeviceKeeper.Hold hold = hold();
        assertThrows(ReplacementException.class, this::hold);
        hold.callOff();
        assertEquals(List.of("attach", "suspend", "capture", "resume"), card.calls);
    }

    @Test
    void devicesOfOtherBundlesGoOn() {
        StatefulCard card = plugged();
        DeviceKeeper.Hold hold = host.keeper().hold(Set.of(BUNDLE + 1), LIMIT);
        assertEquals(List.of(), hold.devices());
        machine.store(REGISTERS, 4, 9);
        assertEquals(9, card.value);
        hold.accept();
        assertEquals(List.of("attach"), card.calls);
    }

    @Test
    void whatFailsInAResetOnTrialIsResetWhenItsPredecessorIsBack() {
        StatefulCard former = plugged();
        machine.store(REGISTERS, 4, 1);
        DeviceKeeper.Hold hold = hold();
        go(former);
        StatefulCard bad = come(new StatefulCard("card"));
        bad.failing = "reset";
        host.reset();
        assertTrue(hold.fault().toCompletableFuture().isDone());
        hold.retake(LIMIT);
        go(bad);
        StatefulCard back = come(new StatefulCard("card"));
        assertEquals(List.of("attach", "resume", "reset"), back.calls);
        hold.accept();
    }

    @Test
    void aHostBridgeThatLeavesItsMachineLeavesNothingWaiting() throws Exception {
        StatefulCard former = plugged();
        DeviceKeeper.Hold hold = hold();
        CompletableFuture<Long> load = vcpu(() -> machine.load(REGISTERS, 4));
        go(former);
        host.detach();
        soon(load);
        StatefulCard next = come(new StatefulCard("card"));
        assertEquals(List.of(), next.calls);
        hold.accept();
        host.attach(machine);
        assertEquals(List.of("attach"), next.calls);
    }
}
