package org.vm.testing.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vm.api.ExecMode;
import org.vm.api.VmException;
import org.vm.api.device.DeviceStatus;
import org.vm.api.hotplug.HotplugEvent;
import org.vm.api.hotplug.HotplugEvent.Kind;
import org.vm.api.hotplug.HotplugManager;
import org.vm.api.hotplug.SlotInfo;
import org.vm.api.hotplug.SlotState;
import org.vm.backend.agent.internal.AgentPort;
import org.vm.backend.agent.internal.QemuGuestAgent;
import org.vm.backend.block.internal.RamDiskBackend;
import org.vm.device.virtio.internal.Blk;
import org.vm.device.virtio.internal.Console;
import org.vm.device.virtio.internal.PciTransport;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.engine.jit.internal.JitEngine;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;
import org.vm.guest.internal.DebianGuests;
import org.vm.testing.GuestMachine;

/** Disks come and go under Debian's kernel by its agent, again and again, while another disk works. */
@Tag("slow")
class AgentHotplugTest {
    private static final int ROUNDS = Integer.getInteger("vm.hotplug.rounds", 100);
    private static final Duration STEP = Duration.ofMinutes(5);
    private static final String PROMPT = "root@linux:~# ";

    private static String sh(GuestMachine guest, String command) {
        // The quotes keep the markers out of the echo of what is typed.
        guest.type("echo BE''GIN; " + command + "; echo EN''D\n");
        guest.expect("BEGIN\r\n", STEP);
        String output = guest.expect("END\r\n", STEP);
        guest.expect(PROMPT, STEP);
        return output.replace("\r", "").strip();
    }

    @Test
    @Timeout(3600)
    void aDiskIsPluggedUsedAndUnpluggedManyTimesWhileAnotherOneWorks() throws Exception {
        GuestImage linux;
        try {
            linux = DebianGuests.local().prepare("linux", FetchOptions.DEFAULT, Progress.SILENT);
        } catch (VmException e) {
            linux = Assumptions.abort("the guest cannot be had here: " + e.getMessage());
        }
        DoubleSummaryStatistics plugging = new DoubleSummaryStatistics();
        DoubleSummaryStatistics unplugging = new DoubleSummaryStatistics();
        AgentPort port = new AgentPort("org.qemu.guest_agent.0");
        Console ports = Console.ofPorts("ports", 8);
        ports.addPort(port.name(), port);
        try (QemuGuestAgent agent = new QemuGuestAgent("guest", port);
                RamDiskBackend fixed = new RamDiskBackend(32 << 20);
                JitEngine engine = new JitEngine(new Interpreter(), ExecMode.HYBRID);
                GuestMachine guest = GuestMachine.virt().memory(256 << 20).vcpus(2).engine(engine)
                        .kernel(linux.kernel().orElseThrow()).initrd(linux.initrd().orElseThrow()).append(linux.append())
                        .function(new PciTransport(new Blk("disk0", fixed, Blk.Settings.DEFAULT)))
                        .function(new PciTransport(ports), "00:1e").start()) {
            guest.pci().agent(agent);
            HotplugManager slots = guest.pci().hotplug().orElseThrow();
            guest.expect(PROMPT, STEP);
            agent.whenConnected().toCompletableFuture().get(5, TimeUnit.MINUTES);
            sh(guest, "dmesg -n 1; modprobe -q ext4; mke2fs -I 256 /dev/vda >/dev/null; mkdir -p /a /b; mount -t ext4 /dev/vda /a");
            sh(guest, "work() { while [ ! -e /tmp/stop ]; do dd if=/dev/urandom of=/a/f bs=64k count=16 2>/dev/null; cp /a/f /a/g;"
                    + " cmp /a/f /a/g || echo MIS''MATCH; done; }; work & true");
            int threads = Thread.activeCount();
            for (int i = 0; i < ROUNDS; i++) {
                int number = 2 + i % 7;
                String name = "disk" + (i + 1);
                try (RamDiskBackend storage = new RamDiskBackend(16 << 20)) {
                    PciTransport disk = new PciTransport(new Blk(name, storage, Blk.Settings.DEFAULT));
                    guest.type("until [ -b /dev/vdb ]; do usleep 10000; done; echo there''now\n");
                    guest.expect("now\r\n", STEP);
                    long begun = System.nanoTime();
                    guest.pci().plug(disk, "slot" + number);
                    guest.expect("therenow", STEP);
                    plugging.accept((System.nanoTime() - begun) / 1e9);
                    guest.expect(PROMPT, STEP);
                    SlotInfo slot = slots.plug(name, STEP).toCompletableFuture().get(5, TimeUnit.MINUTES);
                    assertEquals(SlotInfo.Way.AGENT, slot.way(), slot.reason());
                    assertEquals(SlotState.POWERED_ON, slot.state());
                    assertEquals("ok", sh(guest, "printf 'n\\np\\n1\\n\\n\\nw\\n' | fdisk /dev/vdb >/dev/null 2>&1;"
                            + " mke2fs -I 256 /dev/vdb1 >/dev/null && mount -t ext4 /dev/vdb1 /b && cp /bin/busybox /b/ && sync &&"
                            + " umount /b && mount -t ext4 /dev/vdb1 /b && cmp /bin/busybox /b/busybox && umount /b && echo ok"),
                            "round " + i);
                    begun = System.nanoTime();
                    slots.unplug(name, STEP, false).toCompletableFuture().get(5, TimeUnit.MINUTES);
                    unplugging.accept((System.nanoTime() - begun) / 1e9);
                    assertEquals(DeviceStatus.DETACHED, disk.status());
                    assertEquals(SlotState.EMPTY, slots.slots().get(number - 1).state());
                    assertEquals("no", sh(guest, "[ -e /dev/vdb ] || echo no"));
                    guest.pci().unplug(disk);
                }
                assertEquals(List.of(Kind.INSERTED, Kind.ADDED, Kind.REMOVED), slots.events(0).stream()
                        .filter(event -> event.device().equals(name)).map(HotplugEvent::kind).toList());
            }
            // The timer of the JDK's own is one.
            assertTrue(Thread.activeCount() <= threads + 1, "threads are left over");
            assertEquals("", sh(guest, "dmesg -r | grep '^<[0-4]>' | grep -v 'hrtimer: interrupt took'"), "warnings of the kernel");
            sh(guest, "touch /tmp/stop; wait; umount /a");
            assertFalse(guest.console().output().contains("MISMATCH"));
            guest.type("poweroff\n");
            assertEquals(0, guest.awaitEnd(STEP));
        }
        System.out.printf(Locale.ROOT, "hot-plug by agent, %d rounds: plug to /dev/vdb %.2f s (%.2f to %.2f), unplug to empty slot"
                + " %.2f s (%.2f to %.2f)%n", ROUNDS, plugging.getAverage(), plugging.getMin(), plugging.getMax(),
                unplugging.getAverage(), unplugging.getMin(), unplugging.getMax());
    }
}
