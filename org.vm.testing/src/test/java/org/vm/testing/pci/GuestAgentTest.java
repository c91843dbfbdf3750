package org.vm.testing.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vm.api.VmException;
import org.vm.api.device.DeviceStatus;
import org.vm.backend.agent.internal.AgentPort;
import org.vm.backend.agent.internal.QemuGuestAgent;
import org.vm.backend.block.internal.RamDiskBackend;
import org.vm.device.virtio.internal.Blk;
import org.vm.device.virtio.internal.Console;
import org.vm.device.virtio.internal.PciTransport;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;
import org.vm.guest.internal.DebianGuests;
import org.vm.testing.GuestMachine;

/** Debian's kernel, which has no driver for slots, plugs and unplugs with the help of an agent, and nobody types. */
class GuestAgentTest {
    private static final Duration BOOT = Duration.ofMinutes(5);
    private static final Duration STEP = Duration.ofMinutes(2);
    private static final String PROMPT = "root@linux:~# ";
    private static final String ADDRESS = "0000:03:00.0";

    private static GuestMachine.Builder machine() {
        GuestImage linux;
        try {
            linux = DebianGuests.local().prepare("linux", FetchOptions.DEFAULT, Progress.SILENT);
        } catch (VmException e) {
            return Assumptions.abort("the guest 'linux' cannot be had here: " + e.getMessage());
        }
        return GuestMachine.virt().memory(256 << 20).kernel(linux.kernel().orElseThrow())
                .initrd(linux.initrd().orElseThrow()).append(linux.append());
    }

    private static String sh(GuestMachine guest, String command) {
        guest.type("echo BE''GIN; " + command + "; echo EN''D\n");
        guest.expect("BEGIN\r\n", STEP);
        String output = guest.expect("END\r\n", STEP);
        guest.expect(PROMPT, STEP);
        return output.replace("\r", "").strip();
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(BOOT.toSeconds(), TimeUnit.SECONDS);
    }

    @Test
    @Timeout(600)
    void aDiskComesAndGoesByTheAgentOfOurOwnInitialRamDisk() throws Exception {
        AgentPort port = new AgentPort("org.qemu.guest_agent.0");
        Console ports = new Console("ports", 8);
        ports.addPort(port.name(), port);
        try (QemuGuestAgent agent = new QemuGuestAgent("guest", port);
                RamDiskBackend storage = new RamDiskBackend(16 << 20);
                GuestMachine guest = machine().function(new PciTransport(ports), "00:1e").start()) {
            get(agent.whenConnected());
            guest.expect(PROMPT, BOOT);
            sh(guest, "dmesg -n 1");
            assertEquals("qemu-guest-agent (busybox)", agent.state().detail());
            PciTransport disk = new PciTransport(new Blk("disk", storage, Blk.Settings.DEFAULT));
            for (int round = 0; round < 3; round++) {
                guest.pci().plug(disk, "slot3");
                get(agent.rescan(STEP));
                assertEquals("/dev/vda", sh(guest, "n=0; until [ -b /dev/vda ] || [ $n = 50 ]; do n=$((n+1)); usleep 100000;"
                        + " done; ls /dev/vda"));
                assertEquals(List.of(), get(agent.users(ADDRESS, STEP)));
                sh(guest, "modprobe -q ext4; mke2fs -I 256 /dev/vda >/dev/null; mount -t ext4 /dev/vda /mnt");
                assertEquals(List.of("/mnt is mounted from vda"), get(agent.users(ADDRESS, STEP)));
                sh(guest, "umount /mnt");
                assertEquals(List.of(), get(agent.users(ADDRESS, STEP)));
                get(agent.remove(ADDRESS, STEP));
                assertEquals(DeviceStatus.ATTACHED, disk.status(), "its driver has let it go");
                assertEquals("gone", sh(guest, "[ -e /sys/bus/pci/devices/" + ADDRESS + " ] || [ -e /dev/vda ] || echo gone"));
                guest.pci().unplug(disk);
                get(agent.remove(ADDRESS, STEP));
            }
            // The host's load is no concern of the guest.
            assertEquals("", sh(guest, "dmesg -r | grep '^<[0-4]>' | grep -v 'hrtimer: interrupt took'"), "warnings of the kernel");
            ports.removePort(port);
            assertFalse(agent.state().connected());
            ports.addPort(port.name(), port);
            get(agent.whenConnected());
            get(agent.rescan(STEP));
            assertTrue(agent.state().connected());
            guest.type("poweroff\n");
            assertEquals(0, guest.awaitEnd(STEP));
            assertFalse(agent.state().connected());
        }
    }
}
