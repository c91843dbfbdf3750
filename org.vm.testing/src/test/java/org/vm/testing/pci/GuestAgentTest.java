package org.vm.testing.pci;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.VmException;
import org.vm.api.device.DeviceStatus;
import org.vm.api.hotplug.GuestAgentException;
import org.vm.api.hotplug.HotplugException;
import org.vm.api.hotplug.HotplugManager;
import org.vm.api.hotplug.SlotInfo;
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
import org.vm.guest.internal.DebianPrograms;
import org.vm.testing.GuestMachine;

/** Debian's kernel, which has no driver for slots, plugs and unplugs with the help of an agent, and nobody types. */
class GuestAgentTest {
    private static final Duration BOOT = Duration.ofMinutes(5);
    private static final Duration STEP = Duration.ofMinutes(2);
    private static final String PROMPT = "root@linux:~# ";
    private static final String ADDRESS = "0000:03:00.0";

    @TempDir
    Path folder;

    private final AgentPort port = new AgentPort("org.qemu.guest_agent.0");
    private final Console ports = Console.ofPorts("ports", 8);
    private final QemuGuestAgent agent = new QemuGuestAgent("guest", port);

    @BeforeEach
    void connect() {
        ports.addPort(port.name(), port);
    }

    @AfterEach
    void close() {
        agent.close();
    }

    private static <T> T fetched(Supplier<T> fetching) {
        try {
            return fetching.get();
        } catch (VmException e) {
            return Assumptions.abort("what the guest is made of cannot be had here: " + e.getMessage());
        }
    }

    private GuestMachine.Builder machine() {
        GuestImage linux = fetched(() -> DebianGuests.local().prepare("linux", FetchOptions.DEFAULT, Progress.SILENT));
        return GuestMachine.virt().memory(256 << 20).kernel(linux.kernel().orElseThrow())
                .initrd(linux.initrd().orElseThrow()).append(linux.append())
                .function(new PciTransport(ports), "00:1e");
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
        try (GuestMachine guest = machine().start()) {
            plugAndUnplug(guest, 3);
            assertEquals("qemu-guest-agent (busybox)", agent.state().detail());
            ports.removePort(port);
            assertTimeoutPreemptively(STEP, () -> {
                while (agent.state().connected()) {
                    Thread.onSpinWait();
                }
            });
            ports.addPort(port.name(), port);
            get(agent.whenConnected());
            get(agent.rescan(STEP));
            powerOff(guest);
        }
    }

    @Test
    @Tag("slow")
    @Timeout(900)
    void aDiskComesAndGoesByDebiansQemuGuestAgent() throws Exception {
        byte[] programs = fetched(() -> DebianPrograms.overlay("qemu-guest-agent", "usr/sbin/qemu-ga", Map.of("sbin/vm-agent",
                """
                #!/bin/sh
                exec qemu-ga -m virtio-serial -p "$1" -t /run
                """)));
        Path initrd = folder.resolve("initrd");
        GuestMachine.Builder machine = machine();
        Files.copy(fetched(() -> DebianGuests.local().prepare("linux", FetchOptions.DEFAULT, Progress.SILENT)).initrd()
                .orElseThrow(), initrd);
        Files.write(initrd, programs, StandardOpenOption.APPEND);
        try (GuestMachine guest = machine.initrd(initrd).start()) {
            plugAndUnplug(guest, 3);
            assertTrue(agent.state().detail().matches("qemu-guest-agent [0-9.]+"), agent.state().detail());
            assertEquals("", sh(guest, "ls -l /proc/$(pidof qemu-ga)/fd | grep /sys/"), "files are left open");
            sh(guest, "kill $(pidof qemu-ga)");
            assertEquals(GuestAgentException.Reason.DISCONNECTED, assertInstanceOf(GuestAgentException.class,
                    assertThrows(ExecutionException.class, () -> get(agent.rescan(STEP))).getCause()).reason());
            sh(guest, "/sbin/vm-agent /dev/virtio-ports/org.qemu.guest_agent.0 & true");
            get(agent.whenConnected());
            get(agent.rescan(STEP));
            powerOff(guest);
        }
    }

    private void powerOff(GuestMachine guest) {
        guest.type("poweroff\n");
        assertEquals(0, guest.awaitEnd(STEP));
        assertFalse(agent.state().connected());
    }

    private void plugAndUnplug(GuestMachine guest, int rounds) throws Exception {
        guest.pci().agent(agent);
        HotplugManager slots = guest.pci().hotplug().orElseThrow();
        get(agent.whenConnected());
        guest.expect(PROMPT, BOOT);
        sh(guest, "dmesg -n 1; modprobe -q ext4");
        try (RamDiskBackend storage = new RamDiskBackend(16 << 20)) {
            PciTransport disk = new PciTransport(new Blk("disk", storage, Blk.Settings.DEFAULT));
            guest.pci().plug(disk, "slot3");
            for (int round = 0; round < rounds; round++) {
                SlotInfo slot = get(slots.plug("disk", STEP));
                assertEquals(SlotInfo.Way.AGENT, slot.way(), slot.reason());
                assertEquals(ADDRESS, slot.address());
                assertEquals("/dev/vda", sh(guest, "n=0; until [ -b /dev/vda ] || [ $n = 50 ]; do n=$((n+1)); usleep 100000;"
                        + " done; ls /dev/vda"));
                assertEquals(List.of(), get(agent.users(ADDRESS, STEP)));
                sh(guest, "mke2fs -I 256 /dev/vda >/dev/null; mount -t ext4 /dev/vda /mnt");
                HotplugException refused = assertInstanceOf(HotplugException.class,
                        assertThrows(ExecutionException.class, () -> get(slots.unplug("disk", STEP, false))).getCause());
                assertEquals(HotplugException.Reason.REFUSED, refused.reason());
                assertTrue(refused.getMessage().contains("/mnt is mounted from vda"), refused.getMessage());
                sh(guest, "umount /mnt; mkswap /dev/vda >/dev/null; swapon /dev/vda");
                assertEquals(List.of("the guest swaps to vda"), get(agent.users(ADDRESS, STEP)));
                sh(guest, "swapoff /dev/vda");
                get(slots.unplug("disk", STEP, false));
                assertEquals(DeviceStatus.DETACHED, disk.status());
                assertEquals("gone", sh(guest, "[ -e /sys/bus/pci/devices/" + ADDRESS + " ] || [ -e /dev/vda ] || echo gone"));
                get(agent.remove(ADDRESS, STEP));
            }
            guest.pci().unplug(disk);
        }
        // The host's load is no concern of the guest.
        assertEquals("", sh(guest, "dmesg -r | grep '^<[0-4]>' | grep -v 'hrtimer: interrupt took'"), "warnings of the kernel");
    }
}
