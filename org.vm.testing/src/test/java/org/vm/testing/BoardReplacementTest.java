package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vm.api.VmException;
import org.vm.api.device.DeviceHost.Plugged;
import org.vm.api.device.MmioDevice;
import org.vm.api.machine.DeviceManager.Attachment;
import org.vm.api.pci.PciFunction;
import org.vm.api.replace.DeviceKeeper;
import org.vm.backend.block.internal.RamDiskBackend;
import org.vm.device.pci.internal.PciHost;
import org.vm.device.riscv.internal.AclintMtimer;
import org.vm.device.riscv.internal.AclintSwi;
import org.vm.device.riscv.internal.Aplic;
import org.vm.device.riscv.internal.Clint;
import org.vm.device.riscv.internal.GoldfishRtc;
import org.vm.device.riscv.internal.Imsic;
import org.vm.device.riscv.internal.Plic;
import org.vm.device.riscv.internal.Syscon;
import org.vm.device.riscv.internal.Uart16550;
import org.vm.device.virtio.internal.Blk;
import org.vm.device.virtio.internal.PciTransport;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;
import org.vm.guest.internal.DebianGuests;
import org.vm.machine.internal.Board;

/** All that a board has is replaced, again and again, under a guest that works with it. */
class BoardReplacementTest {
    private static final Path BUILTIN = Path.of("../org.vm.guest.builtin/target/builtin.img");
    private static final Duration LIMIT = Duration.ofSeconds(5);
    private static final Duration STEP = Duration.ofMinutes(3);
    private static final String PROMPT = "root@linux:~# ";

    private static MmioDevice another(MmioDevice old, GuestMachine guest, Attachment at) {
        String name = old.name();
        return switch (old) {
            case Uart16550 uart -> new Uart16550(name, guest.console());
            case GoldfishRtc rtc -> new GoldfishRtc(name);
            case Clint clint -> new Clint(name);
            case AclintMtimer timer -> new AclintMtimer(name, at.base());
            case AclintSwi swi -> new AclintSwi(name, swi.nodeName().equals("sswi") ? AclintSwi.SUPERVISOR : AclintSwi.MACHINE);
            case Plic plic -> new Plic(name, plic.sources());
            case Aplic aplic -> new Aplic(name, aplic.sources(), aplic.info().get("delivery").equals("messages"));
            case Imsic imsic -> new Imsic(name);
            case Syscon syscon -> new Syscon(name);
            case PciHost host -> new PciHost(name);
            default -> throw new IllegalArgumentException("a device that is not of the board: " + name);
        };
    }

    /** As it goes when the bundle of a device is updated. */
    private static void replace(GuestMachine guest, String name) throws Exception {
        Attachment at = guest.machine().devices().find(name).orElseThrow();
        MmioDevice old = at.device();
        MmioDevice next = another(old, guest, at);
        int plugged = guest.machine().devices().plugged().size();
        DeviceKeeper.Hold hold = guest.machine().devices().hold(List.of(old), LIMIT);
        List<PciFunction> cards = new ArrayList<>();
        if (old instanceof PciHost host) {
            host.plugged().stream().map(Plugged::device).map(PciFunction.class::cast).forEach(cards::add);
        }
        guest.machine().devices().withdraw(old);
        if (next instanceof PciHost host) {
            cards.forEach(card -> host.offer(card, ""));
        }
        guest.machine().devices().offer(next, at.base(), at.irq());
        hold.filled().toCompletableFuture().get(20, TimeUnit.SECONDS);
        hold.accept();
        hold.close();
        assertEquals(plugged, guest.machine().devices().plugged().size());
    }

    private static List<String> parts(GuestMachine guest) {
        return guest.machine().devices().attachments().stream().map(at -> at.device().name()).toList();
    }

    /** Replaces everything until it is told to stop. */
    private static final class Replacer implements AutoCloseable {
        final AtomicInteger rounds = new AtomicInteger();
        private final AtomicBoolean over = new AtomicBoolean();
        private final CompletableFuture<Void> end;

        Replacer(GuestMachine guest) {
            List<String> parts = parts(guest);
            end = CompletableFuture.runAsync(() -> {
                try {
                    while (!over.get()) {
                        for (String name : parts) {
                            replace(guest, name);
                        }
                        rounds.incrementAndGet();
                    }
                } catch (Exception e) {
                    throw new IllegalStateException("after " + rounds + " rounds", e);
                }
            }, task -> Thread.ofPlatform().daemon().start(task));
        }

        @Override
        public void close() throws Exception {
            over.set(true);
            end.get(60, TimeUnit.SECONDS);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    @Timeout(120)
    void theBuiltinGuestNoticesNothing(int vcpus) throws Exception {
        try (GuestMachine guest = GuestMachine.virt().vcpus(vcpus).kernel(BUILTIN).start()) {
            try (Replacer replacer = new Replacer(guest)) {
                guest.expect("> ", STEP);
                for (int i = 0; i < 20 || replacer.rounds.get() < 20; i++) {
                    guest.type("echo line " + i + " that is longer than the FIFO\r");
                    guest.expect("\nline " + i + " that is longer than the FIFO\r\n> ", STEP);
                    assertFalse(replacer.end.isDone(), "replacements go on");
                }
            }
            guest.type("\004");
            assertEquals(0, guest.awaitEnd(STEP));
            String output = guest.console().output();
            assertTrue(output.contains("check other harts ........ ok"), output);
            assertFalse(output.contains("FAILED"), output);
        }
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

    @ParameterizedTest
    @ValueSource(strings = {"none", "aplic", "aplic-imsic"})
    @Tag("slow")
    @Timeout(900)
    void linuxNoticesNothing(String aia) throws Exception {
        GuestImage linux;
        try {
            linux = DebianGuests.local().prepare("linux", FetchOptions.DEFAULT, Progress.SILENT);
        } catch (VmException e) {
            linux = Assumptions.abort("the guest cannot be had here: " + e.getMessage());
        }
        try (RamDiskBackend storage = new RamDiskBackend(16 << 20);
                GuestMachine guest = GuestMachine.virt().board(Board.virt().aia(aia)).vcpus(2).memory(256 << 20)
                        .kernel(linux.kernel().orElseThrow()).initrd(linux.initrd().orElseThrow()).append(linux.append())
                        .function(new PciTransport(new Blk("disk0", storage, Blk.Settings.DEFAULT))).start()) {
            guest.expect(PROMPT, Duration.ofMinutes(5));
            sh(guest, "dmesg -n 1");
            try (Replacer replacer = new Replacer(guest)) {
                for (int i = 0; i < 5 || replacer.rounds.get() < 50; i++) {
                    assertEquals("1", sh(guest, "dd if=/dev/urandom of=/tmp/a bs=64k count=32 2>/dev/null; dd if=/tmp/a of=/dev/vda"
                            + " bs=64k conv=fsync 2>/dev/null; echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/vda bs=64k count=32"
                            + " 2>/dev/null | cmp - /tmp/a && echo 1"));
                    sh(guest, "sleep 1; date; taskset 2 true");
                    assertFalse(replacer.end.isDone(), "replacements go on");
                }
            }
            assertEquals("", sh(guest, "dmesg -r | grep '^<[0-4]>' | grep -v 'hrtimer: interrupt took' || true"));
            guest.type("poweroff\n");
            assertEquals(0, guest.awaitEnd(STEP));
        }
    }

    @RepeatedTest(3)
    @Timeout(60)
    void aMachineThatIsResetOrStoppedWhileItsBoardIsReplacedObeys() throws Exception {
        try (GuestMachine guest = GuestMachine.virt().vcpus(2).kernel(BUILTIN).start()) {
            guest.expect("> ", STEP);
            try (Replacer replacer = new Replacer(guest)) {
                for (int i = 0; i < 5; i++) {
                    guest.machine().reset();
                    guest.expect("> ", STEP);
                    guest.machine().pause();
                    guest.machine().resume();
                    guest.type("echo again\r");
                    guest.expect("\nagain\r\n> ", STEP);
                    assertFalse(replacer.end.isDone(), "replacements go on");
                }
            }
            guest.machine().stop();
        }
    }
}
