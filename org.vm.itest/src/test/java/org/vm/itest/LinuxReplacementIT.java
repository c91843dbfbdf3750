package org.vm.itest;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.options;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
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
import org.vm.api.machine.MachineManager;
import org.vm.api.replace.BundleReplacer;
import org.vm.api.replace.Replacement;

/**
 * The bundles of devices are replaced under Linux while it works with them: it checks every block, every byte of a console
 * comes once and in order. {@code -Dvm.replacements=1000} for more of them.
 */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class LinuxReplacementIT {
    /** What was measured, for whoever wants to know; no test depends on time. */
    private static final Path FIGURES = Path.of("target", "replacements.txt");
    private static final int TIMES = Integer.getInteger("vm.replacements", 12);
    private static final int LINES = 40;
    private static final Duration LONG = Duration.ofMinutes(5);

    @Inject
    private BundleContext context;
    @Inject
    private MachineManager machines;
    @Inject
    private BundleReplacer replacer;
    @Rule
    public TemporaryFolder folder = new TemporaryFolder();
    private LinuxGuest guest;

    @Configuration
    public Option[] configuration() {
        return options(Container.with("org.vm.api", "org.vm.isa", "org.vm.mmu", "org.vm.isa.riscv", "org.vm.engine.interp",
                "org.vm.engine.jit", "org.vm.device.riscv", "org.vm.device.pci", "org.vm.device.virtio", "org.vm.backend.block",
                "org.vm.backend.console", "org.vm.backend.agent", "org.vm.machine"));
    }

    @Before
    public void boot() throws Exception {
        guest = LinuxGuest.create(context, machines, folder.getRoot().toPath(), 2, "diskload");
        machines.addDevice(LinuxGuest.NAME, "virtio.blk", "data", Map.of("ram", "32M"));
        machines.addDevice(LinuxGuest.NAME, "virtio.blk", "card", Map.of("ram", "32M", "bus", "pci"));
        machines.addDevice(LinuxGuest.NAME, "virtio.rng", "rng", Map.of());
        guest.boot();
    }

    @After
    public void delete() throws Exception {
        if (guest != null) {
            guest.close();
        }
    }

    private Bundle bundle(String name) {
        return Stream.of(context.getBundles()).filter(each -> name.equals(each.getSymbolicName())).findFirst().orElseThrow();
    }

    /** A jar of a bundle of this build. */
    private static byte[] jar(String name) throws IOException {
        Path classes = Path.of("..", name, "target", "classes").toAbsolutePath().normalize();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Manifest manifest;
        try (InputStream in = Files.newInputStream(classes.resolve("META-INF/MANIFEST.MF"))) {
            manifest = new Manifest(in);
        }
        try (JarOutputStream jar = new JarOutputStream(bytes, manifest); Stream<Path> files = Files.walk(classes)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                String entry = classes.relativize(file).toString();
                if (!entry.equals("META-INF/MANIFEST.MF")) {
                    jar.putNextEntry(new ZipEntry(entry));
                    Files.copy(file, jar);
                }
            }
        }
        return bytes.toByteArray();
    }

    /** Replaces the bundle that often, one after the other. */
    private void replace(String name, int times) throws Exception {
        Bundle bundle = bundle(name);
        byte[] jar = jar(name);
        List<Long> pauses = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            Replacement done = replacer.replace(bundle.getBundleId(), new ByteArrayInputStream(jar), Duration.ZERO);
            assertEquals(done.toString(), Replacement.Outcome.DONE, done.outcome());
            pauses.add(done.pause().toMillis());
        }
        pauses.sort(null);
        note("%s replaced %d times: pause p50 %d ms, p99 %d ms, longest %d ms".formatted(name, times, pauses.get(times / 2),
                pauses.get(times * 99 / 100), pauses.getLast()));
    }

    private static void note(String text) throws IOException {
        Files.writeString(FIGURES, text + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    @Test
    public void disksEntropyAndSerialPortsWorkOnWhileTheirBundleIsReplaced() throws Exception {
        guest.sh(LinuxGuest.device("data", "data") + "; " + LinuxGuest.device("card", "card"));
        guest.sh("for d in $data $card; do /tools/diskload $d 1 100000 >/tmp/${d##*/} 2>&1 & done; cat /dev/hwrng >/dev/null & sleep 1");
        replace("org.vm.device.virtio", TIMES);
        String said = guest.sh("kill $(pidof cat); killall diskload; wait; cat /tmp/vd*", LONG);
        note(said);
        assertEquals(said, 2, said.lines().filter(line -> line.startsWith("verified ")).count());
        assertTrue(said, said.lines().filter(line -> line.startsWith("requests ")).allMatch(line -> Long.parseLong(line.substring(9)) > TIMES));
        assertEquals("", guest.sh("dmesg | grep -iE 'error|oops|warning|reset|timeout|blocked for' | grep -v 'jent\\|EXT4-fs' || true"));
        guest.powerOff();
    }

    @Test
    public void theBoardAndTheStorageAreReplacedUnderTheGuest() throws Exception {
        guest.sh(LinuxGuest.device("data", "data"));
        guest.sh("/tools/diskload $data 2 100000 >/tmp/load 2>&1 & sleep 1");
        for (String name : List.of("org.vm.device.riscv", "org.vm.backend.block", "org.vm.backend.console", "org.vm.device.pci",
                "org.vm.engine.jit", "org.vm.engine.interp")) {
            replace(name, Math.max(2, TIMES / 4));
            assertEquals("3", guest.sh("echo $((1 + 2))"));
        }
        String said = guest.sh("killall diskload; wait; cat /tmp/load", LONG);
        assertTrue(said, said.contains("verified "));
        guest.powerOff();
    }

    @Test
    public void everyByteOfAConsoleComesOnceAndInOrder() throws Exception {
        guest.sh("seq 1 200000 >/tmp/numbers");
        String[] lines = new String[LINES];
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread replacing = Thread.ofPlatform().start(() -> {
            try {
                replace("org.vm.device.riscv", Math.max(2, TIMES / 2));
            } catch (Exception | AssertionError e) {
                failure.set(e);
            }
        });
        for (int i = 0; i < LINES; i++) {
            lines[i] = guest.sh("head -n " + (i + 1) * 50 + " /tmp/numbers | tail -n 50");
        }
        replacing.join(LONG.toMillis());
        assertNull(failure.get());
        for (int i = 0; i < LINES; i++) {
            assertEquals(IntStream.rangeClosed(i * 50 + 1, i * 50 + 50).mapToObj(Integer::toString).toList(), lines[i].lines().toList());
        }
        guest.powerOff();
    }
}
