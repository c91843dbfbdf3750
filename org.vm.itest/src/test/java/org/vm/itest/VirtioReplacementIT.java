package org.vm.itest;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNotSame;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.options;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.service.cm.ConfigurationAdmin;
import org.vm.api.device.MmioDevice;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineManager;
import org.vm.api.replace.BundleReplacer;
import org.vm.api.replace.Replacement.Outcome;

/** The virtio bundle, and what is behind its devices, are replaced while the devices are in use. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class VirtioReplacementIT {
    private static final String VIRTIO = "org.vm.device.virtio";
    private static final int DRIVER_FEATURES_SEL = 0x024;
    private static final int DRIVER_FEATURES = 0x020;
    private static final int STATUS = 0x070;
    private static final int CAPACITY = 0x100;
    /** ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK. */
    private static final int READY = 15;

    @Inject
    private BundleContext context;
    @Inject
    private MachineManager machines;
    @Inject
    private BundleReplacer replacer;
    @Inject
    private ConfigurationAdmin configurations;
    private Machine machine;

    @Configuration
    public Option[] configuration() {
        return options(Container.with("org.vm.api", "org.vm.isa", "org.vm.mmu", "org.vm.isa.riscv", "org.vm.engine.interp",
                "org.vm.device.riscv", "org.vm.device.pci", VIRTIO, "org.vm.backend.block", "org.vm.backend.console",
                "org.vm.backend.agent", "org.vm.machine"));
    }

    @Before
    public void aMachineHasADiskThatItsDriverUses() throws Exception {
        machine = machines.create("guest", Map.of("memory", "16M"));
        machines.addDevice("guest", "virtio.blk", "disk0", Map.of("ram", "1M"));
        machines.addDevice("guest", "virtio.rng", "rng0", Map.of());
        await("the devices", () -> has("disk0") && has("rng0"));
        for (int value : new int[] {0, 1, 3}) {
            write(STATUS, value);
        }
        write(DRIVER_FEATURES_SEL, 1);
        write(DRIVER_FEATURES, 1);
        write(STATUS, 11);
        write(STATUS, READY);
        assertEquals(READY, read(STATUS));
    }

    @After
    public void deleteAll() throws Exception {
        var left = configurations.listConfigurations("(service.factoryPid=org.vm.device.virtio.rng|*)");
        for (var configuration : left == null ? new org.osgi.service.cm.Configuration[0] : left) {
            configuration.delete();
        }
        machines.delete("guest");
    }

    private boolean has(String name) {
        return machine.devices().find(name).isPresent();
    }

    private MmioDevice disk() {
        return machine.devices().find("disk0").orElseThrow().device();
    }

    private void write(int register, int value) {
        disk().write(register, 4, value);
    }

    private long read(int register) {
        return disk().read(register, 4);
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertTrue("timed out: " + what, System.nanoTime() < until);
            never.await(5, TimeUnit.MILLISECONDS);
        }
    }

    private Bundle bundle(String name) {
        return Stream.of(context.getBundles()).filter(each -> name.equals(each.getSymbolicName())).findFirst().orElseThrow();
    }

    /** A bundle's jar in another version. */
    private InputStream version(Bundle bundle, String version) throws Exception {
        Manifest manifest;
        try (InputStream in = bundle.getEntry("/" + JarFile.MANIFEST_NAME).openStream()) {
            manifest = new Manifest(in);
        }
        Attributes headers = manifest.getMainAttributes();
        headers.putValue(Constants.BUNDLE_VERSION, version);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes, manifest)) {
            for (URL entry : Collections.list(bundle.findEntries("/", "*", true))) {
                String path = entry.getPath().substring(1);
                if (path.endsWith("/") || path.equals(JarFile.MANIFEST_NAME)) {
                    continue;
                }
                jar.putNextEntry(new ZipEntry(path));
                try (InputStream in = entry.openStream()) {
                    in.transferTo(jar);
                }
            }
        }
        return new ByteArrayInputStream(bytes.toByteArray());
    }

    private void assertInUse() {
        assertEquals(READY, read(STATUS));
        assertEquals(2048, disk().read(CAPACITY, 8));
        assertEquals(List.of(), machine.devices().kept());
        assertEquals(List.of(), machine.devices().refusals());
    }

    @Test
    public void aDiskAndItsTransportAreReplacedTogether() throws Exception {
        for (int i = 1; i <= 5; i++) {
            MmioDevice before = disk();
            replacer.replace(bundle(VIRTIO).getBundleId(), version(bundle(VIRTIO), "0.1." + i), Duration.ZERO);
            assertEquals(Outcome.DONE, replacer.history().getLast().outcome());
            assertTrue(replacer.history().getLast().devices().containsAll(List.of("guest/disk0", "guest/rng0")));
            assertNotSame(before, disk());
            assertInUse();
        }
    }

    @Test
    public void whatIsBehindADiskIsReplacedAndTheDiskIsInUseAfterwards() throws Exception {
        Bundle storage = bundle("org.vm.backend.block");
        for (int i = 1; i <= 3; i++) {
            replacer.replace(storage.getBundleId(), version(storage, "0.1." + i), Duration.ZERO);
            assertEquals(Outcome.DONE, replacer.history().getLast().outcome());
            assertTrue(replacer.history().getLast().devices().contains("guest/disk0"));
            assertInUse();
        }
    }

    @Test
    public void aPluginsVirtioDeviceIsReplacedBehindItsTransport() throws Exception {
        Bundle plugin = context.installBundle("test:plugin", plugin("1"));
        try {
            plugin.start();
            configurations.getFactoryConfiguration("org.example.virtio", "custom", "?")
                    .update(new Hashtable<>(Map.of("vm", "guest", "name", "custom")));
            await("the plugin's device", () -> has("custom"));
            MmioDevice transport = machine.devices().find("custom").orElseThrow().device();
            transport.write(STATUS, 4, 3);
            for (int version = 2; version < 5; version++) {
                replacer.replace(plugin.getBundleId(), plugin(Integer.toString(version)), Duration.ZERO);
                assertEquals(List.of("guest/custom"), replacer.history().getLast().devices());
                assertEquals(Outcome.DONE, replacer.history().getLast().outcome());
                assertSame(transport, machine.devices().find("custom").orElseThrow().device());
                assertEquals(3, transport.read(STATUS, 4));
                assertEquals(version, transport.read(CAPACITY, 4));
            }
        } finally {
            plugin.uninstall();
            configurations.getFactoryConfiguration("org.example.virtio", "custom", "?").delete();
        }
        await("the device is gone with its plugin", () -> !has("custom"));
        assertInUse();
    }

    private static InputStream plugin(String version) throws Exception {
        Manifest manifest = new Manifest();
        Attributes headers = manifest.getMainAttributes();
        headers.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        Map.of(Constants.BUNDLE_MANIFESTVERSION, "2", Constants.BUNDLE_SYMBOLICNAME, "org.example.virtio",
                Constants.BUNDLE_VERSION, version, "Service-Component", "OSGI-INF/device.xml",
                Constants.IMPORT_PACKAGE, "org.vm.api.device,org.vm.device.virtio,org.osgi.framework").forEach(headers::putValue);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes, manifest)) {
            // By its name only: a test that is wired to the bundle of devices would be restarted with it.
            String path = "org/vm/itest/PluginVirtioDevice.class";
            jar.putNextEntry(new ZipEntry(path));
            try (InputStream in = VirtioReplacementIT.class.getResourceAsStream("/" + path)) {
                in.transferTo(jar);
            }
            jar.putNextEntry(new ZipEntry("OSGI-INF/device.xml"));
            jar.write("""
                    <scr:component xmlns:scr="http://www.osgi.org/xmlns/scr/v1.4.0" name="org.example.virtio" \
                    configuration-policy="require" init="2">
                      <implementation class="org.vm.itest.PluginVirtioDevice"/>
                      <service><provide interface="org.vm.device.virtio.VirtioDevice"/></service>
                    </scr:component>
                    """.getBytes(StandardCharsets.UTF_8));
        }
        return new ByteArrayInputStream(bytes.toByteArray());
    }

    @Test
    public void aConsoleGetsAnotherTerminalAndOtherPortsWhileItsDriverUsesIt() throws Exception {
        for (String name : List.of("one", "two")) {
            configurations.getFactoryConfiguration("org.vm.backend.console", name, "?")
                    .update(new Hashtable<>(Map.of("vm", "guest", "name", name)));
        }
        machines.addDevice("guest", "virtio.console", "hvc", Map.of("console.target", "(&(vm=guest)(name=one))"));
        await("the console", () -> has("hvc") && port("port 0").contains("console one"));
        MmioDevice console = machine.devices().find("hvc").orElseThrow().device();
        console.write(STATUS, 4, 3);
        machines.changeDevice("guest", "hvc", Map.of("console.target", "(&(vm=guest)(name=two))"));
        await("the other terminal", () -> port("port 0").contains("console two"));
        machines.changeDevice("guest", "hvc", Map.of("ports.target", "(&(vm=guest)(name=one))"));
        await("the port", () -> port("port 1").contains("console one"));
        assertSame(console, machine.devices().find("hvc").orElseThrow().device());
        assertEquals(3, console.read(STATUS, 4));
        replacer.replace(bundle("org.vm.backend.console").getBundleId(), version(bundle("org.vm.backend.console"), "0.1.1"), Duration.ZERO);
        await("they are there again", () -> port("port 0").contains("console two") && port("port 1").contains("console one"));
        assertEquals(3, machine.devices().find("hvc").orElseThrow().device().read(STATUS, 4));
        for (String name : List.of("one", "two")) {
            configurations.getFactoryConfiguration("org.vm.backend.console", name, "?").delete();
        }
    }

    private String port(String number) {
        return machine.devices().find("hvc").map(found -> found.device().info().getOrDefault(number, "")).orElse("");
    }

    @Test
    public void twoVersionsSideBySideShareTheDevicesOut() throws Exception {
        Bundle first = bundle(VIRTIO);
        Bundle second = context.installBundle("test:virtio", version(first, "0.1.99"));
        second.start();
        try {
            for (Bundle each : List.of(first, second)) {
                assertSame(each, FrameworkUtil.getBundle(each.loadClass("org.vm.device.virtio.VirtioDevice")));
                assertTrue(each.adapt(BundleWiring.class).getRequiredWires("osgi.wiring.package").stream()
                        .noneMatch(wire -> VIRTIO.equals(wire.getCapability().getAttributes().get("osgi.wiring.package"))));
            }
            String versioned = "org.vm.device.virtio.rng|" + VIRTIO + "|";
            Dictionary<String, Object> settings = new Hashtable<>(Map.of("vm", "guest"));
            configurations.getFactoryConfiguration(versioned + "0.1.99", "newer", "?").update(settings);
            configurations.getFactoryConfiguration(versioned + first.getVersion(), "older", "?").update(settings);
            await("a device of each version", () -> has("newer") && has("older"));
            assertSame(second, owner("newer"));
            assertSame(first, owner("older"));
            // Each transport has one device behind it, of its own bundle.
            for (Bundle each : List.of(first, second)) {
                assertEquals(services(each, "org.vm.device.virtio.VirtioDevice"), services(each, MmioDevice.class.getName()));
            }
            assertEquals(READY, read(STATUS));
        } finally {
            second.uninstall();
        }
        await("its device is gone", () -> !has("newer"));
        assertInUse();
    }

    private Bundle owner(String device) {
        return FrameworkUtil.getBundle(machine.devices().find(device).orElseThrow().device().getClass());
    }

    private static List<String> services(Bundle bundle, String kind) {
        ServiceReference<?>[] services = bundle.getRegisteredServices();
        return Stream.of(services == null ? new ServiceReference<?>[0] : services)
                .filter(service -> List.of((String[]) service.getProperty(Constants.OBJECTCLASS)).contains(kind)
                        && service.getProperty("slot") == null && !String.valueOf(service.getProperty("bus")).startsWith("00"))
                .map(service -> service.getProperty("vm") + "/" + name(service)).sorted().toList();
    }

    private static String name(ServiceReference<?> service) {
        Object name = service.getProperty("name");
        String pid = String.valueOf(service.getProperty("service.pid"));
        return name == null || name.toString().isEmpty() ? pid.substring(pid.lastIndexOf('~') + 1) : name.toString();
    }
}
