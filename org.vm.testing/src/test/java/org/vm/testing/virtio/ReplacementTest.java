package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.vm.api.DeviceException;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;
import org.vm.device.virtio.VirtioDevice;
import org.vm.device.virtio.internal.Blk;
import org.vm.device.virtio.internal.Rng;

/** A transport and its device go, others come in their place, and the driver goes on (decision 23). */
@ParameterizedClass
@EnumSource(Wiring.class)
class ReplacementTest {
    private static final int ENOUGH = 150;

    private final Wiring wiring;
    private FakeDriver driver;
    private Socket socket;

    ReplacementTest(Wiring wiring) {
        this.wiring = wiring;
    }

    private <T extends VirtioDevice> T plug(T device) {
        Socket.Plugged plugged = Socket.plug(wiring, device);
        driver = plugged.driver();
        socket = plugged.socket();
        return device;
    }

    @AfterEach
    void close() {
        driver.close();
        assertNull(driver.board().escaped());
    }

    private long offer(DriverQueue queue, int length) {
        long at = driver.allocate(length);
        queue.add(Buffer.fromDevice(at, length));
        return at;
    }

    @Test
    void aVerifyingLoadNoticesNothing() throws InterruptedException {
        RestlessDisk disk = new RestlessDisk(200);
        plug(new Blk("disk0", disk, Blk.Settings.DEFAULT));
        driver.start(0, 32);
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger replacements = new AtomicInteger();
        AtomicReference<Throwable> failed = new AtomicReference<>();
        Thread replacer = Thread.ofPlatform().start(() -> {
            try {
                while (!over.get()) {
                    socket.replace(new Blk("disk0", disk, Blk.Settings.DEFAULT));
                    replacements.incrementAndGet();
                }
            } catch (Throwable e) {
                failed.set(e);
            }
        });
        BlkLoad load = new BlkLoad(driver, wiring.ordinal());
        try {
            while (replacements.get() < ENOUGH && failed.get() == null) {
                load.run(100);
            }
        } finally {
            over.set(true);
            replacer.join();
        }
        assertNull(failed.get());
        load.run(50);
        assertEquals(load.writes(), disk.writes().get(), "writes were done again, or not at all");
    }

    @Test
    void chainsThatTheDeviceHasAreTheSuccessorsFirst() {
        Probe former = plug(new Probe());
        former.hoarding = true;
        DriverQueue queue = driver.start(0).queue(0);
        long first = offer(queue, 8);
        long second = offer(queue, 16);
        queue.kick();
        assertTrue(former.awaitTaken(2));
        Probe next = new Probe();
        next.gate.drainPermits();
        socket.replace(next);
        long third = offer(queue, 32);
        queue.kick();
        next.gate.release(3);
        assertEquals(8, driver.await(queue).written());
        assertEquals(16, driver.await(queue).written());
        assertEquals(32, driver.await(queue).written());
        for (long at : new long[] {first, second, third}) {
            assertEquals(0xAB, driver.get8(at));
        }
        assertTrue(driver.board().await(() -> next.done.get() == 3, FakeDriver.SOON));
        assertEquals(1, former.deactivations.get());
    }

    @Test
    void requestsThatDoNotEndInTimeCallItOffAndNothingIsLost() {
        Probe probe = plug(new Probe());
        DriverQueue queue = driver.start(0).queue(0);
        probe.gate.drainPermits();
        offer(queue, 8);
        offer(queue, 8);
        queue.kick();
        assertTrue(probe.awaitTaken(1));
        DeviceException refused = assertThrows(DeviceException.class, () -> socket.transport().suspend(Duration.ofMillis(20)));
        assertTrue(refused.getMessage().contains("'probe'"), refused.getMessage());
        offer(queue, 8);
        queue.kick();
        probe.gate.release(100);
        for (int i = 0; i < 3; i++) {
            assertEquals(8, driver.await(queue).written());
        }
        socket.replace(new Probe());
        offer(queue, 8);
        assertEquals(8, driver.complete(queue).written());
    }

    @Test
    void whatWasSuspendedGoesOnIfTheReplacementIsCalledOff() {
        Probe probe = plug(new Probe());
        DriverQueue queue = driver.start(0).queue(0);
        socket.transport().suspend(Socket.LIMIT);
        socket.transport().capture();
        offer(queue, 8);
        driver.transport().notify(0);
        probe.activation.execute(() -> probe.activation.configChanged());
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(queue.hasUsed());
        assertEquals(0, driver.transport().takeInterrupts());
        socket.transport().resume();
        assertTrue(driver.board().await(queue::hasUsed, FakeDriver.SOON));
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertEquals(3, driver.transport().takeInterrupts());
        assertEquals(1, probe.activations.get());
        assertEquals(0, probe.deactivations.get());
    }

    @Test
    void anInterruptThatTheDriverHasNotTakenStaysAndNoneIsAdded() {
        plug(new Probe());
        DriverQueue queue = driver.start(0).queue(0);
        offer(queue, 8);
        queue.kick();
        assertTrue(driver.board().await(queue::hasUsed, FakeDriver.SOON));
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        boolean high = driver.board().interrupted();
        assertEquals(!wiring.messages(), high);
        int raised = driver.board().raised();
        socket.replace(new Probe());
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertEquals(high, driver.board().interrupted());
        if (wiring.messages()) {
            assertEquals(raised, driver.board().raised());
        }
        assertEquals(1, driver.transport().takeInterrupts());
        assertFalse(driver.board().interrupted());
        socket.replace(new Probe());
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(driver.board().interrupted());
        assertEquals(0, driver.transport().takeInterrupts());
    }

    @Test
    void everyUsedBufferIsSignalledOnceWhileDevicesComeAndGo() throws InterruptedException {
        RestlessDisk disk = new RestlessDisk(0);
        plug(new Blk("disk0", disk, Blk.Settings.DEFAULT));
        DriverQueue queue = driver.start(0, 32).queue(0);
        AtomicBoolean over = new AtomicBoolean();
        Thread replacer = Thread.ofPlatform().start(() -> {
            while (!over.get()) {
                socket.replace(new Blk("disk0", disk, Blk.Settings.DEFAULT));
            }
        });
        long header = driver.allocate(16);
        long data = driver.allocate(512);
        try {
            for (int i = 0; i < 400; i++) {
                int raised = driver.board().raised();
                queue.add(Buffer.toDevice(header, 16), Buffer.fromDevice(data, 513));
                queue.kick();
                int pending = driver.transport().takeInterrupts();
                while (pending == 0) {
                    int seen = raised;
                    assertTrue(driver.board().await(() -> driver.board().raised() != seen, FakeDriver.SOON), "no interrupt");
                    raised = driver.board().raised();
                    pending = driver.transport().takeInterrupts();
                }
                assertEquals(1, pending);
                assertEquals(513, queue.poll().written());
                assertEquals(0, driver.transport().takeInterrupts());
            }
        } finally {
            over.set(true);
            replacer.join();
        }
    }

    @Test
    void whatWasGivenBackAndNotShownYetIsShownByTheSuccessor() {
        Hoarder former = plug(new Hoarder());
        DriverQueue queue = driver.start(0).queue(0);
        offer(queue, 8);
        offer(queue, 16);
        queue.kick();
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        former.stageOldest();
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(queue.hasUsed());
        Hoarder next = new Hoarder();
        socket.replace(next);
        assertTrue(driver.board().await(queue::hasUsed, FakeDriver.SOON));
        assertEquals(8, queue.poll().written());
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertEquals(1, driver.transport().takeInterrupts());
        assertEquals(1, next.held());
    }

    @Test
    void aRequestThatFailsTheNewVersionOnTrialIsServedByTheOldOneThatComesBack() throws Exception {
        plug(new Probe());
        DriverQueue queue = driver.start(0).queue(0);
        Probe bad = new Probe();
        bad.thrownAtWork = new IllegalStateException("a bug of the new version");
        CompletableFuture<Throwable> fault = new CompletableFuture<>();
        Stateful trying = onTrial(bad, fault);
        offer(queue, 8);
        offer(queue, 16);
        queue.kick();
        assertSame(bad.thrownAtWork, fault.get(20, TimeUnit.SECONDS));
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(queue.hasUsed());
        assertFalse(driver.needsReset());
        Probe back = new Probe();
        socket.replace(back);
        assertEquals(8, driver.await(queue).written());
        assertEquals(16, driver.await(queue).written());
        assertTrue(driver.board().await(() -> back.done.get() == 2, FakeDriver.SOON));
        assertEquals(1, bad.deactivations.get());
        assertSame(bad.thrownAtWork, fault.get());
        assertFalse(trying == socket.transport());
    }

    @Test
    void aNewVersionThatStoppedOnTrialAndGoesOnNeverthelessIsBroken() throws Exception {
        plug(new Probe());
        driver.start(0);
        Probe bad = new Probe();
        bad.thrownAtWork = new IllegalStateException("a bug of the new version");
        CompletableFuture<Throwable> fault = new CompletableFuture<>();
        Stateful trying = onTrial(bad, fault);
        offer(driver.queue(0), 8);
        driver.queue(0).kick();
        fault.get(20, TimeUnit.SECONDS);
        socket.still(() -> {
            trying.suspend(Socket.LIMIT);
            trying.resume();
        });
        assertTrue(driver.awaitNeedsReset());
        bad.thrownAtWork = null;
        driver.start(0);
        offer(driver.queue(0), 8);
        assertEquals(8, driver.complete(driver.queue(0)).written());
    }

    @Test
    void whatTheGuestDoesWrongIsNoFaultOfADeviceOnTrial() {
        plug(new Rng("rng0", segment -> { }));
        driver.start(0);
        CompletableFuture<Throwable> fault = new CompletableFuture<>();
        onTrial(new Rng("rng0", segment -> { }), fault);
        driver.queue(0).add(Buffer.fromDevice(0x1000_1000L, 16));
        driver.queue(0).kick();
        assertTrue(driver.awaitNeedsReset());
        assertFalse(fault.isDone());
    }

    /** Replaces the device by one that is watched. */
    private Stateful onTrial(VirtioDevice device, CompletableFuture<Throwable> fault) {
        socket.still(() -> {
            Stateful old = socket.transport();
            old.suspend(Socket.LIMIT);
            DeviceState state = old.capture();
            Socket.detach(old);
            Stateful next = socket.attach(device);
            next.restore(state);
            socket.put(next);
            next.onTrial(cause -> fault == null || fault.complete(cause) || true);
            next.resume();
        });
        return socket.transport();
    }

    @Test
    void aNewVersionThatHangsOnTrialIsLeftBehindAndItsRequestDoneAgain() {
        plug(new Probe());
        DriverQueue queue = driver.start(0).queue(0);
        Probe bad = new Probe();
        bad.gate.drainPermits();
        Stateful trying = onTrial(bad, null);
        offer(queue, 8);
        queue.kick();
        assertTrue(bad.awaitTaken(1));
        DeviceState[] state = new DeviceState[1];
        Probe back = new Probe();
        socket.still(() -> {
            trying.suspend(Duration.ofMillis(20));
            state[0] = trying.capture();
            Stateful next = socket.attach(back);
            next.restore(state[0]);
            socket.put(next);
            next.resume();
        });
        assertEquals(8, driver.await(queue).written());
        bad.gate.release(10);
        Socket.detach(trying);
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(queue.hasUsed());
        assertTrue(driver.board().await(() -> back.done.get() == 1, FakeDriver.SOON));
    }

    @Test
    void aNewVersionThatDoesNotGiveItsStateOnTrialLosesNoRequest() {
        plug(new Hoarder());
        DriverQueue queue = driver.start(0).queue(0);
        Hoarder bad = new Hoarder();
        bad.speechless = true;
        onTrial(bad, null);
        offer(queue, 8);
        queue.kick();
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        Hoarder back = new Hoarder();
        socket.replace(back);
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertEquals(1, back.held());
    }

    @Test
    void aDeviceThatDoesNotGiveItsStateGoesOn() {
        Hoarder hoarder = plug(new Hoarder());
        DriverQueue queue = driver.start(0).queue(0);
        hoarder.speechless = true;
        socket.transport().suspend(Socket.LIMIT);
        DeviceException refused = assertThrows(DeviceException.class, () -> socket.transport().capture());
        assertTrue(refused.getMessage().contains("'hoarder'"), refused.getMessage());
        socket.transport().resume();
        offer(queue, 8);
        queue.kick();
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        hoarder.stageOldest();
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        hoarder.publish();
        assertEquals(8, driver.await(queue).written());
    }

    @Test
    void aSuccessorThatCannotBeActivatedIsRefusedAndTheNextOneIsNot() {
        Probe former = plug(new Probe());
        DriverQueue queue = driver.start(0).queue(0);
        socket.still(() -> {
            socket.transport().suspend(Socket.LIMIT);
            DeviceState state = socket.transport().capture();
            Socket.detach(socket.transport());
            Stateful bad = socket.attach(new FailingDevice(new Probe()));
            int raised = driver.board().raised();
            DeviceException refused = assertThrows(DeviceException.class, () -> bad.restore(state));
            assertTrue(refused.getMessage().contains("a bug in activate"), refused.getMessage());
            Socket.detach(bad);
            assertEquals(raised, driver.board().raised());
            Stateful next = socket.attach(new Probe());
            next.restore(state);
            socket.put(next);
            next.resume();
        });
        offer(queue, 8);
        assertEquals(8, driver.complete(queue).written());
        assertEquals(1, former.deactivations.get());
    }

    @Test
    void aConfigurationThatIsAnotherOneNowIsToldTheDriver() {
        plug(new Probe());
        driver.start(0);
        int generation = driver.transport().configGeneration();
        socket.replace(new Probe());
        assertEquals(generation, driver.transport().configGeneration());
        assertEquals(0, driver.transport().takeInterrupts());
        Probe other = new Probe();
        other.config.set(0, 4, 7);
        socket.replace(other);
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertEquals(2, driver.transport().takeInterrupts());
        assertFalse(generation == driver.transport().configGeneration());
        assertEquals(7, driver.transport().config(0, 4));
    }

    @Test
    void theFormerTransportTouchesNothingAnyMore() {
        Probe former = plug(new Probe());
        former.hoarding = true;
        DriverQueue queue = driver.start(0).queue(0);
        offer(queue, 8);
        queue.kick();
        assertTrue(former.awaitTaken(1));
        Stateful old = socket.transport();
        var activation = former.activation;
        Probe next = new Probe();
        next.hoarding = true;
        socket.replace(next);
        assertTrue(next.awaitTaken(1));
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        byte[] ram = driver.get(PlainMemory.RAM, 1 << 20);
        int raised = driver.board().raised();
        activation.kick(0);
        activation.configChanged();
        activation.fail("too late");
        activation.execute(() -> former.config.set(0, 4, 1));
        old.resume();
        Socket.detach(old);
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertArrayEquals(ram, driver.get(PlainMemory.RAM, 1 << 20));
        assertEquals(raised, driver.board().raised());
        assertFalse(driver.needsReset());
        assertEquals(0, former.config.get(0, 4));
    }

    @Test
    void aDriverThatIsNotReadyYetGoesOnWithTheSuccessor() {
        plug(new Probe());
        driver.prepare(0, 16);
        Probe next = new Probe();
        socket.replace(next);
        assertEquals(0, next.activations.get());
        driver.transport().status(driver.transport().status() | FakeDriver.DRIVER_OK);
        assertEquals(1, next.activations.get());
        offer(driver.queue(0), 8);
        assertEquals(8, driver.complete(driver.queue(0)).written());
    }

    @Test
    void aBrokenDeviceStaysBrokenUntilReset() {
        Probe probe = plug(new Probe());
        driver.start(0);
        probe.activation.fail("a test");
        assertTrue(driver.needsReset());
        Probe next = new Probe();
        socket.replace(next);
        assertTrue(driver.needsReset());
        assertEquals(0, next.activations.get());
        driver.start(0);
        assertFalse(driver.needsReset());
        assertEquals(1, next.activations.get());
        assertEquals(0, next.deactivations.get());
    }

    @Test
    void aSuccessorThatCannotDoWhatTheDriverUsesIsRefused() {
        plug(new Probe());
        driver.start(0, 64);
        socket.transport().suspend(Socket.LIMIT);
        DeviceState state = socket.transport().capture();
        record Case(Odd odd, String why) {}
        for (Case one : new Case[] {new Case(new Odd(43, 1, 64, 64), "device ID"), new Case(new Odd(42, 0, 64, 64), "0x1"),
                new Case(new Odd(42, 1, 64), "queue 1"), new Case(new Odd(42, 1, 64, 32), "64 entries")}) {
            Stateful next = socket.attach(one.odd);
            DeviceException refused = assertThrows(DeviceException.class, () -> next.restore(state));
            assertTrue(refused.getMessage().contains(one.why), refused.getMessage());
            Socket.detach(next);
        }
        socket.transport().resume();
        offer(driver.queue(0), 8);
        assertEquals(8, driver.complete(driver.queue(0)).written());
    }

    @Test
    void ringsThatAreNotInRamAnyMoreBreakTheDeviceAndNotTheReplacement() {
        plug(new Probe());
        driver.start(0);
        socket.transport().suspend(Socket.LIMIT);
        DeviceState state = States.with(socket.transport().capture(), "control/queues/0/descriptors", 0x1000_0000L);
        Socket.detach(socket.transport());
        Stateful next = socket.attach(new Probe());
        next.restore(state);
        socket.put(next);
        next.resume();
        assertTrue(driver.needsReset());
        assertEquals(2, driver.transport().takeInterrupts());
    }
}
