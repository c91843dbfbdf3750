package org.vm.itest;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.options;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
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
import org.osgi.framework.BundleContext;
import org.vm.api.machine.MachineManager;
import org.vm.api.replace.BundleReplacer;

/**
 * The bundles of devices are replaced under Linux while it works with them: it checks every block, every byte of a console
 * comes once and in order. {@code -Dvm.replacements=1000} for more of them.
 */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class LinuxReplacementIT {
    private static final int TIMES = Series.TIMES;
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
    private Series series;

    @Configuration
    public Option[] configuration() {
        return options(Container.with("org.vm.api", "org.vm.isa", "org.vm.mmu", "org.vm.isa.riscv", "org.vm.engine.interp",
                "org.vm.engine.jit", "org.vm.device.riscv", "org.vm.device.pci", "org.vm.device.virtio", "org.vm.backend.block",
                "org.vm.backend.console", "org.vm.backend.agent", "org.vm.machine"));
    }

    @Before
    public void boot() throws Exception {
        series = new Series(context, replacer);
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

    @Test
    public void disksEntropyAndSerialPortsWorkOnWhileTheirBundleIsReplaced() throws Exception {
        guest.sh(LinuxGuest.device("data", "data") + "; " + LinuxGuest.device("card", "card"));
        guest.sh("for d in $data $card; do /tools/diskload $d 1 100000 >/tmp/${d##*/} 2>&1 & done; cat /dev/hwrng >/dev/null & sleep 1");
        series.replace("org.vm.device.virtio", TIMES);
        String said = guest.sh("kill $(pidof cat); killall diskload; wait; cat /tmp/vd*", LONG);
        Series.note(said);
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
            series.replace(name, Math.max(2, TIMES / 4));
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
                series.replace("org.vm.device.riscv", Math.max(2, TIMES / 2));
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
