package org.vm.itest;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;
import static org.ops4j.pax.exam.CoreOptions.options;

import java.io.InputStream;
import java.time.Duration;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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
import org.osgi.service.cm.ConfigurationAdmin;
import org.vm.api.machine.MachineManager;
import org.vm.api.replace.BundleReplacer;
import org.vm.api.replace.Replacement.Outcome;
import org.vm.api.replace.ReplacementException;

/**
 * Entropy, a port and a terminal of VirtIO, and disks beside them, under Linux while their bundle is replaced, by itself and by
 * versions that do not work. Every byte is looked at, in the guest and at the host's end.
 */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class LinuxStreamsIT {
    private static final String VIRTIO = "org.vm.device.virtio";
    private static final String INTERNAL = VIRTIO + ".internal.";
    private static final Duration LONG = Duration.ofMinutes(5);

    @Inject
    private BundleContext context;
    @Inject
    private MachineManager machines;
    @Inject
    private BundleReplacer replacer;
    @Inject
    private ConfigurationAdmin configurations;
    @Rule
    public TemporaryFolder folder = new TemporaryFolder();
    private LinuxGuest guest;
    private Series series;
    private PortPeer port;
    private PortPeer terminal;

    @Configuration
    public Option[] configuration() {
        return options(Container.with("org.vm.api", "org.vm.isa", "org.vm.mmu", "org.vm.isa.riscv", "org.vm.engine.interp",
                "org.vm.engine.jit", "org.vm.device.riscv", "org.vm.device.pci", VIRTIO, "org.vm.backend.block",
                "org.vm.backend.console", "org.vm.backend.agent", "org.vm.machine"));
    }

    @Before
    public void boot() throws Exception {
        series = new Series(context, replacer);
        guest = LinuxGuest.create(context, machines, folder.getRoot().toPath(), 2, "diskload", "rngload", "portload");
        machines.addDevice(LinuxGuest.NAME, "virtio.blk", "data", Map.of("ram", "32M"));
        machines.addDevice(LinuxGuest.NAME, "virtio.rng", "rng", Map.of());
        console("stream", "port", "stream");
        console("second");
        machines.addDevice(LinuxGuest.NAME, "virtio.console", "hvc", Map.of("console.target", "(&(vm=linux)(name=second))"));
        guest.boot();
        terminalOnOneHart();
        port = new PortPeer(context, LinuxGuest.NAME, "stream");
        terminal = new PortPeer(context, LinuxGuest.NAME, "second");
        guest.sh("for p in /sys/class/virtio-ports/*; do [ \"$(cat $p/name 2>/dev/null)\" = stream ] && port=/dev/${p##*/}; done");
    }

    /**
     * Linux's {@code hvc_poll} shows what it has received ({@code tty_flip_buffer_push}) after it has let its lock go; if another hart
     * receives at that time, a byte may be counted and shown before it is stored. So this terminal's interrupt, which hart 0 gets,
     * its thread and the work that reads what they show are all on hart 0; the rest of the guest has both.
     */
    private void terminalOnOneHart() throws Exception {
        assertEquals("1", guest.sh("taskset -p 1 $(pidof khvcd) >/dev/null && cd /sys/devices/virtual/workqueue && echo 1 >cpumask"
                + " && cat cpumask; cd"));
    }

    private void console(String name, String... setting) throws Exception {
        Hashtable<String, Object> settings = new Hashtable<>(Map.of("vm", LinuxGuest.NAME, "name", name));
        if (setting.length > 0) {
            settings.put(setting[0], setting[1]);
        }
        configurations.getFactoryConfiguration("org.vm.backend.console", name, "?").update(settings);
    }

    @After
    public void delete() throws Exception {
        if (port != null) {
            port.close();
        }
        if (terminal != null) {
            terminal.close();
        }
        if (guest != null) {
            guest.close();
        }
        for (String name : List.of("stream", "second")) {
            configurations.getFactoryConfiguration("org.vm.backend.console", name, "?").delete();
        }
    }

    private void load() throws Exception {
        guest.sh("/tools/rngload /dev/hwrng 100000 >/tmp/rng 2>&1 & /tools/portload $port 100000 >/tmp/port 2>&1 &"
                + " /tools/portload /dev/hvc0 100000 >/tmp/terminal 2>&1 & sleep 1");
    }

    /** Whatever is replaced next, the guest is at work with it. */
    private void progress() throws Exception {
        port.awaitMore(20, LONG);
        terminal.awaitMore(20, LONG);
    }

    /** Ends the load. @return how many requests there were of the one that had the fewest */
    private long verify(String... results) throws Exception {
        guest.sh("killall rngload portload diskload; wait", LONG);
        long fewest = Long.MAX_VALUE;
        for (String result : results) {
            String said = guest.sh("cat /tmp/" + result);
            Series.note(result + ":\n" + said);
            assertTrue(result + ": " + said, said.lines().anyMatch(line -> line.startsWith("verified ")));
            fewest = Math.min(fewest, said.lines().filter(line -> line.startsWith("requests "))
                    .mapToLong(line -> Long.parseLong(line.substring(9))).findFirst().orElseThrow());
        }
        Series.note("the host has had %d records (%d bytes) by the port, %d (%d) by the terminal".formatted(port.records(LONG), port.bytes(),
                terminal.records(LONG), terminal.bytes()));
        assertEquals("", guest.sh("dmesg | grep -iE 'error|oops|warning|reset|timeout|blocked for' | grep -v 'jent\\|EXT4-fs' || true"));
        return fewest;
    }

    @Test
    public void entropyAndConsolesLoseAndDoubleNothingWhileTheirBundlesAreReplaced() throws Exception {
        load();
        series.replace(VIRTIO, Series.TIMES, this::progress);
        series.replace("org.vm.backend.console", Math.max(2, Series.TIMES / 10), this::progress);
        long requests = verify("rng", "port", "terminal");
        assertTrue(requests + " requests", requests > Series.TIMES);
        guest.powerOff();
    }

    /**
     * Programs that keep both cores busy wait for each other, and so do records and answers of one program; so what a replacement costs
     * shows when there is one program, and one record on its way.
     */
    @Test
    public void eachStreamAloneLosesNothingEither() throws Exception {
        for (String load : List.of("rngload /dev/hwrng 100000", "portload $port 100000 1", "portload /dev/hvc0 100000 1")) {
            guest.sh("/tools/" + load + " >/tmp/alone 2>&1 & sleep 1");
            series.replace(VIRTIO, Series.TIMES);
            String said = guest.sh("killall rngload portload; wait; cat /tmp/alone", LONG);
            Series.note(load + ":\n" + said);
            assertTrue(load + ": " + said, said.lines().anyMatch(line -> line.startsWith("verified ")));
        }
        guest.powerOff();
    }

    @Test
    public void theVersionBeforeIsBackWithItsStateWhenTheNewOneFails() throws Exception {
        guest.sh(LinuxGuest.device("data", "data") + "; /tools/diskload $data 2 100000 >/tmp/disk 2>&1 & sleep 1");
        load();
        for (int i = 0; i < Math.max(1, Series.TIMES / 12); i++) {
            refused("org.example.NotThere", ReactorJar.withHeader(VIRTIO, "Bundle-Activator", "org.example.NotThere"));
            refused("no disk today", ReactorJar.throwing(VIRTIO, INTERNAL + "Disk", "<init>", "no disk today"));
            for (String type : new String[] {"Blk", "Rng", "Console", "Handover", "MmioTransport", "PciTransport"}) {
                refused("no state for " + type, ReactorJar.throwing(VIRTIO, INTERNAL + type, "restore", "no state for " + type));
            }
            for (String type : new String[] {"Blk", "Rng", "Console"}) {
                faulty("no service of " + type, ReactorJar.throwing(VIRTIO, INTERNAL + type, "notify", "no service of " + type));
            }
        }
        verify("disk", "rng", "port", "terminal");
        guest.powerOff();
    }

    private void refused(String why, InputStream version) throws Exception {
        progress();
        String said = assertThrows(why, ReplacementException.class,
                () -> replacer.replace(series.bundle(VIRTIO).getBundleId(), version, Duration.ZERO)).getMessage();
        takenBack(said, why);
    }

    private void takenBack(String said, String why) {
        assertTrue(said, said.contains(why) && (said.contains("is back, with the state of its devices")
                || said.contains("has worked on meanwhile")));
        assertEquals(said, Outcome.ROLLED_BACK, replacer.history().getLast().outcome());
        assertTrue(said, guest.machine.devices().find("data").isPresent());
    }

    /** It fails at its first request, which may come before all of its devices are there. */
    private void faulty(String why, InputStream version) throws Exception {
        progress();
        try {
            replacer.replace(series.bundle(VIRTIO).getBundleId(), version, Duration.ofMinutes(1));
        } catch (ReplacementException e) {
            takenBack(e.getMessage(), why);
            return;
        }
        CountDownLatch never = new CountDownLatch(1);
        long until = System.nanoTime() + LONG.toNanos();
        while (replacer.history().getLast().outcome() == Outcome.ON_TRIAL) {
            assertTrue("nobody has noticed: " + why, System.nanoTime() < until);
            never.await(10, TimeUnit.MILLISECONDS);
        }
        takenBack(replacer.history().getLast().detail(), why);
    }
}
