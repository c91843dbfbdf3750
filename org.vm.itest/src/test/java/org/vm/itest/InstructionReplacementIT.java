package org.vm.itest;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.options;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;
import javax.inject.Inject;
import org.junit.After;
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
import org.osgi.framework.wiring.BundleWiring;
import org.vm.api.cpu.Cpu;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineManager;
import org.vm.api.replace.BundleReplacer;

/** A bundle of instructions is replaced while a guest executes them. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class InstructionReplacementIT {
    private static final int TIMES = 20;
    private static final int T0 = 5;
    private static final int T1 = 6;
    private static final String COMPONENT = """
            <scr:component xmlns:scr="http://www.osgi.org/xmlns/scr/v1.4.0" name="org.example.version">
              <implementation class="org.vm.itest.VersionInstruction"/>
              <service><provide interface="org.vm.api.isa.InstructionExtension"/></service>
            </scr:component>
            """;

    @Inject
    private BundleContext context;
    @Inject
    private MachineManager machines;
    @Inject
    private BundleReplacer replacer;
    @Rule
    public TemporaryFolder folder = new TemporaryFolder();

    @Configuration
    public Option[] configuration() {
        return options(Container.with("org.vm.api", "org.vm.isa", "org.vm.mmu", "org.vm.isa.riscv", "org.vm.engine.interp", "org.vm.engine.jit",
                "org.vm.device.riscv", "org.vm.device.pci", "org.vm.device.virtio", "org.vm.backend.block", "org.vm.backend.console",
                "org.vm.backend.agent", "org.vm.machine"));
    }

    @After
    public void deleteMachines() {
        machines.machines().stream().map(Machine::name).toList().forEach(machines::delete);
    }

    private static InputStream jar(int version) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        Map.of("Bundle-ManifestVersion", "2", "Bundle-SymbolicName", "org.example.version", "Bundle-Version", Integer.toString(version),
                "Service-Component", "OSGI-INF/version.xml", "Import-Package", "org.vm.api,org.vm.api.isa,org.osgi.framework")
                .forEach(manifest.getMainAttributes()::putValue);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes, manifest)) {
            String path = VersionInstruction.class.getName().replace('.', '/') + ".class";
            jar.putNextEntry(new ZipEntry(path));
            try (InputStream in = VersionInstruction.class.getResourceAsStream("/" + path)) {
                in.transferTo(jar);
            }
            jar.putNextEntry(new ZipEntry("OSGI-INF/version.xml"));
            jar.write(COMPONENT.getBytes(StandardCharsets.UTF_8));
            jar.closeEntry();
        }
        return new ByteArrayInputStream(bytes.toByteArray());
    }

    /** A Linux Image that jumps over its header, and asks for the version, counts, and reads the counter, without end. */
    private Path guest() throws IOException {
        ByteBuffer image = ByteBuffer.allocate(128).order(ByteOrder.LITTLE_ENDIAN);
        image.putInt(0, 0x0400_006F).putLong(8, 0x20_0000).putLong(16, 128).putInt(32, 2);
        image.put(48, "RISCV".getBytes(StandardCharsets.US_ASCII)).putInt(56, 0x0543_5352);
        // loop: version t0; count; csrr t1, vcount; j loop
        image.putInt(64, 0x0000_028B).putInt(68, 0x0200_000B).putInt(72, 0x8000_2373).putInt(76, 0xFF5F_F06F);
        Path file = folder.newFile("guest").toPath();
        Files.write(file, image.array());
        return file;
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        CountDownLatch never = new CountDownLatch(1);
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            assertTrue("timed out: " + what, System.nanoTime() < until);
            never.await(5, TimeUnit.MILLISECONDS);
        }
    }

    private static WeakReference<ClassLoader> loader(Bundle bundle) {
        return new WeakReference<>(bundle.adapt(BundleWiring.class).getClassLoader());
    }

    @Test
    public void theGuestGoesOverToEachNextVersionAndNeverSeesAnIllegalInstruction() throws Exception {
        Bundle bundle = context.installBundle("test:version", jar(1));
        bundle.start();
        Machine machine = machines.create("guest", Map.of("memory", "16M", "kernel", guest().toString(), "jitThreshold", 50));
        machine.start();
        Cpu cpu = machine.cpus().getFirst();
        await("the first version", () -> cpu.registers[T0] == 1);
        List<WeakReference<ClassLoader>> former = new ArrayList<>();
        long counted = 0;
        for (int i = 2; i <= TIMES; i++) {
            int version = i;
            former.add(loader(bundle));
            replacer.replace(bundle.getBundleId(), jar(version), Duration.ZERO);
            await("version " + version, () -> cpu.registers[T0] == version);
            assertTrue("the counter began anew", cpu.registers[T1] > counted);
            counted = cpu.registers[T1];
        }
        assertEquals(0, machine.stats(0).traps());
        await("class loaders of former versions are gone", () -> {
            System.gc();
            return former.stream().allMatch(loader -> loader.refersTo(null));
        });
        WeakReference<ClassLoader> last = loader(bundle);
        bundle.stop();
        await("its encodings are illegal", () -> machine.stats(0).traps() > 0);
        bundle.uninstall();
        await("the last class loader is gone", () -> {
            System.gc();
            return last.refersTo(null);
        });
    }
}
