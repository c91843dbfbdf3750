package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vm.api.ExecMode;
import org.vm.api.VmException;
import org.vm.backend.block.internal.FileBlockBackend;
import org.vm.backend.block.internal.RamDiskBackend;
import org.vm.device.virtio.internal.Blk;
import org.vm.device.virtio.internal.Console;
import org.vm.device.virtio.internal.PciTransport;
import org.vm.device.virtio.internal.Rng;
import org.vm.device.virtio.internal.SecureRandomEntropy;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.engine.jit.internal.JitEngine;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;
import org.vm.guest.internal.DebianGuests;
import org.vm.machine.internal.Board;

/** Debian's own kernel and firmware on machines with the Advanced Interrupt Architecture. */
class AdvancedInterruptsBootTest {
    private static final Duration BOOT = Duration.ofMinutes(5);
    private static final Duration STEP = Duration.ofMinutes(2);
    /** Without those of a vCPU that a busy host held up in its timer interrupt. */
    private static final String WARNINGS = "dmesg -r | grep '^<[0-4]>' | grep -v 'hrtimer: interrupt took'";
    private static final String PROMPT = "root@linux:~# ";

    @TempDir
    Path folder;

    private static GuestImage image(String name) {
        try {
            return DebianGuests.local().prepare(name, FetchOptions.DEFAULT, Progress.SILENT);
        } catch (VmException e) {
            return Assumptions.abort("the guest '" + name + "' cannot be had here: " + e.getMessage());
        }
    }

    private static GuestMachine.Builder machine(String aia, String name, int harts) {
        GuestImage image = image(name);
        GuestMachine.Builder builder = GuestMachine.virt().board(Board.virt().aia(aia)).vcpus(harts).memory(256 << 20)
                .append(image.append());
        image.kernel().ifPresent(builder::kernel);
        image.initrd().ifPresent(builder::initrd);
        image.firmware().ifPresent(builder::firmware);
        return builder;
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

    private FileBlockBackend disk() throws Exception {
        Path file = folder.resolve("disk.img");
        Files.write(file, new byte[8 << 20]);
        return new FileBlockBackend(file, false);
    }

    /** Uses disk, console and entropy, and has a look at what interrupts. */
    private static String work(GuestMachine guest, CapturedConsole hvc) {
        guest.expect(PROMPT, BOOT);
        sh(guest, "dmesg -n 1");
        assertEquals("1", sh(guest, "dd if=/dev/urandom of=/tmp/a bs=64k count=32 2>/dev/null; dd if=/tmp/a of=/dev/vda bs=64k"
                + " conv=fsync 2>/dev/null; echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/vda bs=64k count=32 2>/dev/null"
                + " | cmp - /tmp/a && echo 1"));
        assertEquals("64", sh(guest, "dd if=/dev/hwrng bs=64 count=1 2>/dev/null | wc -c"));
        sh(guest, "echo to the terminal >/dev/hvc0");
        hvc.expect("to the terminal", STEP);
        assertEquals("", sh(guest, WARNINGS), "warnings of the kernel");
        return sh(guest, "cat /proc/interrupts");
    }

    private static void powerOff(GuestMachine guest) {
        guest.type("poweroff -f\n");
        assertEquals(0, guest.awaitEnd(STEP));
    }

    /** The counter of an interrupt, over all harts; -1 if there is none of that description. */
    private static int count(String interrupts, String description) {
        return interrupts.lines().filter(line -> Pattern.compile(description).matcher(line).find())
                .mapToInt(line -> Pattern.compile("(?<=\\s)\\d+(?=\\s)").matcher(line.substring(0, columns(line))).results()
                        .mapToInt(m -> Integer.parseInt(m.group())).sum()).findFirst().orElse(-1);
    }

    /** Where the counters of a line end. */
    private static int columns(String line) {
        Matcher counters = Pattern.compile("^ *\\w+:(\\s+\\d+)+\\s").matcher(line);
        return counters.find() ? counters.end() : 0;
    }

    private interface Check {
        void of(GuestMachine guest, String interrupts);
    }

    private void boot(String aia, String image, int harts, Check check) throws Exception {
        CapturedConsole hvc = new CapturedConsole();
        try (JitEngine hybrid = new JitEngine(new Interpreter(), ExecMode.HYBRID);
                FileBlockBackend backend = disk();
                GuestMachine guest = machine(aia, image, harts).engine(hybrid)
                        .function(new PciTransport(new Blk("disk0", backend, new Blk.Settings(512, "S", harts, 32))))
                        .function(new PciTransport(new Rng("rng0", new SecureRandomEntropy())))
                        .function(new PciTransport(new Console("console0", hvc, 2))).start()) {
            String interrupts = work(guest, hvc);
            assertEquals(harts, interrupts.lines().findFirst().orElse("").split("CPU", -1).length - 1, interrupts);
            check.of(guest, interrupts);
            powerOff(guest);
        }
    }

    private static void messages(GuestMachine guest, String interrupts) {
        int harts = guest.machine().cpus().size();
        int requests = 0;
        for (int queue = 0; queue < harts; queue++) {
            int count = count(interrupts, "PCI-MSIX-0000:01:00.0 +%d Edge +virtio0-req.%d".formatted(queue + 1, queue));
            assertTrue(count >= 0, "no vector for queue " + queue + " in\n" + interrupts);
            requests += count;
        }
        assertTrue(requests > 0, interrupts);
        assertTrue(count(interrupts, "PCI-MSIX-0000:02:00.0 +1 Edge +virtio1-input") > 0, interrupts);
        assertTrue(count(interrupts, "PCI-MSIX-0000:03:00.0 +2 Edge +virtio2-output") > 0, interrupts);
        assertTrue(count(interrupts, "APLIC-MSI-d000000.aplic +10 Level .*ttyS0") > 0, interrupts);
        String imsic = sh(guest, "dmesg | grep imsics@28000000");
        assertTrue(imsic.contains("providing IPIs using interrupt 1"), imsic);
        assertTrue(imsic.contains("per-CPU IDs 255 at base address 0x0000000028000000"), imsic);
        assertTrue(harts == 1 || count(interrupts, "Function call interrupts") > 0, interrupts);
        assertEquals("disabled disabled", sh(guest, "cd /proc/device-tree/soc; echo $(tr '\\0' ' ' <aplic@c000000/status)"
                + " $(tr '\\0' ' ' <imsics@24000000/status); cd"), "M-mode's, by whichever firmware");
    }

    private static void wires(GuestMachine guest, String interrupts) {
        assertTrue(count(interrupts, "APLIC-DIRECT +33 Level .*virtio0") > 0, interrupts);
        assertTrue(count(interrupts, "APLIC-DIRECT +10 Level .*ttyS0") > 0, interrupts);
        assertFalse(interrupts.contains("MSI"), interrupts);
    }

    @Test
    @Timeout(900)
    void everyQueueHasAVectorOfItsOwnWithAnImsic() throws Exception {
        boot("aplic-imsic", "linux", 4, AdvancedInterruptsBootTest::messages);
    }

    @Test
    @Timeout(900)
    void openSbiHandsTheImsicToLinux() throws Exception {
        boot("aplic-imsic", "opensbi", 2, (guest, interrupts) -> {
            messages(guest, interrupts);
            assertTrue(guest.console().output().contains("Boot HART ISA Extensions    : smaia,"));
        });
    }

    @Test
    @Tag("slow")
    @Timeout(900)
    void oneHartTakesMessages() throws Exception {
        boot("aplic-imsic", "linux", 1, AdvancedInterruptsBootTest::messages);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    @Tag("slow")
    @Timeout(900)
    void wiresAreDeliveredByAnAplicAlone(int harts) throws Exception {
        boot("aplic", "linux", harts, AdvancedInterruptsBootTest::wires);
    }

    @Test
    @Tag("slow")
    @Timeout(900)
    void openSbiDelegatesAnAplicsSourcesToLinux() throws Exception {
        boot("aplic", "opensbi", 2, AdvancedInterruptsBootTest::wires);
    }

    @Test
    @Tag("slow")
    @Timeout(900)
    void interruptsMoveFromHartToHartUnderLoadAndHartsComeAndGo() throws Exception {
        boot("aplic-imsic", "linux", 4, (guest, interrupts) -> {
            // The entropy device's vector and the serial port's, which the APLIC forwards; a disk's queues stay with their harts.
            String work = "rng=$(sed -n 's/^ *\\([0-9]*\\):.*virtio1-input/\\1/p' /proc/interrupts);"
                    + " tty=$(sed -n 's/^ *\\([0-9]*\\):.*ttyS0/\\1/p' /proc/interrupts); bad=0; n=0;"
                    + " while [ $n -lt 60 ]; do n=$((n+1)); for irq in $rng $tty; do echo $((1 << n % 4)) >/proc/irq/$irq/smp_affinity"
                    + " || bad=$((bad+1)); done; [ $(dd if=/dev/hwrng bs=64 count=4 2>/dev/null | wc -c) = 256 ] || bad=$((bad+1));"
                    + " [ $((n % 5)) = 0 ] && echo 0 >/sys/devices/system/cpu/cpu$((1 + n / 5 % 3))/online;"
                    + " dd if=/tmp/a of=/dev/vda bs=64k conv=fsync 2>/dev/null; echo 3 >/proc/sys/vm/drop_caches;"
                    + " dd if=/dev/vda bs=64k count=32 2>/dev/null | cmp - /tmp/a || bad=$((bad+1));"
                    + " [ $((n % 5)) = 0 ] && echo 1 >/sys/devices/system/cpu/cpu$((1 + n / 5 % 3))/online; done; echo rounds $n bad $bad";
            assertEquals("rounds 60 bad 0", sh(guest, work));
            String after = sh(guest, "cat /proc/interrupts");
            Matcher counters = Pattern.compile("(?m)^ *\\d+:((?:\\s+\\d+)+)\\s.*virtio1-input").matcher(after);
            assertTrue(counters.find(), after);
            assertEquals(4, Pattern.compile("[1-9]\\d*").matcher(counters.group(1)).results().count(), "harts that served it:\n" + after);
            assertEquals("4", sh(guest, "nproc"));
            assertEquals("", sh(guest, WARNINGS), "warnings of the kernel");
        });
    }

    @Test
    @Tag("slow")
    @Timeout(900)
    void aRebootFindsTheControllersAsTheyWereAtFirst() throws Exception {
        boot("aplic-imsic", "linux", 2, (guest, interrupts) -> {
            guest.type("reboot -f\n");
            guest.expect("Linux version", BOOT);
            guest.expect(PROMPT, BOOT);
            sh(guest, "dmesg -n 1");
            messages(guest, sh(guest, "dd if=/dev/vda of=/dev/null bs=64k count=32 2>/dev/null; dd if=/dev/hwrng of=/dev/null bs=64"
                    + " count=1 2>/dev/null; echo again >/dev/hvc0; cat /proc/interrupts"));
            assertEquals("", sh(guest, WARNINGS), "warnings of the kernel");
        });
    }

    @Test
    @Tag("slow")
    @Timeout(900)
    void cardsThatComeAndGoLeaveNoVectorTaken() throws Exception {
        boot("aplic-imsic", "linux", 2, (guest, interrupts) -> {
            Set<String> before = null;
            for (int round = 0; round < 20; round++) {
                try (RamDiskBackend storage = new RamDiskBackend(4 << 20)) {
                    PciTransport disk = new PciTransport(new Blk("more", storage, new Blk.Settings(512, "MORE", 2, 32)));
                    guest.pci().plug(disk, "slot5");
                    String seen = sh(guest, "echo 1 >/sys/bus/pci/rescan; n=0; until [ -b /dev/vdb ] || [ $n = 50 ]; do n=$((n+1));"
                            + " usleep 100000; done; dd if=/tmp/a of=/dev/vdb bs=64k conv=fsync 2>/dev/null; cat /proc/interrupts");
                    assertTrue(count(seen, "PCI-MSIX-0000:05:00.0 +0 Edge") == 0, seen);
                    assertTrue(count(seen, "PCI-MSIX-0000:05:00.0 +1 Edge") + count(seen, "PCI-MSIX-0000:05:00.0 +2 Edge") > 0, seen);
                    sh(guest, "echo 1 >/sys/bus/pci/devices/0000:05:00.0/remove");
                    guest.pci().unplug(disk);
                }
                assertEquals("0", sh(guest, "grep -c 0000:05:00.0 /proc/interrupts"));
                Set<String> enabled = enabledIdentities(guest);
                // The root port's may have been set up by the first card.
                before = before == null ? enabled : before;
                assertEquals(before, enabled, "round " + round);
            }
            assertEquals("", sh(guest, WARNINGS), "warnings of the kernel");
        });
    }

    private static Set<String> enabledIdentities(GuestMachine guest) {
        Map<String, String> info = guest.machine().devices().find("imsic").orElseThrow().device().info();
        return info.entrySet().stream().filter(entry -> entry.getKey().endsWith(".S"))
                .map(entry -> entry.getKey() + " " + entry.getValue().replaceAll(", pending.*", "")).collect(Collectors.toSet());
    }
}
