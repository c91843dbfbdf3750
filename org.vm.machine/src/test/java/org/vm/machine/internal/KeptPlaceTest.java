package org.vm.machine.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.vm.api.bus.Mapping;
import org.vm.api.cpu.ExitReason;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.MmioDevice;
import org.vm.api.machine.MachineState;
import org.vm.api.replace.DeviceKeeper.Hold;
import org.vm.api.replace.ReplacementException;
import org.vm.machine.internal.CountingDevice.Step;

@Timeout(60)
class KeptPlaceTest {
    private static final long BASE = 0x1000_1000L;
    private static final int SOURCE = 7;
    private static final long COMING = 12;
    private static final Duration LIMIT = Duration.ofSeconds(2);

    /** Every CPU adds one to the register, again and again, and notes how often it did. */
    private final AtomicLong added = new AtomicLong();
    private final Semaphore progress = new Semaphore(0);
    private VirtualMachine machine;
    private FakeController controller;
    private CountingDevice first;

    @BeforeEach
    void machine() {
        machine = Machines.machine(2, cpu -> {
            Mapping mapping = machine.bus().find(BASE);
            if (mapping != null) {
                mapping.device().write(0, 4, 1);
                added.incrementAndGet();
                progress.release();
            }
            return ExitReason.CONTINUE;
        });
        machine.engine(new FakeArchitecture.FakeEngine("engine"));
        controller = (FakeController) machine.devices().find("controller").orElseThrow().device();
        first = new CountingDevice("counter");
        machine.devices().offer(first, BASE, SOURCE);
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private void awaitProgress() throws InterruptedException {
        progress.drainPermits();
        assertTrue(progress.tryAcquire(10, 20, TimeUnit.SECONDS), "the vCPUs do not go on");
    }

    /** Until no vCPU comes out of its access. */
    private void awaitStandstill() throws InterruptedException {
        while (progress.tryAcquire(50, TimeUnit.MILLISECONDS)) {
            progress.drainPermits();
        }
    }

    private Hold hold(MmioDevice device) {
        return machine.devices().hold(List.of(device), LIMIT);
    }

    private CountingDevice succeed(CountingDevice before, CountingDevice next) {
        machine.devices().withdraw(before);
        machine.devices().offer(next, BASE, SOURCE);
        return next;
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    @Test
    void noAccessIsLostOrDoneTwiceWhileDevicesComeAndGo() throws Exception {
        machine.start();
        CountingDevice present = first;
        for (int i = 0; i < 50; i++) {
            awaitProgress();
            Hold hold = hold(present);
            assertEquals(List.of("test/counter"), hold.devices());
            present = succeed(present, new CountingDevice("counter"));
            get(hold.filled());
            if (i % 2 == 0) {
                awaitProgress();
            }
            hold.accept();
            hold.close();
            assertEquals(List.of(), machine.devices().kept());
        }
        awaitProgress();
        machine.stop();
        assertEquals(added.get(), present.sum.get());
        assertSame(present, machine.bus().find(BASE).device(), "in the end the device itself is mapped");
    }

    /** A device that waits for another one's place, though the machine has it. */
    private CountingDevice waiting(CountingDevice present) {
        CountingDevice next = new CountingDevice("counter");
        var awaited = machine.devices().prepare(List.of(present), COMING);
        assertEquals(List.of("test/counter"), awaited.get());
        assertFalse(machine.devices().waits(COMING + 1, next), "it is of another bundle");
        assertTrue(machine.devices().waits(COMING, next));
        assertFalse(machine.devices().waits(COMING, new CountingDevice("other")), "nobody of that name leaves");
        assertEquals(List.of(), awaited.get());
        return next;
    }

    @Test
    void aSuccessorThatIsThereAlreadyTakesThePlaceWhenItIsAdmitted() throws Exception {
        machine.start();
        CountingDevice present = first;
        for (int i = 0; i < 50; i++) {
            CountingDevice next = waiting(present);
            awaitProgress();
            assertEquals(0, next.sum.get());
            Hold hold = hold(present);
            hold.admit();
            get(hold.filled());
            if (i % 2 == 0) {
                machine.devices().withdraw(present);
            }
            awaitProgress();
            hold.accept();
            hold.close();
            machine.devices().withdraw(present);
            assertEquals(1, present.detached.get());
            present = next;
        }
        awaitProgress();
        machine.stop();
        assertEquals(added.get(), present.sum.get());
        assertSame(present, machine.bus().find(BASE).device());
        assertEquals(List.of(), machine.devices().refusals());
    }

    @ParameterizedTest
    @EnumSource(names = {"ATTACH", "RESTORE", "RESUME"})
    void anAdmittedSuccessorThatCannotTakeOverMakesRoomForAnotherOne(Step step) throws Exception {
        machine.start();
        awaitProgress();
        CountingDevice wrong = waiting(first);
        wrong.fails = step;
        Hold hold = hold(first);
        hold.admit();
        assertThrows(ExecutionException.class, () -> get(hold.filled()));
        hold.retake(LIMIT);
        machine.devices().withdraw(first);
        CountingDevice back = succeed(wrong, new CountingDevice("counter"));
        get(hold.filled());
        hold.accept();
        awaitProgress();
        machine.stop();
        assertEquals(added.get(), back.sum.get());
    }

    @Test
    void aSuccessorThatGoesWhileItWaitsWasNeverThere() throws Exception {
        CountingDevice next = waiting(first);
        machine.devices().withdraw(next);
        machine.start();
        awaitProgress();
        Hold hold = hold(first);
        hold.admit();
        assertFalse(hold.filled().toCompletableFuture().isDone());
        hold.callOff();
        awaitProgress();
        machine.stop();
        assertEquals(added.get(), first.sum.get());
    }

    @Test
    void aTrialThatFailsAtAnAccessTakesTheOldVersionBackAndTheAccessIsRepeated() throws Exception {
        machine.start();
        CountingDevice present = first;
        for (int i = 0; i < 20; i++) {
            awaitProgress();
            Hold hold = hold(present);
            CountingDevice wrong = succeed(present, new CountingDevice("counter"));
            get(hold.filled());
            awaitProgress();
            wrong.fails = Step.ACCESS;
            assertInstanceOf(IllegalStateException.class, get(hold.fault()));
            hold.retake(LIMIT);
            present = succeed(wrong, new CountingDevice("counter"));
            get(hold.filled());
            hold.accept();
            hold.close();
        }
        awaitProgress();
        machine.stop();
        assertEquals(added.get(), present.sum.get());
    }

    @ParameterizedTest
    @EnumSource(names = {"ATTACH", "RESTORE", "RESUME"})
    void aSuccessorThatCannotTakeOverIsNotThereAndAnotherOneMayCome(Step step) throws Exception {
        machine.start();
        awaitProgress();
        Hold hold = hold(first);
        CountingDevice wrong = new CountingDevice("counter");
        wrong.fails = step;
        succeed(first, wrong);
        var failure = assertThrows(ExecutionException.class, () -> get(hold.filled()));
        assertInstanceOf(ReplacementException.class, failure.getCause());
        assertTrue(failure.getMessage().contains("counter") && failure.getMessage().contains(step.name()), failure.getMessage());
        assertTrue(controller.levels[SOURCE], "the line stays as it was");
        assertEquals(List.of("counter"), machine.devices().kept());
        hold.retake(LIMIT);
        CountingDevice back = succeed(wrong, new CountingDevice("counter"));
        get(hold.filled());
        hold.accept();
        hold.close();
        assertEquals(List.of(), machine.devices().refusals());
        awaitProgress();
        machine.stop();
        assertEquals(added.get(), back.sum.get());
    }

    @ParameterizedTest
    @EnumSource(names = {"SUSPEND", "CAPTURE"})
    void aDeviceThatDoesNotGiveItsStateGoesOn(Step step) throws Exception {
        machine.start();
        awaitProgress();
        first.fails = step;
        CountingDevice other = new CountingDevice("other");
        machine.devices().offer(other, BASE + 0x1000, SOURCE + 1);
        var failure = assertThrows(ReplacementException.class, () -> machine.devices().hold(List.of(other, first), LIMIT));
        assertTrue(failure.getMessage().contains("'counter'") && failure.getMessage().contains("'test'"), failure.getMessage());
        assertFalse(other.suspended, "the other one goes on");
        awaitProgress();
        machine.stop();
        assertEquals(added.get(), first.sum.get());
    }

    @Test
    void aReplacementThatIsCalledOffHasChangedNothing() throws Exception {
        machine.start();
        awaitProgress();
        Hold hold = hold(first);
        awaitStandstill();
        assertEquals(List.of("counter"), machine.devices().kept());
        assertTrue(machine.warnings().toString().contains("being replaced"));
        hold.callOff();
        awaitProgress();
        machine.stop();
        assertEquals(added.get(), first.sum.get());
        assertSame(first, machine.devices().find("counter").orElseThrow().device());
        assertSame(first, machine.bus().find(BASE).device());
    }

    @Test
    void aMachineWhoseGuestWaitsForADeviceCanBePausedResetAndStopped() throws Exception {
        machine.start();
        awaitProgress();
        Hold hold = hold(first);
        machine.devices().withdraw(first);
        awaitStandstill();
        machine.pause();
        assertEquals(MachineState.PAUSED, machine.state());
        machine.resume();
        machine.reset();
        assertEquals(MachineState.RUNNING, machine.state());
        assertFalse(controller.levels[SOURCE], "after a reset no line is up");
        CountingDevice next = new CountingDevice("counter");
        long before = added.get();
        machine.devices().offer(next, BASE, SOURCE);
        get(hold.filled());
        assertEquals(1, next.resets.get(), "it begins anew");
        hold.accept();
        awaitProgress();
        Hold second = hold(next);
        machine.devices().withdraw(next);
        awaitStandstill();
        machine.stop();
        assertEquals(MachineState.STOPPED, machine.state());
        assertTrue(added.get() > before);
        second.close();
        assertNull(machine.bus().find(BASE), "given up, the place is empty");
    }

    @Test
    void aMachineIsDeletedWhileAPlaceIsKept() throws Exception {
        machine.start();
        awaitProgress();
        Hold hold = hold(first);
        machine.devices().withdraw(first);
        awaitStandstill();
        machine.close();
        get(hold.filled());
        hold.accept();
        hold.close();
    }

    @Test
    void twoPlacesCanBeKeptThoughAGuestWaitsAtOneOfThem() throws Exception {
        CountingDevice other = new CountingDevice("other");
        machine.devices().offer(other, BASE + 0x1000, SOURCE + 1);
        machine.start();
        awaitProgress();
        Hold one = hold(first);
        awaitStandstill();
        Hold two = hold(other);
        assertEquals(2, machine.devices().kept().size());
        two.callOff();
        one.callOff();
        awaitProgress();
    }

    @Test
    void aPausedMachineStaysPausedWhenTheDeviceIsThereAgain() throws Exception {
        machine.start();
        awaitProgress();
        Hold hold = hold(first);
        awaitStandstill();
        machine.pause();
        CountingDevice next = succeed(first, new CountingDevice("counter"));
        get(hold.filled());
        hold.accept();
        long then = added.get();
        assertFalse(progress.tryAcquire(100, TimeUnit.MILLISECONDS));
        assertEquals(then, added.get());
        machine.resume();
        awaitProgress();
        machine.stop();
        assertEquals(added.get(), next.sum.get());
    }

    @Test
    void linesStayUpUntilTheSuccessorSaysWhatTheyAre() throws Exception {
        first.write(0, 4, 1);
        assertTrue(controller.levels[SOURCE]);
        Hold hold = hold(first);
        machine.devices().withdraw(first);
        assertTrue(controller.levels[SOURCE], "the old one lowers its line in vain");
        CountingDevice next = new CountingDevice("counter") {
            @Override
            public void resume() {
                assertTrue(controller.levels[SOURCE]);
                sum.set(0);
                super.resume();
            }
        };
        machine.devices().offer(next, BASE, SOURCE);
        get(hold.filled());
        assertFalse(controller.levels[SOURCE]);
        hold.accept();
        next.write(0, 4, 1);
        assertTrue(controller.levels[SOURCE]);
        machine.devices().withdraw(next);
        assertFalse(controller.levels[SOURCE], "a device that goes for good leaves no line up");
    }

    @Test
    void aLineOfACpuIsAsItsNewDriverSays() throws Exception {
        FakeArchitecture.FakeCpu cpu = (FakeArchitecture.FakeCpu) machine.cpus().getFirst();
        class Timer extends CountingDevice {
            private final boolean raises;

            Timer(boolean raises) {
                super("timer");
                this.raises = raises;
            }

            @Override
            public void attach(DeviceContext given) {
                super.attach(given);
                if (raises) {
                    given.cpuLine(0, 5).raise();
                }
            }

            @Override
            public void detach() {
                context.cpuLine(0, 5).lower();
            }
        }
        Timer up = new Timer(true);
        machine.devices().offer(up, BASE + 0x1000, 0);
        assertEquals(1, cpu.lines[5]);
        Hold hold = hold(up);
        machine.devices().withdraw(up);
        assertEquals(1, cpu.lines[5]);
        Timer again = new Timer(true);
        machine.devices().offer(again, BASE + 0x1000, 0);
        hold.accept();
        assertEquals(1, cpu.lines[5]);
        hold = hold(again);
        machine.devices().withdraw(again);
        machine.devices().offer(new Timer(false), BASE + 0x1000, 0);
        assertEquals(0, cpu.lines[5], "nobody raises it any more");
        get(hold.filled());
    }

    @Test
    void wiresLeadToTheControllerThatComesAfterTheOneBefore() throws Exception {
        first.write(0, 4, 1);
        Hold hold = hold(controller);
        assertEquals(List.of("test/controller"), hold.stateless());
        machine.devices().withdraw(controller);
        assertTrue(machine.interrupts().isEmpty());
        FakeController next = new FakeController("controller");
        machine.devices().offer(next, 0x0c00_0000, 0);
        get(hold.filled());
        hold.accept();
        assertSame(next, machine.interrupts().orElseThrow());
        assertTrue(next.levels[SOURCE]);
    }

    @Test
    void windowsThatADeviceMapsItselfAreKeptWithIt() throws Exception {
        class Bridge extends CountingDevice {
            private Mapping window;
            final FakeDevice behind = new FakeDevice("behind", 0x200);

            Bridge() {
                super("bridge");
            }

            @Override
            public void attach(DeviceContext given) {
                super.attach(given);
                window = given.bus().map(BASE + 0x2000, behind);
            }

            @Override
            public void detach() {
                context.bus().unmap(window);
            }
        }
        Bridge bridge = new Bridge();
        machine.devices().offer(bridge, BASE + 0x1000, 0);
        Hold hold = hold(bridge);
        machine.devices().withdraw(bridge);
        CompletableFuture<Long> waits = CompletableFuture.supplyAsync(() -> machine.bus().find(BASE + 0x2000).device().read(8, 4));
        assertThrows(java.util.concurrent.TimeoutException.class, () -> waits.get(50, TimeUnit.MILLISECONDS));
        Bridge next = new Bridge();
        machine.devices().offer(next, BASE + 0x1000, 0);
        assertEquals(8, get(waits));
        hold.accept();
        assertSame(next.behind, machine.bus().find(BASE + 0x2000).device());
        machine.devices().withdraw(next);
        assertNull(machine.bus().find(BASE + 0x2000));
    }

    @Test
    void aSuccessorThatIsLargerOrTakesNoStateIsRefused() {
        Hold hold = hold(first);
        machine.devices().withdraw(first);
        FakeDevice large = new FakeDevice("counter", 0x200);
        machine.devices().offer(large, BASE, SOURCE);
        assertThrows(ExecutionException.class, () -> get(hold.filled()));
        assertTrue(machine.devices().refusals().toString().contains("512 bytes"), machine.devices().refusals().toString());
        machine.devices().withdraw(large);
        hold.retake(LIMIT);
        machine.devices().offer(new FakeDevice("counter", 0x100), BASE, SOURCE);
        assertThrows(ExecutionException.class, () -> get(hold.filled()));
        hold.close();
    }

    @Test
    void aFaultOfTheDevicesOwnThreadsIsOneOfItsTrial() throws Exception {
        Hold hold = hold(first);
        CountingDevice wrong = succeed(first, new CountingDevice("counter"));
        get(hold.filled());
        assertTrue(wrong.trial.fault(new IllegalStateException("lost my disk")));
        assertEquals("lost my disk", get(hold.fault()).getMessage());
        assertTrue(wrong.trial.fault(new IllegalStateException("again")), "it stands still");
        hold.retake(LIMIT);
        CountingDevice back = succeed(wrong, new CountingDevice("counter"));
        get(hold.filled());
        hold.accept();
        assertFalse(back.trial.fault(new IllegalStateException("later")), "trusted, it is on its own");
    }

    @Test
    void aSuccessorThatIsTakenAwayOnTrialIsGone() throws Exception {
        Hold hold = hold(first);
        CountingDevice next = succeed(first, new CountingDevice("counter"));
        get(hold.filled());
        machine.devices().withdraw(next);
        assertEquals(1, next.detached.get());
        assertNull(machine.bus().find(BASE));
        hold.accept();
        hold.close();
    }
}
