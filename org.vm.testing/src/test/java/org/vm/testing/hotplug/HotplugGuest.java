package org.vm.testing.hotplug;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.vm.api.ExecMode;
import org.vm.api.hotplug.HotplugManager;
import org.vm.api.hotplug.SlotInfo;
import org.vm.api.machine.MachineState;
import org.vm.backend.block.internal.FileBlockBackend;
import org.vm.device.virtio.internal.Blk;
import org.vm.device.virtio.internal.PciTransport;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.engine.jit.internal.JitEngine;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;
import org.vm.guest.internal.DebianGuests;
import org.vm.machine.internal.Board;
import org.vm.testing.GuestMachine;

/** A machine that runs the kernel with native hot-plug, a shell in it, and disks to plug. Skips where that kernel is not built. */
final class HotplugGuest implements AutoCloseable {
    static final Duration BOOT = Duration.ofMinutes(3);
    static final Duration STEP = Duration.ofMinutes(2);
    static final Duration LIMIT = Duration.ofSeconds(60);
    static final String PROMPT = "root@linux:~# ";
    private static final String NAME = "linux-pciehp";

    private final JitEngine engine = new JitEngine(new Interpreter(), ExecMode.HYBRID);
    private final GuestMachine guest;

    /** A disk that is a card, and the file behind it. */
    record Disk(PciTransport card, FileBlockBackend backend, Path file) implements AutoCloseable {
        static Disk create(Path folder, String name, long bytes) throws IOException {
            Path file = folder.resolve(name + ".img");
            if (!Files.exists(file)) {
                try (RandomAccessFile image = new RandomAccessFile(file.toFile(), "rw")) {
                    image.setLength(bytes);
                }
            }
            FileBlockBackend backend = new FileBlockBackend(file, false);
            return new Disk(new PciTransport(new Blk(name, backend, Blk.Settings.DEFAULT)), backend, file);
        }

        @Override
        public void close() throws IOException {
            backend.close();
        }
    }

    /** Started, with disks in slots 1, 2, … */
    HotplugGuest(int vcpus, Disk... disks) {
        this(Board.virt(), vcpus, disks);
    }

    HotplugGuest(Board board, int vcpus, Disk... disks) {
        DebianGuests guests = DebianGuests.local();
        Assumptions.assumeTrue(guests.hasHotplugKernel(), "the kernel with hot-plug is not built here; build it with: ./vmm fetch " + NAME);
        GuestImage image = guests.prepare(NAME, FetchOptions.DEFAULT, Progress.SILENT);
        GuestMachine.Builder builder = GuestMachine.virt().board(board).memory(256 << 20).vcpus(vcpus).engine(engine)
                .kernel(image.kernel().orElseThrow()).initrd(image.initrd().orElseThrow()).append(image.append());
        for (int i = 0; i < disks.length; i++) {
            builder.function(disks[i].card(), "slot" + (i + 1));
        }
        guest = builder.start();
    }

    GuestMachine machine() {
        return guest;
    }

    HotplugGuest boot() {
        guest.expect(PROMPT, BOOT);
        sh("dmesg -n 1");
        return this;
    }

    /** Runs a command in the guest's shell. @return what it prints */
    String sh(String command) {
        // The quotes keep the markers out of the echo of what is typed.
        guest.type("echo BE''GIN; " + command + "; echo EN''D\n");
        guest.expect("BEGIN\r\n", STEP);
        String output = guest.expect("END\r\n", STEP);
        guest.expect(PROMPT, STEP);
        return output.replace("\r", "").strip();
    }

    /** What the kernel has said that is a warning or worse; but not that this host is slow. */
    List<String> warnings() {
        return sh("dmesg -r | grep '^<[0-4]>' | grep -v 'hrtimer: interrupt took' || true").lines().toList();
    }

    /** Nothing was thrown into a vCPU. */
    void runs() {
        assertEquals(MachineState.RUNNING, guest.machine().state());
        assertEquals(Optional.empty(), guest.machine().reason());
    }

    void powerOff() {
        guest.type("poweroff\n");
        assertEquals(0, guest.awaitEnd(STEP));
    }

    /** What the kernel says when something is wrong with itself, and not with a device. */
    List<String> oopses() {
        return sh("dmesg | grep -E 'Oops|BUG|WARNING|Call Trace|blocked for more|Unable to handle|refcount' || true").lines().toList();
    }

    /** What is in a slot and uses time until the guest does: plugged, and there as a block device. @return seconds */
    double plug(Disk disk, String slot, String node) throws Exception {
        // A guest that looks all the time would measure how it is disturbed by that.
        guest.type("until [ -b /dev/" + node + " ]; do usleep 2000; done; echo there''now\n");
        guest.expect("now\r\n", STEP);
        long begun = System.nanoTime();
        guest.pci().plug(disk.card(), slot);
        guest.expect("therenow", STEP);
        double seconds = (System.nanoTime() - begun) / 1e9;
        guest.expect(PROMPT, STEP);
        hotplug().plug(disk.card().name(), LIMIT).toCompletableFuture().get(1, TimeUnit.MINUTES);
        return seconds;
    }

    /** Takes a device out of its slot. @return seconds until it is out */
    double unplug(Disk disk, boolean force) throws Exception {
        long begun = System.nanoTime();
        hotplug().unplug(disk.card().name(), LIMIT, force).toCompletableFuture().get(1, TimeUnit.MINUTES);
        double seconds = (System.nanoTime() - begun) / 1e9;
        guest.pci().unplug(disk.card());
        return seconds;
    }

    HotplugManager hotplug() {
        return guest.pci().hotplug().orElseThrow();
    }

    SlotInfo slot(int number) {
        return hotplug().slots().get(number - 1);
    }

    /** Files that this process has open. */
    static int openFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return (int) files.count();
        }
    }

    /** Threads of this process, virtual ones as well. */
    static int threads() throws IOException {
        Path dump = Files.createTempFile("threads", ".txt");
        Files.delete(dump);
        try {
            ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class).dumpThreads(dump.toString(),
                    HotSpotDiagnosticMXBean.ThreadDumpFormat.TEXT_PLAIN);
            try (Stream<String> lines = Files.lines(dump)) {
                return (int) lines.filter(line -> line.startsWith("#")).count();
            }
        } finally {
            Files.deleteIfExists(dump);
        }
    }

    /** Waits for something that comes by itself. */
    static void await(String what, Callable<Boolean> condition) throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        long deadline = System.nanoTime() + STEP.toNanos();
        while (!condition.call()) {
            assertTrue(System.nanoTime() < deadline, "waited in vain: " + what);
            never.await(50, TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void close() {
        guest.close();
        engine.close();
    }
}
