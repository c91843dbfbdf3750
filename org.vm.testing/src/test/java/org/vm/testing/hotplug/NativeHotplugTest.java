package org.vm.testing.hotplug;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.hotplug.HotplugEvent;
import org.vm.api.hotplug.HotplugEvent.Kind;
import org.vm.api.hotplug.SlotInfo;
import org.vm.api.hotplug.SlotState;
import org.vm.api.pci.BusMaster;
import org.vm.api.pci.PciContext;
import org.vm.api.pci.PciDescription;
import org.vm.api.pci.PciFunction;
import org.vm.device.virtio.internal.PciTransport;
import org.vm.machine.internal.Board;
import org.vm.testing.hotplug.HotplugGuest.Disk;

/** Hot-plug through Linux's own driver for slots, {@code pciehp}. Run with {@code -Ppciehp}. */
@Tag("slow")
@Tag("pciehp")
class NativeHotplugTest {
    private static final int ROUNDS = Integer.getInteger("vm.hotplug.rounds", 100);
    private static final int MIB = 1 << 20;

    @TempDir
    Path folder;

    private static List<Kind> kinds(HotplugGuest guest, String device) {
        return guest.hotplug().events(0).stream().filter(event -> event.device().equals(device)).map(HotplugEvent::kind).toList();
    }

    @Test
    @Timeout(300)
    void theTreeIsCleanAndTheKernelDoesNotWarn() throws Exception {
        try (Disk disk = Disk.create(folder, "disk0", 32 * MIB); HotplugGuest guest = new HotplugGuest(2, disk).boot()) {
            assertEquals(List.of(), guest.warnings());
            assertEquals("1 2 3 4 5 6 7 8", guest.sh("cd /sys/bus/pci/slots; echo *; cd"));
            assertEquals("1 0 0 0 0 0 0 0", guest.sh("cd /sys/bus/pci/slots; echo $(cat */power); cd"));
            assertEquals("1 0 0 0 0 0 0 0", guest.sh("cd /sys/bus/pci/slots; echo $(cat */adapter); cd"));
            assertEquals("8", guest.sh("dmesg | grep -c 'pciehp: Slot #[1-8] AttnBtn+ PwrCtrl+'"));
            for (SlotInfo slot : guest.hotplug().slots()) {
                assertEquals(SlotInfo.Way.NATIVE, slot.way(), slot.toString());
            }
            assertEquals(SlotState.POWERED_ON, guest.slot(1).state());
            guest.powerOff();
        }
    }

    @Test
    @Timeout(3600)
    void aDiskIsPluggedUsedAndUnpluggedManyTimesWhileAnotherOneWorks() throws Exception {
        DoubleSummaryStatistics plugging = new DoubleSummaryStatistics();
        DoubleSummaryStatistics unplugging = new DoubleSummaryStatistics();
        try (Disk fixed = Disk.create(folder, "disk0", 64 * MIB); HotplugGuest guest = new HotplugGuest(2, fixed).boot()) {
            guest.sh("mke2fs /dev/vda >/dev/null; mkdir -p /a /b; mount -t ext4 /dev/vda /a");
            guest.sh("work() { while [ ! -e /tmp/stop ]; do dd if=/dev/urandom of=/a/f bs=64k count=16 2>/dev/null; cp /a/f /a/g;"
                    + " cmp /a/f /a/g || echo MIS''MATCH; done; }; work & true");
            int files = HotplugGuest.openFiles();
            int threads = HotplugGuest.threads();
            for (int i = 0; i < ROUNDS; i++) {
                int slot = 2 + i % 7;
                try (Disk disk = Disk.create(folder, "disk" + (i + 1), 16 * MIB)) {
                    plugging.accept(guest.plug(disk, "slot" + slot, "vdb"));
                    assertEquals(SlotState.POWERED_ON, guest.slot(slot).state());
                    assertEquals("ok", guest.sh("printf 'n\\np\\n1\\n\\n\\nw\\n' | fdisk /dev/vdb >/dev/null 2>&1; mke2fs /dev/vdb1 >/dev/null"
                            + " && mount -t ext4 /dev/vdb1 /b && cp /bin/busybox /b/ && sync && umount /b && mount -t ext4 /dev/vdb1 /b"
                            + " && cmp /bin/busybox /b/busybox && umount /b && echo ok"), "round " + i);
                    unplugging.accept(guest.unplug(disk, false));
                    assertEquals(SlotState.EMPTY, guest.slot(slot).state());
                    assertEquals("no", guest.sh("[ -e /dev/vdb ] || echo no"));
                    assertEquals(List.of(Kind.INSERTED, Kind.ADDED, Kind.REMOVED), kinds(guest, "disk" + (i + 1)));
                    assertTrue(disk.file().toFile().delete());
                }
            }
            guest.runs();
            assertEquals(List.of(), guest.warnings());
            guest.sh("touch /tmp/stop; wait; umount /a");
            assertTrue(!guest.machine().console().output().contains("MISMATCH"));
            HotplugGuest.await("files are left open", () -> HotplugGuest.openFiles() <= files);
            HotplugGuest.await("threads are left over", () -> HotplugGuest.threads() <= threads + 1);
            guest.powerOff();
        }
        System.out.printf(Locale.ROOT, "native hot-plug, %d rounds: plug to /dev/vdb %.2f s (%.2f to %.2f), unplug to empty slot %.2f s"
                + " (%.2f to %.2f)%n", ROUNDS, plugging.getAverage(), plugging.getMin(), plugging.getMax(), unplugging.getAverage(),
                unplugging.getMin(), unplugging.getMax());
    }

    /** A block for each number, flushed before the number is printed, until the disk is gone. It is opened once: a name may go. */
    private static final String WRITER = "writer() { i=0; exec 3<>/dev/$1; while printf '%0512d' $i | dd bs=512 conv=fsync,notrunc"
            + " >&3 2>/dev/null; do echo \"<$1 $i>\"; i=$((i+1)); done; exec 3>&-; echo writer''ended; }";

    private static void verify(Disk disk, String node, String output) throws Exception {
        int last = Pattern.compile("<" + node + " ([0-9]+)>").matcher(output).results().mapToInt(found -> Integer.parseInt(found.group(1)))
                .max().orElseThrow();
        try (RandomAccessFile file = new RandomAccessFile(disk.file().toFile(), "r")) {
            byte[] block = new byte[512];
            for (int i = 0; i <= last; i++) {
                file.readFully(block);
                assertEquals("%0512d".formatted(i), new String(block), "block " + i + " was flushed");
            }
        }
    }

    @Test
    @Timeout(900)
    void aDiskThatIsPulledByForceIsGoneAtOnceAndItsSlotTakesAnother() throws Exception {
        try (Disk fixed = Disk.create(folder, "disk0", 32 * MIB); HotplugGuest guest = new HotplugGuest(2, fixed).boot()) {
            int files = HotplugGuest.openFiles();
            int threads = HotplugGuest.threads();
            for (int round = 0; round < 10; round++) {
                try (Disk disk = Disk.create(folder, "pulled" + round, 16 * MIB)) {
                    guest.plug(disk, "slot2", "vdb");
                    assertEquals("ok", guest.sh("printf %0512d 7 | dd of=/dev/vdb bs=512 conv=fsync,notrunc 2>/dev/null && echo ok"));
                    double seconds = guest.unplug(disk, true);
                    assertTrue(seconds < 1, seconds + " s");
                    assertEquals("%0512d".formatted(7), new String(Files.readAllBytes(disk.file()), 0, 512));
                }
                assertEquals(SlotState.EMPTY, guest.slot(2).state());
                HotplugGuest.await("the guest lets go of it", () -> guest.sh("[ -e /dev/vdb ] || echo gone").equals("gone"));
            }
            guest.runs();
            assertEquals(List.of(), guest.oopses());
            HotplugGuest.await("files are left open", () -> HotplugGuest.openFiles() <= files);
            HotplugGuest.await("threads are left over", () -> HotplugGuest.threads() <= threads + 1);
            guest.powerOff();
        }
    }

    /**
     * Linux's virtio-blk up to 6.16 waits for ever for requests that were in flight when their disk was pulled, and with it
     * the driver of that slot does; nothing else may suffer, and a reset heals it.
     */
    @Test
    @Timeout(900)
    void aDiskThatIsPulledByForceUnderWritesLosesNothingThatWasFlushedAndHarmsNobodyElse() throws Exception {
        int files = HotplugGuest.openFiles();
        try (Disk fixed = Disk.create(folder, "disk0", 32 * MIB); HotplugGuest guest = new HotplugGuest(2, fixed).boot()) {
            for (int round = 0; round < 3; round++) {
                guest.sh(WRITER);
                try (Disk disk = Disk.create(folder, "pulled" + round, 16 * MIB);
                        Disk other = Disk.create(folder, "other" + round, 16 * MIB)) {
                    guest.plug(disk, "slot2", "vdb");
                    int from = guest.machine().console().output().length();
                    // Reads in flight as well, so that requests are always there.
                    guest.machine().type("while dd if=/dev/vdb of=/dev/null bs=64k 2>/dev/null; do :; done & writer vdb &\n");
                    guest.machine().expect("<vdb " + (50 + 7 * round) + ">", HotplugGuest.STEP);
                    guest.unplug(disk, true);
                    assertEquals(SlotState.EMPTY, guest.slot(2).state());
                    assertTrue(guest.sh("dd if=/dev/vda of=/dev/null bs=64k count=16 2>/dev/null && echo ok").endsWith("ok"));
                    verify(disk, "vdb", guest.machine().console().output().substring(from));
                    guest.machine().pci().plug(other.card(), "slot4");
                    assertEquals(SlotState.POWERED_ON, guest.hotplug().plug("other" + round, HotplugGuest.LIMIT).toCompletableFuture()
                            .get(1, TimeUnit.MINUTES).state());
                    guest.unplug(other, false);
                    guest.runs();
                    assertEquals(List.of(), guest.oopses());
                }
                guest.machine().machine().reset();
                guest.boot();
            }
            try (Disk disk = Disk.create(folder, "last", 16 * MIB)) {
                guest.plug(disk, "slot2", "vdb");
                guest.unplug(disk, false);
            }
            guest.powerOff();
        }
        HotplugGuest.await("files are left open", () -> HotplugGuest.openFiles() <= files);
    }

    @Test
    @Timeout(300)
    void theGuestSwitchesASlotOffAndOnByItself() throws Exception {
        try (Disk disk = Disk.create(folder, "disk0", 16 * MIB); HotplugGuest guest = new HotplugGuest(1, disk).boot()) {
            String power = "/sys/bus/pci/slots/1/power";
            for (int i = 0; i < 3; i++) {
                assertEquals("0", guest.sh("echo 0 >" + power + "; cat " + power));
                HotplugGuest.await("it is off", () -> guest.slot(1).state() == SlotState.PRESENT);
                assertEquals("1", guest.sh("[ -e /dev/vda ] || echo 1 >" + power + "; cat " + power));
                HotplugGuest.await("it is on", () -> guest.slot(1).state() == SlotState.POWERED_ON);
                assertEquals("16777216", guest.sh("until [ -b /dev/vda ]; do usleep 2000; done; wc -c </dev/vda"));
            }
            assertEquals(3, kinds(guest, "disk0").stream().filter(kind -> kind == Kind.POWERED_OFF).count());
            guest.sh("echo 0 >" + power);
            double seconds = guest.unplug(disk, false);
            assertTrue(seconds < 4, "the guest need not be asked: " + seconds + " s");
            assertEquals("0 0", guest.sh("cd /sys/bus/pci/slots/1; echo $(cat power adapter); cd"));
            assertEquals(List.of(), guest.warnings());
            guest.powerOff();
        }
    }

    @Test
    @Timeout(600)
    void slotsAndDisksInterruptByMessages() throws Exception {
        try (Disk fixed = Disk.create(folder, "disk0", 16 * MIB);
                HotplugGuest guest = new HotplugGuest(Board.virt().aia("aplic-imsic"), 2, fixed).boot()) {
            assertEquals(List.of(), guest.warnings());
            assertEquals("8", guest.sh("grep -c 'PCI-MSI.*pciehp' /proc/interrupts"));
            assertEquals("1", guest.sh("grep -c 'PCI-MSIX.*virtio0-req' /proc/interrupts"));
            for (int round = 0; round < 3; round++) {
                try (Disk disk = Disk.create(folder, "disk" + (1 + round), 16 * MIB)) {
                    guest.plug(disk, "slot3", "vdb");
                    assertEquals("ok", guest.sh("dd if=/dev/vdb of=/dev/null bs=64k 2>/dev/null && echo ok"));
                    guest.unplug(disk, round == 1);
                }
                HotplugGuest.await("the guest lets go of it", () -> guest.sh("[ -e /dev/vdb ] || echo gone").equals("gone"));
            }
            guest.runs();
            assertEquals(List.of(), guest.oopses());
            guest.powerOff();
        }
    }

    /** Two disks on one card. */
    private record TwoDisks(PciTransport first, PciTransport second) implements PciFunction, BusMaster {
        @Override
        public List<PciFunction> others() {
            return List.of(second);
        }

        @Override
        public PciDescription description() {
            return first.description();
        }

        @Override
        public void attach(PciContext context) {
            first.attach(context);
        }

        @Override
        public void detach() {
            first.detach();
        }

        @Override
        public void reset() {
            first.reset();
        }

        @Override
        public void stopBusMaster() {
            first.stopBusMaster();
        }

        @Override
        public String name() {
            return first.name();
        }

        @Override
        public DeviceType type() {
            return first.type();
        }

        @Override
        public DeviceStatus status() {
            return first.status();
        }

        @Override
        public Map<String, String> info() {
            return first.info();
        }
    }

    @Test
    @Timeout(300)
    void aCardWithTwoFunctionsComesAndGoesAsAWhole() throws Exception {
        try (Disk one = Disk.create(folder, "one", 8 * MIB); Disk two = Disk.create(folder, "two", 16 * MIB);
                HotplugGuest guest = new HotplugGuest(1).boot()) {
            TwoDisks card = new TwoDisks(one.card(), two.card());
            guest.machine().pci().plug(card, "slot6");
            guest.hotplug().plug("one", HotplugGuest.LIMIT).toCompletableFuture().get(1, TimeUnit.MINUTES);
            assertEquals("0000:06:00.0 0000:06:00.1", guest.sh("cd /sys/bus/pci/devices; echo *:06:*; cd"));
            assertEquals("8388608 16777216", guest.sh("until [ -b /dev/vdb ]; do usleep 2000; done; echo $(wc -c </dev/vda) $(wc -c </dev/vdb)"));
            guest.hotplug().unplug("one", HotplugGuest.LIMIT, false).toCompletableFuture().get(1, TimeUnit.MINUTES);
            assertEquals("gone", guest.sh("[ -e /dev/vda ] || [ -e /dev/vdb ] || echo gone"));
            assertEquals(DeviceStatus.DETACHED, two.card().status());
            assertEquals(List.of(), guest.warnings());
            guest.powerOff();
        }
    }

    @Test
    @Timeout(600)
    void whatIsPluggedWhileTheGuestBootsIsFound() throws Exception {
        List<String> moments = List.of("Linux version", "PCI host bridge to bus", "pcieport 0000:00:03.0: PME", "pcieport 0000:00:08.0: PME",
                "Serial: 8250", "Run /init as init process");
        for (int repeat = 0; repeat < 3; repeat++) {
            List<Disk> disks = new ArrayList<>();
            try (HotplugGuest guest = new HotplugGuest(2)) {
                List<CompletableFuture<SlotInfo>> plugs = new ArrayList<>();
                for (String moment : moments) {
                    guest.machine().expect(moment, HotplugGuest.BOOT);
                    Disk disk = Disk.create(folder, "disk" + repeat + "-" + disks.size(), 8 * MIB);
                    disks.add(disk);
                    guest.machine().pci().plug(disk.card(), "slot" + disks.size());
                    plugs.add(guest.hotplug().plug(disk.card().name(), HotplugGuest.LIMIT).toCompletableFuture());
                }
                guest.boot();
                for (CompletableFuture<SlotInfo> plug : plugs) {
                    assertEquals(SlotState.POWERED_ON, plug.get(2, TimeUnit.MINUTES).state());
                }
                HotplugGuest.await("all disks", () -> guest.sh("echo /dev/vd?").equals("/dev/vda /dev/vdb /dev/vdc /dev/vdd /dev/vde /dev/vdf"));
                List<String> warnings = guest.warnings();
                // Linux's pci_sysfs_init and a driver that adds a device at that moment may both make its files (kernel bug 215515).
                if (warnings.stream().noneMatch(line -> line.contains("sysfs: cannot create duplicate filename"))) {
                    assertEquals(List.of(), warnings);
                }
                guest.runs();
                for (Disk disk : disks.subList(0, 2)) {
                    guest.unplug(disk, false);
                }
                guest.powerOff();
            } finally {
                for (Disk disk : disks) {
                    disk.close();
                }
            }
        }
    }

    @Test
    @Timeout(900)
    void aResetAndARebootWithFilledSlotsLoseNothingThatWasFlushed() throws Exception {
        int files = HotplugGuest.openFiles();
        try (Disk first = Disk.create(folder, "disk0", 16 * MIB); Disk second = Disk.create(folder, "disk1", 16 * MIB);
                HotplugGuest guest = new HotplugGuest(2, first).boot()) {
            guest.plug(second, "slot5", "vdb");
            for (int round = 0; round < 3; round++) {
                guest.sh(WRITER);
                int from = guest.machine().console().output().length();
                guest.machine().type("writer vda & writer vdb &\n");
                guest.machine().expect("<vda 40>", HotplugGuest.STEP);
                guest.machine().expect("<vdb 60>", HotplugGuest.STEP);
                if (round == 1) {
                    guest.machine().machine().reset();
                } else {
                    guest.machine().type("reboot -f\n");
                }
                guest.machine().expect("Linux version", HotplugGuest.BOOT);
                String output = guest.machine().console().output();
                verify(first, "vda", output.substring(from));
                verify(second, "vdb", output.substring(from));
                guest.boot();
                HotplugGuest.await("both disks", () -> guest.sh("echo /dev/vd?").equals("/dev/vda /dev/vdb"));
                assertEquals(SlotState.POWERED_ON, guest.slot(1).state());
                assertEquals(SlotState.POWERED_ON, guest.slot(5).state());
                assertEquals(List.of(), guest.warnings());
                guest.runs();
            }
            guest.unplug(second, false);
            guest.powerOff();
        }
        HotplugGuest.await("files are left open", () -> HotplugGuest.openFiles() <= files);
    }
}
