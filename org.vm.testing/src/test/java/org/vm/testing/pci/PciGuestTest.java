package org.vm.testing.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vm.api.VmException;
import org.vm.api.device.DeviceStatus;
import org.vm.api.hotplug.SlotState;
import org.vm.api.pci.PciFunction;
import org.vm.backend.block.internal.RamDiskBackend;
import org.vm.device.virtio.internal.Blk;
import org.vm.device.virtio.internal.PciTransport;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;
import org.vm.guest.internal.DebianGuests;
import org.vm.testing.GuestMachine;

/** The PCI bus under Debian's kernel. */
class PciGuestTest {
    private static final Duration BOOT = Duration.ofMinutes(5);
    private static final Duration STEP = Duration.ofMinutes(3);
    private static final String PROMPT = "root@linux:~# ";
    private static final String CARD = "/sys/bus/pci/devices/0000:01:00.0";

    private static GuestMachine.Builder machine() {
        GuestImage linux;
        try {
            linux = DebianGuests.local().prepare("linux", FetchOptions.DEFAULT, Progress.SILENT);
        } catch (VmException e) {
            linux = Assumptions.abort("the guest cannot be had here: " + e.getMessage());
        }
        return GuestMachine.virt().memory(256 << 20).kernel(linux.kernel().orElseThrow())
                .initrd(linux.initrd().orElseThrow()).append(linux.append());
    }

    /** Runs a command in the guest's shell. @return what it prints */
    private static String sh(GuestMachine guest, String command) {
        // The quotes keep the markers out of the echo of what is typed.
        guest.type("echo BE''GIN; " + command + "; echo EN''D\n");
        guest.expect("BEGIN\r\n", STEP);
        String output = guest.expect("END\r\n", STEP);
        guest.expect(PROMPT, STEP);
        return output.replace("\r", "").strip();
    }

    private static void boot(GuestMachine guest) {
        guest.expect(PROMPT, BOOT);
        sh(guest, "dmesg -n 1");
    }

    /** Plugs a card, and waits until it is in its slot: a guest that has just booted might still take its slots over. */
    private static void plug(GuestMachine guest, PciFunction card, int slot) throws InterruptedException {
        guest.pci().plug(card, "slot" + slot);
        CountDownLatch never = new CountDownLatch(1);
        for (int i = 0; guest.pci().hotplug().orElseThrow().slots().get(slot - 1).state() == SlotState.EMPTY; i++) {
            assertTrue(i < 600, "the card does not come in: " + guest.pci().hotplug().orElseThrow().slots().get(slot - 1));
            never.await(100, TimeUnit.MILLISECONDS);
        }
    }

    /** What the kernel has said that is a warning or worse; but not that this host is slow. */
    private static List<String> warnings(GuestMachine guest) {
        return sh(guest, "dmesg -r | grep '^<[0-4]>' | grep -v 'hrtimer: interrupt took' || true").lines().toList();
    }

    @Test
    @Timeout(600)
    void theKernelFindsACleanTreeAndACardThatComesAndGoesIsFoundByARescan() throws Exception {
        ScratchCard card = new ScratchCard("card");
        try (GuestMachine guest = machine().function(card).start()) {
            boot(guest);
            assertEquals(List.of(), warnings(guest));
            assertEquals("00:00.0 00:01.0 00:02.0 00:03.0 00:04.0 00:05.0 00:06.0 00:07.0 00:08.0 01:00.0",
                    sh(guest, "cd /sys/bus/pci/devices; echo * | sed s/0000://g; cd"));
            assertEquals("0x1234 0x0001 0xff0000", sh(guest, "cd " + CARD + "; echo $(cat vendor device class); cd"));
            assertEquals(String.join(", ", Collections.nCopies(8, "PCIe PME")), sh(guest, "sed -n 's/.*PLIC  35 Edge *//p' /proc/interrupts"));
            assertEquals("1", sh(guest, "grep -c '40000000-.* : 0000:01:00.0' /proc/iomem"));
            assertEquals("1", sh(guest, "grep -c '1000-0000100f : 0000:01:00.0' /proc/ioports"));
            sh(guest, "echo 1 >" + CARD + "/enable");
            assertEquals("0x00000000", sh(guest, "devmem 0x40000000 32"));
            guest.pci().unplug(card);
            assertEquals("0xFFFFFFFF", sh(guest, "devmem 0x40000000 32"), "a pulled card reads all ones");
            assertEquals("ffff", sh(guest, "hexdump -n 2 -e '1/2 \"%x\"' " + CARD + "/config"));
            sh(guest, "echo 1 >" + CARD + "/remove");
            plug(guest, new ScratchCard("other"), 3);
            sh(guest, "echo 1 >/sys/bus/pci/rescan");
            assertEquals("0x1234", sh(guest, "cat /sys/bus/pci/devices/0000:03:00.0/vendor"));
            assertEquals("1", sh(guest, "grep -c '40400000-.* : 0000:03:00.0' /proc/iomem"));
            assertEquals("slot3 of pci, 03:00.0", guest.machine().devices().plugged().getFirst().place());
            assertEquals(List.of(), warnings(guest));
            guest.type("poweroff\n");
            assertEquals(0, guest.awaitEnd(STEP));
        }
    }

    @Test
    @Timeout(600)
    void aDiskIsPluggedUsedAndPulledWhileAnotherOneWorks() throws Exception {
        plugAndPull(2);
    }

    @Test
    @Tag("slow")
    @Timeout(1800)
    void aDiskIsPluggedUsedAndPulledAHundredTimesWhileAnotherOneWorks() throws Exception {
        plugAndPull(100);
    }

    /** Names of threads, without those that the JDK makes once for everybody. */
    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream().map(Thread::getName)
                .filter(name -> !name.startsWith("ForkJoinPool") && !name.equals("CompletableFutureDelayScheduler")).toList();
    }

    /** Debian's kernel has no driver for slots, so its shell is told to look for the disk, and to let it go. */
    private static void plugAndPull(int rounds) throws Exception {
        try (RamDiskBackend fixed = new RamDiskBackend(32 << 20);
                GuestMachine guest = machine().vcpus(2)
                        .function(new PciTransport(new Blk("disk0", fixed, Blk.Settings.DEFAULT))).start()) {
            boot(guest);
            sh(guest, "modprobe -q ext2 || modprobe -q ext4; mke2fs -I 256 /dev/vda >/dev/null; mkdir -p /a /b; mount -t ext4 /dev/vda /a");
            sh(guest, "work() { while [ ! -e /tmp/stop ]; do dd if=/dev/urandom of=/a/f bs=64k count=16 2>/dev/null; cp /a/f /a/g;"
                    + " cmp /a/f /a/g || echo MIS''MATCH; done; }; work & true");
            List<String> threads = threads();
            for (int i = 0; i < rounds; i++) {
                String bus = "0000:0" + (2 + i % 7);
                try (RamDiskBackend storage = new RamDiskBackend(16 << 20)) {
                    PciTransport disk = new PciTransport(new Blk("disk1", storage, Blk.Settings.DEFAULT));
                    plug(guest, disk, 2 + i % 7);
                    assertEquals("ok", sh(guest, "echo 1 >/sys/bus/pci/rescan; n=0; until [ -b /dev/vdb ] || [ $n = 50 ]; do"
                            + " n=$((n+1)); usleep 100000; done; printf 'n\\np\\n1\\n\\n\\nw\\n' | fdisk /dev/vdb >/dev/null 2>&1;"
                            + " mke2fs -I 256 /dev/vdb1 >/dev/null && mount -t ext4 /dev/vdb1 /b && cp /bin/busybox /b/ && sync &&"
                            + " umount /b && mount -t ext4 /dev/vdb1 /b && cmp /bin/busybox /b/busybox"
                            + " && umount /b && echo 1 >/sys/bus/pci/devices/" + bus + ":00.0/remove && [ ! -e /dev/vdb ] && echo ok"),
                            "round " + i);
                    assertEquals(DeviceStatus.ATTACHED, disk.status(), "the driver has let it go");
                    guest.pci().hotplug().orElseThrow().unplug("disk1", STEP, false).toCompletableFuture().get(1, TimeUnit.MINUTES);
                    assertEquals(DeviceStatus.DETACHED, disk.status());
                    guest.pci().unplug(disk);
                }
            }
            assertEquals(1, guest.machine().devices().plugged().size());
            List<String> left = new ArrayList<>(threads());
            threads.forEach(left::remove);
            assertEquals(List.of(), left, "threads are left over");
            sh(guest, "touch /tmp/stop; wait; umount /a");
            assertFalse(guest.console().output().contains("MISMATCH"));
            assertEquals(List.of(), warnings(guest));
            guest.type("poweroff\n");
            assertEquals(0, guest.awaitEnd(STEP));
        }
    }
}
