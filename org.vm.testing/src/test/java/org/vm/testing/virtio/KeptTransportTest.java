package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.vm.api.device.MmioDevice;
import org.vm.api.pci.PciFunction;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.replace.ReplacementException;
import org.vm.device.virtio.VirtioDevice;
import org.vm.device.virtio.internal.Blk;
import org.vm.device.virtio.internal.TransportBinder;

/** A device's bundle is replaced, and the transport in front of it stays. */
@ParameterizedClass
@EnumSource(Wiring.class)
class KeptTransportTest {
    private static final long VIRTIO = 1;
    private static final long PLUGIN = 2;
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final Wiring wiring;
    private final FakeContainer container = new FakeContainer();
    private final BundleContext plugin = container.bundle(PLUGIN);
    private final TransportBinder binder;
    private FakeDriver driver;
    private ServiceRegistration<VirtioDevice> service;

    KeptTransportTest(Wiring wiring) throws Exception {
        this.wiring = wiring;
        binder = new TransportBinder(container.bundle(VIRTIO));
    }

    private Hashtable<String, Object> properties() {
        return new Hashtable<>(Map.of("vm", "test", "bus", wiring.pci() ? "pci" : "mmio"));
    }

    private void register(VirtioDevice device) {
        service = plugin.registerService(VirtioDevice.class, device, properties());
    }

    private <T extends VirtioDevice> T plug(T device) {
        register(device);
        driver = wiring.pci()
                ? new FakeDriver(wiring, board -> new Connection.Pci(container.services(PciFunction.class).getFirst(), board, wiring.messages()))
                : new FakeDriver(wiring, board -> new Connection.Mmio(container.services(MmioDevice.class).getFirst(), board));
        return device;
    }

    private int transports() {
        return container.services(PciFunction.class).size() + container.services(MmioDevice.class).size();
    }

    @AfterEach
    void close() {
        driver.close();
        assertNull(driver.board().escaped());
    }

    @Test
    void aDeviceThatGoesWhileTheBundleOfItsTransportStopsIsLetGo() {
        plug(new Probe());
        container.stop(VIRTIO);
        service.unregister();
        assertEquals(0, transports());
    }

    private DeviceKeeper.Hold hold() {
        return binder.hold(Set.of(PLUGIN), LIMIT);
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    private void offer(int queue) {
        driver.queue(queue).add(Buffer.fromDevice(driver.allocate(8), 8));
        driver.queue(queue).kick();
    }

    private void served(int queue) {
        assertEquals(8, driver.await(driver.queue(queue)).written());
    }

    @Test
    void requestsWaitInTheirRingsForTheSuccessor() throws Exception {
        Probe former = plug(new Probe());
        driver.start(0);
        Object transport = wiring.pci() ? container.services(PciFunction.class) : container.services(MmioDevice.class);
        DeviceKeeper.Hold hold = hold();
        assertEquals(List.of("test/probe"), hold.devices());
        assertEquals(List.of("test/probe"), hold.stateless());
        service.unregister();
        assertEquals(1, former.deactivations.get());
        offer(0);
        assertEquals(15, driver.transport().status());
        assertEquals(42, driver.transport().deviceId());
        assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
        assertFalse(driver.queue(0).hasUsed());
        assertThrows(TimeoutException.class, () -> hold.filled().toCompletableFuture().get(1, TimeUnit.MILLISECONDS));
        Probe next = new Probe();
        register(next);
        get(hold.filled());
        served(0);
        assertTrue(driver.board().await(() -> next.done.get() == 1, FakeDriver.SOON));
        hold.accept();
        hold.close();
        assertEquals(transport, wiring.pci() ? container.services(PciFunction.class) : container.services(MmioDevice.class));
        service.unregister();
        assertEquals(0, transports());
    }

    @Test
    void aSuccessorThatIsThereAlreadyTakesItsPlaceBehindTheTransport() throws Exception {
        Probe former = plug(new Probe());
        driver.start(0);
        ServiceRegistration<VirtioDevice> before = service;
        var awaited = binder.prepare(PLUGIN, PLUGIN + 1).orElseThrow();
        assertEquals(List.of("test/probe"), awaited.get());
        Probe next = new Probe();
        ServiceRegistration<VirtioDevice> after = container.bundle(PLUGIN + 1).registerService(VirtioDevice.class, next, properties());
        assertEquals(List.of(), awaited.get());
        offer(0);
        served(0);
        assertEquals(0, next.done.get());
        DeviceKeeper.Hold hold = hold();
        offer(1);
        hold.admit();
        get(hold.filled());
        assertEquals(1, former.deactivations.get());
        before.unregister();
        served(1);
        assertTrue(driver.board().await(() -> next.done.get() == 1, FakeDriver.SOON));
        hold.accept();
        hold.close();
        assertEquals(1, transports());
        after.unregister();
        assertEquals(0, transports());
    }

    @Test
    void aVerifyingLoadNoticesNothing() throws Exception {
        RestlessDisk disk = new RestlessDisk(200);
        plug(new Blk("disk0", disk, Blk.Settings.DEFAULT));
        driver.start(0, 32);
        AtomicBoolean over = new AtomicBoolean();
        AtomicReference<Throwable> failed = new AtomicReference<>();
        Thread replacer = Thread.ofPlatform().start(() -> {
            try {
                for (int i = 0; i < 100 && failed.get() == null; i++) {
                    DeviceKeeper.Hold hold = hold();
                    if (i % 5 == 0) {
                        hold.callOff();
                        continue;
                    }
                    service.unregister();
                    register(new Blk("disk0", disk, Blk.Settings.DEFAULT));
                    get(hold.filled());
                    if (i % 3 == 0) {
                        hold.retake(LIMIT);
                        service.unregister();
                        register(new Blk("disk0", disk, Blk.Settings.DEFAULT));
                        get(hold.filled());
                    }
                    hold.accept();
                    hold.close();
                }
            } catch (Throwable e) {
                failed.set(e);
            } finally {
                over.set(true);
            }
        });
        BlkLoad load = new BlkLoad(driver, wiring.ordinal());
        while (!over.get()) {
            load.run(100);
        }
        replacer.join();
        assertNull(failed.get());
        load.run(50);
        assertEquals(load.writes(), disk.writes().get(), "writes were done again, or not at all");
        assertEquals(1, transports());
    }

    @Test
    void aRequestThatTheNewVersionFailsAtIsDoneByTheOldOneThatComesBack() throws Exception {
        plug(new Probe());
        driver.start(0);
        DeviceKeeper.Hold hold = hold();
        service.unregister();
        Probe bad = new Probe();
        bad.thrownAtWork = new IllegalStateException("a bug of the new version");
        register(bad);
        get(hold.filled());
        CompletionStage<Throwable> fault = hold.fault();
        offer(0);
        offer(1);
        assertSame(bad.thrownAtWork, get(fault));
        assertFalse(driver.needsReset());
        hold.retake(LIMIT);
        service.unregister();
        assertEquals(1, bad.deactivations.get());
        Probe back = new Probe();
        register(back);
        get(hold.filled());
        served(0);
        served(1);
        assertTrue(driver.board().await(() -> back.done.get() == 2, FakeDriver.SOON));
        hold.accept();
        assertFalse(driver.needsReset());
        assertEquals(0, bad.done.get());
        assertEquals(15, driver.transport().status());
    }

    @Test
    void aFaultAfterTheTrialBreaksTheDeviceAsAlways() throws Exception {
        plug(new Probe());
        driver.start(0);
        DeviceKeeper.Hold hold = hold();
        service.unregister();
        Probe bad = new Probe();
        register(bad);
        get(hold.filled());
        hold.accept();
        bad.thrownAtWork = new IllegalStateException("later");
        offer(0);
        assertTrue(driver.awaitNeedsReset());
    }

    @Test
    void aSuccessorThatCannotTakeOverIsReportedAndTheNextOneIsTaken() throws Exception {
        plug(new Probe());
        driver.start(0);
        for (VirtioDevice bad : new VirtioDevice[] {new Odd(43, 1, 64, 64), new Odd(42, 1, (int[]) null), new FailingDevice(new Probe())}) {
            DeviceKeeper.Hold hold = hold();
            service.unregister();
            offer(0);
            register(bad);
            CompletionException refused = assertThrows(CompletionException.class, () -> hold.filled().toCompletableFuture().join());
            assertTrue(refused.getCause() instanceof ReplacementException && refused.getCause().getMessage().contains("test/probe"),
                    refused.getCause().getMessage());
            hold.retake(LIMIT);
            service.unregister();
            register(new Probe());
            get(hold.filled());
            hold.accept();
            served(0);
            assertTrue(driver.board().awaitQuiet(FakeDriver.SOON));
            assertNull(driver.queue(0).poll());
        }
        assertEquals(1, transports());
    }

    @Test
    void aDeviceThatCannotBeSuspendedCallsItOffForAllAndNothingIsLost() {
        Probe probe = plug(new Probe());
        driver.start(0);
        probe.gate.drainPermits();
        offer(0);
        assertTrue(probe.awaitTaken(1));
        ReplacementException refused = assertThrows(ReplacementException.class,
                () -> binder.hold(Set.of(PLUGIN), Duration.ofMillis(20)));
        assertTrue(refused.getMessage().contains("'probe'"), refused.getMessage());
        probe.gate.release(100);
        served(0);
        offer(1);
        served(1);
        assertEquals(1, probe.activations.get());
    }

    @Test
    void aHoldThatIsCalledOffLeavesTheDeviceAsItWas() {
        Probe probe = plug(new Probe());
        probe.config.writable(0, 4, value -> { });
        driver.start(0);
        DeviceKeeper.Hold hold = hold();
        offer(0);
        driver.transport().config(0, 4, 77);
        assertEquals(77, driver.transport().config(0, 4));
        assertEquals(0, probe.config.get(0, 4));
        hold.callOff();
        served(0);
        assertEquals(77, probe.config.get(0, 4));
        assertEquals(1, probe.activations.get());
        assertEquals(0, probe.deactivations.get());
        service.unregister();
        assertEquals(0, transports());
    }

    @Test
    void aDriverMayResetTheDeviceAndBeginAnewWhileItIsAway() throws Exception {
        Probe former = plug(new Probe());
        former.hoarding = true;
        driver.start(0);
        offer(0);
        assertTrue(former.awaitTaken(1));
        DeviceKeeper.Hold hold = hold();
        driver.start(0);
        offer(0);
        hold.callOff();
        assertEquals(2, former.activations.get());
        assertEquals(1, former.deactivations.get());
        assertTrue(former.awaitTaken(1));
        hold = hold();
        driver.start(0);
        offer(0);
        service.unregister();
        assertEquals(2, former.deactivations.get());
        Probe next = new Probe();
        register(next);
        get(hold.filled());
        hold.accept();
        served(0);
        assertTrue(driver.board().await(() -> next.done.get() == 1, FakeDriver.SOON));
        assertEquals(1, next.activations.get());
    }

    @Test
    void aPlaceThatNobodyTakesIsGivenUp() {
        plug(new Probe());
        driver.start(0);
        DeviceKeeper.Hold hold = hold();
        service.unregister();
        assertEquals(1, transports());
        hold.close();
        assertEquals(0, transports());
        register(new Probe());
        assertEquals(1, transports());
    }

    @Test
    void itsOwnBundleIsNotItsBusiness() throws Exception {
        plug(new Probe());
        DeviceKeeper.Hold hold = binder.hold(Set.of(PLUGIN, VIRTIO), LIMIT);
        assertEquals(List.of(), hold.devices());
        get(hold.filled());
        hold.close();
        service.unregister();
        assertEquals(0, transports());
    }

    @Test
    void whenTheBinderStopsAllTransportsGo() {
        plug(new Probe());
        hold();
        service.unregister();
        binder.close();
        assertEquals(0, transports());
    }
}
