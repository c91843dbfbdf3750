package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.vm.api.ExecMode;
import org.vm.api.VmException;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.machine.DeviceManager.Attachment;
import org.vm.device.virtio.internal.MmioTransport;
import org.vm.device.virtio.internal.Rng;
import org.vm.device.virtio.internal.SecureRandomEntropy;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.engine.jit.internal.JitEngine;
import org.vm.guest.FetchOptions;
import org.vm.guest.GuestImage;
import org.vm.guest.Progress;
import org.vm.guest.internal.DebianGuests;
import org.vm.machine.internal.Board;
import org.vm.machine.internal.VirtualMachine;

/** Debian's own kernel and firmware, unmodified. Skipped where they are not cached and cannot be fetched. */
class DebianBootTest {
    private static final Duration BOOT = Duration.ofMinutes(5);
    private static final Duration COMMAND = Duration.ofMinutes(3);
    private static final String PROMPT = "root@linux:~# ";

    private static GuestImage image(String name) {
        try {
            return DebianGuests.local().prepare(name, FetchOptions.DEFAULT, Progress.SILENT);
        } catch (VmException e) {
            return Assumptions.abort("guest '" + name + "' cannot be had here: " + e.getMessage());
        }
    }

    private static GuestMachine.Builder machine(GuestImage image) {
        GuestMachine.Builder builder = GuestMachine.virt().memory(512L << 20).append(image.append());
        image.kernel().ifPresent(builder::kernel);
        image.initrd().ifPresent(builder::initrd);
        image.firmware().ifPresent(builder::firmware);
        return builder;
    }

    /** Types a command and returns what it printed. */
    private static String run(GuestMachine guest, String command) {
        guest.type(command + "; echo do''ne\n");
        String output = guest.expect("done\r\n", COMMAND);
        guest.expect(PROMPT, COMMAND);
        return output.substring(output.indexOf('\n') + 1);
    }

    private static void powerOff(GuestMachine guest) {
        guest.type("poweroff -f\n");
        assertEquals(0, guest.awaitEnd(COMMAND));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void linuxBootsToAShellWithTheBuiltInFirmware(int harts) throws Exception {
        try (JitEngine hybrid = new JitEngine(new Interpreter(), ExecMode.HYBRID)) {
            bootAndCalculate(hybrid, harts, BOOT);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    @Tag("slow")
    void linuxBootsWhenItIsOnlyInterpreted(int harts) throws Exception {
        bootAndCalculate(new Interpreter(), harts, BOOT);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    @Tag("slow")
    void linuxBootsWhenAllIsTranslatedAtOnce(int harts) throws Exception {
        try (JitEngine jit = new JitEngine(new Interpreter(), ExecMode.JIT, 1)) {
            bootAndCalculate(jit, harts, BOOT.multipliedBy(6));
        }
    }

    private static void bootAndCalculate(ExecutionEngine engine, int harts, Duration boot) throws Exception {
        String sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(new byte[2 << 20]));
        try (GuestMachine guest = machine(image("linux")).vcpus(harts).engine(engine).start()) {
            guest.expect(PROMPT, boot);
            assertEquals(Integer.toString(harts), run(guest, "nproc").strip());
            assertTrue(run(guest, "uname -m").startsWith("riscv64"));
            String output = run(guest, "for i in 1 2 3 4; do head -c 2097152 /dev/zero | sha256sum & done; wait");
            assertEquals(4, output.split(sum, -1).length - 1, output);
            powerOff(guest);
        }
    }

    @Test
    void linuxBootsThroughOpenSbiAndCanReboot() {
        try (GuestMachine guest = machine(image("opensbi")).vcpus(2).start()) {
            guest.expect("OpenSBI v", BOOT);
            guest.expect(PROMPT, BOOT);
            guest.type("reboot -f\n");
            guest.expect("OpenSBI v", BOOT);
            guest.expect(PROMPT, BOOT);
            assertEquals("2", run(guest, "nproc").strip());
            powerOff(guest);
        }
    }

    @Test
    void openSbiFindsTheAclint() {
        GuestImage image = image("opensbi");
        try (GuestMachine guest = GuestMachine.virt().board(Board.virtAclint()).vcpus(2)
                .firmware(image.firmware().orElseThrow()).start()) {
            assertTrue(guest.expect("Platform Console Device", BOOT).contains("aclint-mtimer @ 10000000Hz"));
            guest.expect("Boot HART MEDELEG", COMMAND);
        }
    }

    @Test
    void ubootReachesItsPromptAndPowersOff() {
        try (GuestMachine guest = machine(image("u-boot")).start()) {
            guest.expect("Hit any key to stop autoboot", BOOT);
            guest.type("\n");
            guest.expect("=> ", COMMAND);
            guest.type("version\n");
            guest.expect("U-Boot 20", COMMAND);
            guest.expect("=> ", COMMAND);
            guest.type("poweroff\n");
            assertEquals(0, guest.awaitEnd(COMMAND));
        }
    }

    @Test
    void linuxBootsWhileItIsPausedAndHandedFromEngineToEngineAndDevicesComeAndGo() throws InterruptedException {
        try (GuestMachine guest = machine(image("linux")).vcpus(2).start()) {
            VirtualMachine machine = guest.machine();
            CountDownLatch booted = new CountDownLatch(1);
            AtomicInteger rounds = new AtomicInteger();
            CompletableFuture<Void> disturbance = CompletableFuture.runAsync(() -> {
                Interpreter[] engines = {new Interpreter(), new Interpreter()};
                try {
                    while (!booted.await(50, TimeUnit.MILLISECONDS)) {
                        machine.engine(engines[rounds.incrementAndGet() & 1]);
                        machine.pause();
                        Attachment rng = machine.devices().register(new MmioTransport(new Rng("rng", new SecureRandomEntropy())), -1, -1);
                        machine.resume();
                        machine.devices().unregister(rng.device().name(), true);
                    }
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            try {
                guest.expect(PROMPT, BOOT);
            } finally {
                booted.countDown();
            }
            disturbance.join();
            assertTrue(rounds.get() > 10, rounds + " disturbances");
            assertEquals("2", run(guest, "nproc").strip());
            powerOff(guest);
        }
    }

    /** Checksums in parallel, and what shells do. */
    @ParameterizedTest
    @ValueSource(ints = {30, 600})
    @Tag("slow")
    void linuxCalculatesRightWhileItsModeChangesAHundredTimes(int seconds) throws Exception {
        String sum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(new byte[4 << 20]));
        byte[] numbers = IntStream.rangeClosed(1, 20_000).mapToObj(i -> i + "\n").collect(Collectors.joining())
                .getBytes(StandardCharsets.US_ASCII);
        String unzipped = HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(numbers));
        Interpreter interpreter = new Interpreter();
        try (JitEngine hybrid = new JitEngine(interpreter, ExecMode.HYBRID, 200);
                JitEngine jit = new JitEngine(interpreter, ExecMode.JIT, 1);
                GuestMachine guest = machine(image("linux")).vcpus(2).engine(hybrid).start()) {
            VirtualMachine machine = guest.machine();
            machine.engines(List.of(hybrid, jit, interpreter));
            guest.expect(PROMPT, BOOT);
            AtomicBoolean done = new AtomicBoolean();
            CompletableFuture<Integer> changes = CompletableFuture.supplyAsync(() -> {
                ExecMode[] modes = {ExecMode.INTERPRETER, ExecMode.HYBRID, ExecMode.JIT, ExecMode.HYBRID};
                CountDownLatch never = new CountDownLatch(1);
                int count = 0;
                try {
                    while (!done.get()) {
                        machine.mode(modes[count++ % modes.length]);
                        never.await(30, TimeUnit.MILLISECONDS);
                    }
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return count;
            });
            int rounds = 0;
            try {
                long begun = System.nanoTime();
                // A change takes as long as a vCPU takes to leave its translator, so time decides, within bounds.
                while (System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(seconds) && !changes.isDone()) {
                    String output = run(guest, "for i in 1 2 3; do head -c 4194304 /dev/zero | sha256sum & done; wait");
                    assertEquals(3, output.split(sum, -1).length - 1, output);
                    output = run(guest, "seq 20000 | gzip | gunzip | md5sum & "
                            + "awk 'BEGIN { for (i = 0; i < 30000; i++) s += i * i; print s }'; wait");
                    assertTrue(output.contains(unzipped) && output.contains("8999550005000"), output);
                    rounds++;
                }
            } finally {
                done.set(true);
            }
            assertTrue(changes.get(1, TimeUnit.MINUTES) >= 100, changes.get() + " changes in " + rounds + " rounds");
            powerOff(guest);
        }
    }
}
