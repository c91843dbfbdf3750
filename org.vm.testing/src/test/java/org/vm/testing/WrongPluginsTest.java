package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.vm.api.GuestArch;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceTreeContributor;
import org.vm.api.device.DeviceTreeNode;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.device.Resettable;
import org.vm.api.isa.Encoding;
import org.vm.api.isa.InstructionExtension;
import org.vm.api.machine.MachineState;
import org.vm.isa.riscv.internal.RiscvArchitecture;

/** Devices and instructions that do what they must not: the machine goes on, and says what is wrong. */
class WrongPluginsTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final long BASE = 0x0400_0000;
    /** Reads the device, writes it, and powers off: with status 0 if it has read zero. */
    private static final String PROGRAM = """
            li a0, 0x4000000
            lw a1, 0(a0)
            sw a1, 0(a0)
            li a2, 0x100000
            li a3, 0x5555
            beqz a1, end
            li a3, 0x13333
            end: sw a3, 0(a2)
            wait: j wait
            """;

    /** Does nothing wrong; others do. */
    private static class Device implements MmioDevice, Resettable, DeviceTreeContributor {
        @Override
        public String name() {
            return "wrong";
        }

        @Override
        public DeviceType type() {
            return DeviceType.CUSTOM;
        }

        @Override
        public DeviceStatus status() {
            return DeviceStatus.ATTACHED;
        }

        @Override
        public Map<String, String> info() {
            return Map.of();
        }

        @Override
        public long size() {
            return 0x1000;
        }

        @Override
        public void attach(DeviceContext context) {
            // Needs nothing.
        }

        @Override
        public void detach() {
            // Holds nothing.
        }

        @Override
        public long read(long offset, int width) {
            return 0;
        }

        @Override
        public void write(long offset, int width, long value) {
            // Keeps nothing.
        }

        @Override
        public void reset() {
            // Has no state.
        }

        @Override
        public String nodeName() {
            return "wrong";
        }

        @Override
        public void describe(DeviceTreeNode node) {
            // Is not found.
        }
    }

    private static GuestMachine machine(MmioDevice device) {
        return GuestMachine.virt().memory(16 << 20).device(device, BASE, 0)
                .firmware(RiscvArchitecture.assembler().assemble(PROGRAM, BareHart.RAM).bytes()).start();
    }

    @Test
    void aDeviceThatThrowsAtAnAccessReadsZeroAndIsNamed() {
        try (GuestMachine guest = machine(new Device() {
            @Override
            public long read(long offset, int width) {
                throw new IllegalStateException("no reading today");
            }

            @Override
            public void write(long offset, int width, long value) {
                throw new NoClassDefFoundError("some/Class");
            }
        })) {
            assertEquals(0, guest.awaitEnd(LIMIT));
            String warnings = String.join("\n", guest.machine().warnings());
            assertTrue(warnings.contains("device 'wrong' at 0x4000000 failed at 2 accesses") && warnings.contains("no reading today")
                    && warnings.contains("WrongPluginsTest.java"), warnings);
        }
    }

    @Test
    void aDeviceThatThrowsAtAResetOrWhenItDescribesItselfKeepsNoMachineFromStarting() {
        try (GuestMachine guest = machine(new Device() {
            @Override
            public void reset() {
                throw new IllegalStateException("no reset");
            }

            @Override
            public void describe(DeviceTreeNode node) {
                throw new IllegalStateException("no words");
            }
        })) {
            assertEquals(0, guest.awaitEnd(LIMIT));
        }
    }

    @Test
    void aDeviceThatNeverAnswersIsNamedAndTheMachineCanBeStopped() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        try (GuestMachine guest = machine(new Device() {
            @Override
            public long read(long offset, int width) {
                inside.countDown();
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException("broken off", e);
                }
                return 1;
            }
        })) {
            assertTrue(inside.await(LIMIT.toSeconds(), TimeUnit.SECONDS));
            // Its thread is on its way from the latch into the wait.
            awaitWarning(guest, "vCPU 0 waits for device 'wrong', which does not answer an access");
            guest.machine().stop();
            assertEquals(MachineState.STOPPED, guest.machine().state());
        }
    }

    private static void awaitWarning(GuestMachine guest, String text) throws TimeoutException {
        long until = System.nanoTime() + LIMIT.toNanos();
        List<String> warnings = guest.machine().warnings();
        while (warnings.stream().noneMatch(warning -> warning.contains(text))) {
            if (System.nanoTime() > until) {
                throw new TimeoutException("only: " + warnings);
            }
            warnings = guest.machine().warnings();
        }
    }

    /** Takes the encoding of {@code add}. */
    public static final class Taken {
        private Taken() {}

        @Encoding("0000000 rs2 rs1 000 rd 0110011")
        public static long plus(long rs1, long rs2) {
            return rs1 + rs2;
        }
    }

    /** In custom-0. */
    public static final class First {
        private First() {}

        @Encoding("0000000 rs2 rs1 000 rd 0001011")
        public static long first(long rs1, long rs2) {
            return rs1 + rs2;
        }
    }

    /** There, too, whatever funct7 is. */
    public static final class Second {
        private Second() {}

        @Encoding("imm[11:0] rs1 000 rd 0001011")
        public static long second(long rs1, long imm) {
            return rs1 + imm;
        }
    }

    private record Instructions(String name, List<Class<?>> instructions) implements InstructionExtension {
        @Override
        public GuestArch architecture() {
            return GuestArch.RISCV64;
        }
    }

    @Test
    void ofTwoBundlesWithOneEncodingTheFirstHasItAndBothAreNamed() {
        try (GuestMachine guest = GuestMachine.virt().memory(16 << 20).extension(new Instructions("xfirst", List.of(First.class)))
                .extension(new Instructions("xsecond", List.of(Second.class))).build()) {
            String warnings = String.join("\n", guest.machine().warnings());
            assertTrue(warnings.contains("first") && warnings.contains("second") && warnings.contains("refused"), warnings);
            assertTrue(guest.machine().cpus().getFirst().instructionSet().name().endsWith("_xfirst"));
        }
    }

    @Test
    void instructionsThatOverlapAreRefusedWithBothNamesAndTheMachineIsMadeWithoutThem() {
        try (GuestMachine guest = GuestMachine.virt().memory(16 << 20).device(new Device(), BASE, 0)
                .extension(new Instructions("xtaken", List.of(Taken.class)))
                .firmware(RiscvArchitecture.assembler().assemble(PROGRAM, BareHart.RAM).bytes()).start()) {
            assertEquals(0, guest.awaitEnd(LIMIT));
            String warnings = String.join("\n", guest.machine().warnings());
            assertTrue(warnings.contains("plus") && warnings.contains("IntegerArithmetic") && warnings.contains("refused"), warnings);
            assertTrue(!guest.machine().cpus().getFirst().instructionSet().name().contains("xtaken"));
        }
    }
}
