package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Programs in M-mode, from the reset vector on. */
class FirmwareBootTest {
    private static final int[] PRINT_AND_POWER_OFF = {
        0x100002b7, //    lui   t0, 0x10000      UART
        0x00000317, //    auipc t1, 0
        0x03030313, //    addi  t1, t1, 48       text
        0x00034383, // 1: lbu   t2, 0(t1)
        0x00038863, //    beqz  t2, 2f
        0x00728023, //    sb    t2, 0(t0)
        0x00130313, //    addi  t1, t1, 1
        0xff1ff06f, //    j     1b
        0x001002b7, // 2: lui   t0, 0x100        test finisher
        0x00005337, //    lui   t1, 0x5
        0x55530313, //    addi  t1, t1, 0x555    power off
        0x0062a023, //    sw    t1, 0(t0)
        0x0000006f, //    j     .
    };

    static byte[] program(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        ByteBuffer program = ByteBuffer.allocate(PRINT_AND_POWER_OFF.length * 4 + bytes.length + 1)
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int instruction : PRINT_AND_POWER_OFF) {
            program.putInt(instruction);
        }
        return program.put(bytes).array();
    }

    @Test
    void aProgramInMachineModePrintsAndPowersOff() {
        try (GuestMachine guest = GuestMachine.virt().memory(4 << 20).firmware(program("hello from M-mode\n")).start()) {
            assertEquals(0, guest.awaitEnd(Duration.ofSeconds(30)));
            assertEquals("hello from M-mode\n", guest.console().output());
        }
    }

    @Test
    void aMachineCanBeStartedAgainAndAgain() {
        try (GuestMachine guest = GuestMachine.virt().memory(4 << 20).firmware(program("again\n")).start()) {
            for (int i = 1; i < 20; i++) {
                assertEquals(0, guest.awaitEnd(Duration.ofSeconds(30)));
                guest.machine().start();
            }
            assertEquals(0, guest.awaitEnd(Duration.ofSeconds(30)));
            assertEquals("again\n".repeat(20), guest.console().output());
        }
    }

    @Test
    void aRawKernelRunsInSupervisorModeUnderTheBuiltInFirmware() {
        try (GuestMachine guest = GuestMachine.virt().memory(16 << 20).vcpus(4).kernel(program("hello from S-mode\n")).start()) {
            assertEquals(0, guest.awaitEnd(Duration.ofSeconds(30)));
            assertEquals("hello from S-mode\n", guest.console().output());
        }
    }

    @Test
    void theFinisherEndsTheMachineWithTheGuestsStatus() {
        int[] fail = {
            0x001002b7, // lui  t0, 0x100      test finisher
            0x002a3337, // lui  t1, 0x2a3
            0x33330313, // addi t1, t1, 0x333  fail with 42
            0x0062a023, // sw   t1, 0(t0)
            0x0000006f, // j    .
        };
        ByteBuffer program = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN);
        for (int instruction : fail) {
            program.putInt(instruction);
        }
        try (GuestMachine guest = GuestMachine.virt().memory(4 << 20).firmware(program.array()).start()) {
            assertEquals(42, guest.awaitEnd(Duration.ofSeconds(30)));
        }
    }
}
