package org.vm.itest;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.options;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.wiring.BundleWiring;
import org.vm.api.DeviceException;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineManager;
import org.vm.api.machine.MachineState;
import org.vm.api.replace.BundleReplacer;
import org.vm.api.replace.Replacement;
import org.vm.api.replace.Replacement.Outcome;
import org.vm.api.replace.ReplacementException;

/** Bundles of devices are replaced while a guest uses them; whatever a new version does wrong, the old one is back. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public abstract class BundleReplacementTests {
    @Inject
    BundleContext context;
    @Inject
    private MachineManager machines;
    @Inject
    BundleReplacer replacer;
    @Rule
    public TemporaryFolder folder = new TemporaryFolder();
    Bundle bundle;
    Machine machine;

    @Configuration
    public Option[] configuration() {
        return options(Container.with("org.vm.api", "org.vm.isa", "org.vm.mmu", "org.vm.isa.riscv", "org.vm.engine.interp",
                "org.vm.device.riscv", "org.vm.device.pci", "org.vm.device.virtio", "org.vm.backend.block", "org.vm.backend.console",
                "org.vm.backend.agent", "org.vm.machine"));
    }

    /** What the manifest of each version has besides. */
    abstract Map<String, String> headers();

    InputStream of(String version) throws IOException {
        return DeviceBundle.with(version, headers());
    }

    InputStream failing(String version, String step) throws IOException {
        return with(version, "Fails", step);
    }

    private InputStream with(String version, String header, String value) throws IOException {
        Map<String, String> all = new HashMap<>(headers());
        all.put(header, value);
        return DeviceBundle.with(version, all);
    }

    @Before
    public void aGuestWritesNumbersIntoADevice() throws Exception {
        bundle = context.installBundle("test:sequence", of("1"));
        bundle.start();
        machine = machines.create("guest", Map.of("memory", "16M", "kernel", guest().toString()));
        machines.addDevice("guest", DeviceBundle.PID, "sequence", Map.of("base", "0x10001000"));
        machine.start();
        awaitProgress();
    }

    @After
    public void deleteAll() throws Exception {
        machines.delete("guest");
        bundle.uninstall();
        await("what has stood in for it leaves with it",
                () -> Stream.of(context.getBundles()).noneMatch(each -> each.getLocation().startsWith("stand-in")));
    }

    List<Bundle> standIns() {
        return Stream.of(context.getBundles()).filter(each -> each.getLocation().startsWith("stand-in") && each.getState() == Bundle.ACTIVE).toList();
    }

    void uninstall(Bundle which) {
        try {
            which.uninstall();
        } catch (BundleException e) {
            throw new AssertionError(e);
        }
    }

    /** A Linux Image that jumps over its header, and writes 1, 2, 3 and so on into the device. */
    private Path guest() throws IOException {
        ByteBuffer image = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);
        image.putInt(0, 0x0400_006F).putLong(8, 0x20_0000).putLong(16, 128).putInt(32, 2);
        image.put(48, "RISCV".getBytes(StandardCharsets.US_ASCII)).putInt(56, 0x0543_5352);
        // lui t0, 0x10001; li t2, 0; loop: addi t2, t2, 1; sw t2, (t0); j loop
        image.putInt(64, 0x1000_12B7).putInt(68, 0x0000_0393).putInt(72, 0x0013_8393).putInt(76, 0x0072_A023).putInt(80, 0xFF9F_F06F);
        Path file = folder.newFile("guest").toPath();
        Files.write(file, image.array());
        return file;
    }

    Map<String, String> device() {
        return machine.devices().find("sequence").orElseThrow().device().info();
    }

    private long last() {
        return Long.parseLong(device().getOrDefault("last", "0"));
    }

    static void await(String what, BooleanSupplier condition) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertTrue("timed out: " + what, System.nanoTime() < until);
            never.await(5, TimeUnit.MILLISECONDS);
        }
    }

    void awaitProgress() throws InterruptedException {
        long before = last();
        await("the guest goes on", () -> last() > before);
    }

    void replace(InputStream content) {
        replacer.replace(bundle.getBundleId(), content, Duration.ZERO);
    }

    Replacement latest() {
        return replacer.history().getLast();
    }

    /** The guest goes on with this version, and none of its writes was lost or came twice. */
    void assertGoesOnWith(String version) throws InterruptedException {
        awaitProgress();
        assertEquals(version + ".0.0", device().get("version"));
        assertEquals("0", device().get("wrong"));
        assertEquals(MachineState.RUNNING, machine.state());
        assertEquals(Bundle.ACTIVE, bundle.getState());
        assertEquals(List.of(), machine.devices().kept());
        assertEquals(List.of(), machine.devices().refusals());
    }

    @Test
    public void aNewVersionTakesOverUnderTheGuest() throws Exception {
        for (int version = 2; version < 12; version++) {
            replace(of(Integer.toString(version)));
            assertGoesOnWith(Integer.toString(version));
        }
        Replacement done = latest();
        assertEquals(Outcome.DONE, done.outcome());
        assertEquals(List.of("guest/sequence"), done.devices());
        assertEquals("10.0.0", done.from());
        assertEquals("11.0.0", done.to());
        assertTrue(done.pause().toString(), done.pause().isPositive() && done.pause().toSeconds() < 5);
    }

    @Test
    public void aVersionThatIsRejectedLeavesTheOneBeforeWithItsState() throws Exception {
        Map<String, InputStream> wrong = Map.of(
                "org.example.nowhere", with("2", "Import-Package", "org.example.nowhere"),
                "made to fail in activation", failing("2", "activation"),
                "made to fail in attach", failing("2", "attach"),
                "made to fail in restore", failing("2", "restore"));
        for (Map.Entry<String, InputStream> each : wrong.entrySet()) {
            var failure = assertThrows(ReplacementException.class, () -> replace(each.getValue()));
            assertTrue(failure.getMessage(), failure.getMessage().contains(each.getKey())
                    && failure.getMessage().matches(".*version 1.0.0 (is back|has worked on).*"));
            assertEquals(Outcome.ROLLED_BACK, latest().outcome());
            assertTrue(latest().detail(), latest().detail().contains(each.getKey()));
            assertGoesOnWith("1");
        }
    }

    @Test
    public void aVersionThatFailsOnTrialIsTakenBackWithTheStateThatItHad() throws Exception {
        for (String when : List.of("access", "trial")) {
            Replacement trial = replacer.replace(bundle.getBundleId(), failing("2", when), Duration.ofSeconds(30));
            assertEquals(Outcome.ON_TRIAL, trial.outcome());
            await("it is taken back", () -> latest().outcome() == Outcome.ROLLED_BACK);
            assertTrue(latest().detail(), latest().detail().contains("on trial") && latest().detail().contains("made to fail"));
            assertGoesOnWith("1");
        }
    }

    @Test
    public void whatPassesItsTrialStays() throws Exception {
        replacer.replace(bundle.getBundleId(), of("2"), Duration.ofMillis(100));
        await("it is trusted", () -> latest().outcome() == Outcome.DONE);
        assertGoesOnWith("2");
    }

    @Test
    public void aFileThatIsNoVersionOfTheBundleChangesNothing() throws Exception {
        int before = replacer.history().size();
        for (InputStream wrong : List.of(new ByteArrayInputStream(new byte[] {1, 2, 3}),
                DeviceBundle.jar("org.example.other", "org.example.other", "2", Map.of()),
                new ByteArrayInputStream(of("2").readNBytes(700)))) {
            assertThrows(ReplacementException.class, () -> replace(wrong));
        }
        assertEquals(before, replacer.history().size());
        assertGoesOnWith("1");
    }

    @Test
    public void theSystemIsNotReplaced() throws Exception {
        for (String name : List.of("org.vm.machine", "org.vm.api", "org.apache.felix.scr", "org.apache.felix.framework", "org.vm.isa.riscv")) {
            Bundle system = Stream.of(context.getBundles()).filter(each -> name.equals(each.getSymbolicName())).findFirst().orElseThrow();
            var refusal = assertThrows(ReplacementException.class, () -> replacer.replace(system.getBundleId(),
                    DeviceBundle.jar(name, name, "9", Map.of()), Duration.ZERO));
            assertTrue(refusal.getMessage(), refusal.getMessage().contains("part of the system") || refusal.getMessage().contains("machines run"));
            assertEquals(Bundle.ACTIVE, system.getState());
        }
        assertGoesOnWith("1");
    }

    @Test
    public void aDeviceOfAStoppedMachineIsReplacedToo() throws Exception {
        machine.stop();
        replace(of("2"));
        machine.start();
        await("the guest writes again", () -> last() > 0);
        assertEquals("2.0.0", device().get("version"));
    }

    @Test
    public void twoVersionsServeDevicesOfTheirOwnSideBySideAndEachIsReplacedAlone() throws Exception {
        Bundle second = context.installBundle("test:second", of("2"));
        try {
            second.start();
            await("both are there", () -> machines.deviceKinds().containsAll(List.of("org.example.sequence@1.0.0", "org.example.sequence@2.0.0")));
            var refusal = assertThrows(DeviceException.class, () -> machines.addDevice("guest", DeviceBundle.PID, "plain", Map.of()));
            assertTrue(refusal.getMessage(), refusal.getMessage().contains("say which: org.example.sequence@1.0.0, org.example.sequence@2.0.0"));
            assertThrows(DeviceException.class, () -> machines.addDevice("guest", DeviceBundle.PID + "@3", "third", Map.of()));
            machines.addDevice("guest", DeviceBundle.PID + "@1", "one", Map.of());
            machines.addDevice("guest", DeviceBundle.PID + "@2.0.0", "two", Map.of());
            assertEquals("1.0.0", machine.devices().find("one").orElseThrow().device().info().get("version"));
            assertEquals("2.0.0", machine.devices().find("two").orElseThrow().device().info().get("version"));
            replacer.replace(second.getBundleId(), of("3"), Duration.ZERO);
            assertEquals("3.0.0", machine.devices().find("two").orElseThrow().device().info().get("version"));
            assertThrows(ReplacementException.class,
                    () -> replacer.replace(second.getBundleId(), failing("4", "restore"), Duration.ZERO));
            assertEquals("3.0.0", machine.devices().find("two").orElseThrow().device().info().get("version"));
            assertEquals("1.0.0", machine.devices().find("one").orElseThrow().device().info().get("version"));
        } finally {
            second.uninstall();
        }
    }

    /** The figures of the class loaders that there are, after a collection; and of the heap, which is less exact. */
    private record Footprint(int classes, long heap) {
        static Footprint now() throws InterruptedException {
            Footprint least = null;
            for (int i = 0; i < 5; i++) {
                System.gc();
                new CountDownLatch(1).await(50, TimeUnit.MILLISECONDS);
                long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
                Footprint seen = new Footprint(ManagementFactory.getClassLoadingMXBean().getLoadedClassCount(), heap);
                least = least == null || seen.heap < least.heap ? seen : least;
            }
            return least;
        }
    }

    /** A hundred updates, or as many as the property {@code replacements} says. */
    @Test
    public void nothingOfAnOldVersionStays() throws Exception {
        int updates = Integer.getInteger("replacements", 100);
        Footprint before = null;
        List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
        for (int i = 1; i <= updates; i++) {
            if (i % 10 == 5) {
                assertThrows(ReplacementException.class, () -> replace(failing("7", "restore")));
            }
            replace(of(Integer.toString(i % 2 + 1)));
            loaders.add(new WeakReference<>(bundle.adapt(BundleWiring.class).getClassLoader()));
            if (i == 10) {
                before = Footprint.now();
            }
        }
        assertGoesOnWith(Integer.toString(updates % 2 + 1));
        Footprint after = Footprint.now();
        String figures = "after 10: " + before + ", after " + updates + ": " + after;
        System.out.println(figures);
        assertTrue(figures, after.classes <= before.classes + 200);
        assertTrue(figures, after.heap <= before.heap + (8 << 20));
        long alive = loaders.stream().filter(loader -> loader.get() != null).count();
        assertTrue(alive + " class loaders are alive", alive <= 2);
    }
}
