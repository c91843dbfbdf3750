package org.vm.testing.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.VmException;
import org.vm.backend.block.internal.FileBlockBackend;
import org.vm.device.virtio.internal.Blk;
import org.vm.device.virtio.internal.Console;
import org.vm.device.virtio.internal.MmioTransport;
import org.vm.device.virtio.internal.PciTransport;
import org.vm.device.virtio.internal.Rng;
import org.vm.device.virtio.internal.SecureRandomEntropy;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;
import org.vm.guest.internal.DebianGuests;
import org.vm.testing.CapturedConsole;
import org.vm.testing.GuestMachine;

/** Our devices under the drivers of unmodified guests: Debian's kernel, U-Boot. Needs the host's e2fsprogs. */
class GuestDriversTest {
    private static final Duration BOOT = Duration.ofMinutes(5);
    private static final Duration STEP = Duration.ofMinutes(3);
    private static final String PROMPT = "root@linux:~# ";

    @TempDir
    Path folder;

    private static GuestImage linux() {
        return image("linux");
    }

    private static GuestImage image(String name) {
        try {
            return DebianGuests.local().prepare(name, FetchOptions.DEFAULT, Progress.SILENT);
        } catch (VmException e) {
            return Assumptions.abort("the guest '" + name + "' cannot be had here: " + e.getMessage());
        }
    }

    private Path ext4(String size) throws Exception {
        Path image = folder.resolve("disk.img");
        assertEquals(0, run("mke2fs", "-q", "-t", "ext4", image.toString(), size));
        return image;
    }

    /** Runs a program of the host's e2fsprogs. @return its exit status */
    private static int run(String program, String... arguments) throws IOException, InterruptedException {
        Path file = Stream.of("/sbin", "/usr/sbin", "/bin", "/usr/bin", "/usr/local/sbin")
                .map(at -> Path.of(at, program)).filter(Files::isExecutable).findFirst().orElse(null);
        assumeTrue(file != null, program + " is not on this host; install e2fsprogs");
        List<String> command = new ArrayList<>(List.of(file.toString()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor();
    }

    private static MmioTransport disk(FileBlockBackend backend) {
        return new MmioTransport(new Blk("disk0", backend, new Blk.Settings(512, "SERIAL-0042", 1, 32)));
    }

    private static GuestMachine.Builder machine(GuestImage linux) {
        return GuestMachine.virt().memory(256 << 20).kernel(linux.kernel().orElseThrow())
                .initrd(linux.initrd().orElseThrow()).append(linux.append());
    }

    /** Runs a command in the guest's shell. @return what it prints */
    private static String sh(GuestMachine guest, String command, Duration limit) {
        // The quotes keep the markers out of the echo of what is typed.
        guest.type("echo BE''GIN; " + command + "; echo EN''D\n");
        guest.expect("BEGIN\r\n", STEP);
        String output = guest.expect("END\r\n", limit);
        guest.expect(PROMPT, STEP);
        return output.replace("\r", "").strip();
    }

    /** Waits for the shell, and keeps the kernel's messages out of it. */
    private static GuestMachine booted(GuestMachine guest) {
        guest.expect(PROMPT, BOOT);
        sh(guest, "dmesg -n 1", STEP);
        return guest;
    }

    private static void powerOff(GuestMachine guest) {
        guest.type("poweroff\n");
        assertEquals(0, guest.awaitEnd(STEP));
    }

    @Test
    @Timeout(900)
    void aDiskAConsoleWithTwoPortsAndAnEntropyDeviceWorkUnderDebiansOwnDrivers() throws Exception {
        GuestImage linux = linux();
        Path image = ext4("64M");
        CapturedConsole hvc = new CapturedConsole();
        CapturedConsole agent = new CapturedConsole();
        Console console = new Console("console0", hvc, 4);
        console.addPort("agent", agent);
        try (FileBlockBackend backend = new FileBlockBackend(image, false);
                GuestMachine guest = machine(linux).device(disk(backend))
                        .device(new MmioTransport(new Rng("rng0", new SecureRandomEntropy())))
                        .device(new MmioTransport(console)).start()) {
            booted(guest);
            assertEquals("SERIAL-0042", sh(guest, "cat /sys/block/vda/serial", STEP));
            assertTrue(sh(guest, "mount", STEP).contains("/dev/vda on /mnt type ext4"));
            assertEquals("8", sh(guest, "for i in 1 2 3 4 5 6 7 8; do dd if=/dev/urandom of=/mnt/f$i bs=64k count=8 2>/dev/null;"
                    + " done; cd /mnt; md5sum f* >sums; cd; sync; umount /mnt; mount -t ext4 /dev/vda /mnt; cd /mnt;"
                    + " md5sum -c sums | grep -c OK; cd", STEP));
            assertEquals("virtio_rng.0", sh(guest, "cat /sys/class/misc/hw_random/rng_current", STEP));
            assertEquals("64", sh(guest, "dd if=/dev/hwrng bs=64 count=1 2>/dev/null | wc -c", STEP));
            // Linux asks for the size when the terminal is opened and sets it a moment later (hvc_set_winsz, on a work queue).
            assertEquals("24 80", sh(guest, "exec 3<>/dev/hvc0; n=0; until stty size <&3 2>/dev/null || [ $n = 50 ]; do"
                    + " n=$((n + 1)); sleep 0.1; done; exec 3<&-", STEP));
            sh(guest, "echo to the terminal >/dev/hvc0", STEP);
            assertTrue(hvc.output().contains("to the terminal"));
            assertEquals("agent", sh(guest, "cat /sys/class/virtio-ports/vport*p1/name", STEP));
            sh(guest, "echo to the agent >/dev/vport2p1", STEP);
            agent.expect("to the agent\n", STEP);
            agent.type("answer\n");
            assertEquals("answer", sh(guest, "head -c 6 /dev/vport2p1", STEP));
            sh(guest, "cp /mnt/f1 /mnt/again; umount /mnt", STEP);
            grow(guest, backend, null);
            powerOff(guest);
        }
        assertEquals(0, run("fsck.ext4", "-fn", image.toString()), "fsck -fn finds the file system clean");
    }

    @Test
    @Timeout(900)
    void theSameDevicesWorkOverPciAndTheKernelHasNothingToComplainOf() throws Exception {
        GuestImage linux = linux();
        Path image = ext4("64M");
        CapturedConsole hvc = new CapturedConsole();
        FileBlockBackend storage = new FileBlockBackend(image, false);
        Blk disk = new Blk("disk0", storage, new Blk.Settings(512, "SERIAL-0042", 2, 32));
        try (FileBlockBackend backend = storage;
                GuestMachine guest = machine(linux).vcpus(2).function(new PciTransport(disk))
                        .function(new PciTransport(new Rng("rng0", new SecureRandomEntropy())))
                        .function(new PciTransport(new Console("console0", hvc, 2)), "00:1e").start()) {
            booted(guest);
            assertEquals("0000:01:00.0", sh(guest, "basename $(readlink -f /sys/block/vda/device/..)", STEP));
            assertEquals("SERIAL-0042", sh(guest, "cat /sys/block/vda/serial", STEP));
            assertTrue(sh(guest, "mount", STEP).contains("/dev/vda on /mnt type ext4"));
            assertEquals("8", sh(guest, "for i in 1 2 3 4 5 6 7 8; do dd if=/dev/urandom of=/mnt/f$i bs=64k count=8 2>/dev/null;"
                    + " done; cd /mnt; md5sum f* >sums; cd; sync; umount /mnt; mount -t ext4 /dev/vda /mnt; cd /mnt;"
                    + " md5sum -c sums | grep -c OK; cd", STEP));
            assertEquals("64", sh(guest, "dd if=/dev/hwrng bs=64 count=1 2>/dev/null | wc -c", STEP));
            sh(guest, "echo to the terminal >/dev/hvc0", STEP);
            hvc.expect("to the terminal", STEP);
            assertEquals("virtio0 virtio1 virtio2", sh(guest, "cd /sys/bus/virtio/devices; echo *; cd", STEP));
            assertEquals("1 1 1", sh(guest, "echo $(cut -c35 /sys/bus/virtio/devices/*/features)", STEP), "packed rings");
            // A host that stands still for a moment makes an interrupt long.
            assertEquals("", sh(guest, "dmesg -r | grep '^<[0-4]>' | grep -v 'hrtimer: interrupt took'", STEP), "warnings of the kernel");
            sh(guest, "umount /mnt", STEP);
            grow(guest, backend, disk);
            powerOff(guest);
        }
        assertEquals(0, run("fsck.ext4", "-fn", image.toString()), "fsck -fn finds the file system clean");
    }

    /** The disk grows under the running guest. @param told who is told; {@code null}: it is to be seen without */
    private static void grow(GuestMachine guest, FileBlockBackend backend, Blk told) throws IOException {
        assertEquals("131072", sh(guest, "cat /sys/block/vda/size", STEP));
        assertTrue(backend.adjust(Map.of("file", backend.description().replace("file ", ""), "size", "96M")));
        if (told != null) {
            told.storageChanged();
        }
        assertEquals("196608", sh(guest, "n=0; until [ $(cat /sys/block/vda/size) != 131072 ] || [ $n = 200 ]; do n=$((n+1));"
                + " usleep 100000; done; cat /sys/block/vda/size", STEP));
        assertEquals("end", sh(guest, "printf end | dd of=/dev/vda bs=512 seek=196607 conv=notrunc,sync 2>/dev/null; sync;"
                + " echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/vda bs=512 skip=196607 2>/dev/null | head -c 3; echo", STEP));
    }

    @Test
    @Timeout(300)
    void uBootReadsAFileSystemFromTheDisk() throws Exception {
        GuestImage uBoot = image("u-boot");
        Path image = ext4("64M");
        try (FileBlockBackend backend = new FileBlockBackend(image, false);
                GuestMachine guest = GuestMachine.virt().memory(256 << 20).firmware(uBoot.firmware().orElseThrow())
                        .device(disk(backend)).start()) {
            guest.expect("stop autoboot", STEP);
            guest.type("\n\n");
            guest.expect("=> ", STEP);
            guest.type("virtio info; ls virtio 0; echo EN''D\n");
            String output = guest.expect("END", STEP);
            assertTrue(output.contains("Capacity: 64.0 MB") && output.contains("lost+found/"), output);
        }
    }

    @Test
    @Timeout(300)
    void uBootReadsAFileSystemFromADiskBehindARootPort() throws Exception {
        GuestImage uBoot = image("u-boot");
        Path image = ext4("64M");
        try (FileBlockBackend backend = new FileBlockBackend(image, false);
                GuestMachine guest = GuestMachine.virt().memory(256 << 20).firmware(uBoot.firmware().orElseThrow())
                        .function(new PciTransport(new Blk("disk0", backend, Blk.Settings.DEFAULT))).start()) {
            guest.expect("stop autoboot", STEP);
            guest.type("\n\n");
            guest.expect("=> ", STEP);
            guest.type("pci enum; virtio scan; pci 1; virtio info; ls virtio 0; echo EN''D\n");
            String output = guest.expect("END", STEP);
            assertTrue(output.contains("Capacity: 64.0 MB") && output.contains("lost+found/"), output);
        }
    }

    @Test
    @Tag("slow")
    @Timeout(1800)
    void aFileSystemSurvivesTenMinutesOfWork() throws Exception {
        GuestImage linux = linux();
        Path image = ext4("256M");
        try (FileBlockBackend backend = new FileBlockBackend(image, false);
                GuestMachine guest = machine(linux).device(disk(backend)).start()) {
            booted(guest);
            String work = "end=$(($(date +%s) + 600)); n=0; bad=0; while [ $(date +%s) -lt $end ]; do n=$((n+1));"
                    + " d=/mnt/d$((n % 7)); rm -rf $d; mkdir -p $d/deep/er; for i in 1 2 3 4 5 6; do"
                    + " dd if=/dev/urandom of=$d/f$i bs=7777 count=$((n % 50 + i)) 2>/dev/null; done;"
                    + " cat $d/f1 $d/f2 >$d/deep/both; mv $d/f3 $d/deep/er/moved; ln $d/f4 $d/link; truncate -s 1000 $d/f5;"
                    + " (cd $d; md5sum f1 f2 f4 link deep/both >sums); [ $((n % 3)) = 0 ] && sync;"
                    + " echo 3 >/proc/sys/vm/drop_caches; (cd $d; md5sum -cs sums) || bad=$((bad+1)); done;"
                    + " echo rounds $n bad $bad; umount /mnt";
            String result = sh(guest, work, Duration.ofMinutes(20));
            assertTrue(result.matches("(?s).*rounds [1-9][0-9]* bad 0.*"), result);
            powerOff(guest);
        }
        assertEquals(0, run("fsck.ext4", "-fn", image.toString()), "fsck -fn finds the file system clean");
    }

    @Test
    @Tag("slow")
    @Timeout(900)
    void killingTheMonitorLosesNothingThatTheGuestHasFlushed() throws Exception {
        linux();
        Path image = ext4("64M");
        Process monitor = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-cp",
                System.getProperty("java.class.path"), Monitor.class.getName(), image.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (BufferedReader out = new BufferedReader(new InputStreamReader(monitor.getInputStream()))) {
            assertEquals("flushed", out.readLine());
        } finally {
            monitor.destroyForcibly();
        }
        assertTrue(monitor.waitFor(20, TimeUnit.SECONDS));
        assertTrue(run("fsck.ext4", "-fy", image.toString()) <= 1, "the journal can be replayed");
        Path copy = folder.resolve("data");
        run("debugfs", "-R", "dump /data " + copy, image.toString());
        StringBuilder expected = new StringBuilder();
        for (int i = 1; i <= 50_000; i++) {
            expected.append(i).append('\n');
        }
        assertEquals(expected.toString(), Files.readString(copy, StandardCharsets.US_ASCII));
    }

    /** The monitor that {@link #killingTheMonitorLosesNothingThatTheGuestHasFlushed} kills. */
    static final class Monitor {
        public static void main(String[] arguments) {
            FileBlockBackend backend = new FileBlockBackend(Path.of(arguments[0]), false);
            GuestMachine guest = booted(machine(linux()).device(disk(backend)).start());
            sh(guest, "seq 1 50000 >/mnt/data; sync", STEP);
            System.out.println("flushed");
            // Goes on writing until it is killed.
            sh(guest, "while true; do dd if=/dev/urandom of=/mnt/noise bs=64k count=64 2>/dev/null; done", BOOT);
        }
    }
}
