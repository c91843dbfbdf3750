package org.vm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.vm.api.DeviceException;
import org.vm.api.machine.MachineState;
import org.vm.device.riscv.internal.Imsic;
import org.vm.isa.riscv.internal.RiscvArchitecture;
import org.vm.machine.internal.Board;

/** An IMSIC that is taken away takes its CSRs with it, under the nose of a hart that uses them. */
class ControllerRemovalTest {
    private static final long ILLEGAL = BareHart.RAM + 0x1_0000;
    private static final long CLAIMED = ILLEGAL + 8;
    /** Enables all interrupts of the supervisor's file, then claims for ever, counting claims and illegal instructions. */
    private static final String CLAIMER = """
            la t0, illegal
            csrw mtvec, t0
            li s0, %d
            loop:
            li t0, 0x70
            csrw siselect, t0
            csrwi sireg, 1
            li t0, 0xC0
            csrw siselect, t0
            li t0, -1
            csrw sireg, t0
            csrrw a0, stopei, zero
            beqz a0, loop
            ld t1, 8(s0)
            addi t1, t1, 1
            sd t1, 8(s0)
            mv a0, zero
            j loop
            .balign 4
            illegal:
            ld t1, 0(s0)
            addi t1, t1, 1
            sd t1, 0(s0)
            mv a0, zero
            csrr t1, mepc
            addi t1, t1, 4
            csrw mepc, t1
            mret
            """.formatted(ILLEGAL);

    private static long read(GuestMachine guest, long address) {
        return guest.machine().memory().segment().get(ValueLayout.JAVA_LONG_UNALIGNED,
                guest.machine().memory().offset(address, 8));
    }

    private static void awaitMore(GuestMachine guest, long address, long than) {
        while (read(guest, address) <= than) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    @Test
    @Timeout(60)
    void aHartLosesAndRegainsItsInterruptFiles() {
        byte[] program = RiscvArchitecture.assembler().assemble(CLAIMER, BareHart.RAM).bytes();
        try (GuestMachine guest = GuestMachine.virt().board(Board.virt().aia("aplic-imsic")).memory(16 << 20).firmware(program).start()) {
            Imsic imsic = (Imsic) guest.machine().devices().find("imsic").orElseThrow().device();
            while (!imsic.info().get("hart0.S").startsWith("on, enabled: 1 ")) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            }
            imsic.message(0, 63);
            awaitMore(guest, CLAIMED, 0);
            assertEquals(0, read(guest, ILLEGAL));
            assertThrows(DeviceException.class, () -> guest.machine().devices().unregister("imsic", false), "it is in use");
            guest.machine().devices().unregister("imsic", true);
            awaitMore(guest, ILLEGAL, 100);
            Imsic other = new Imsic("imsic");
            guest.machine().devices().register(other, 0x2800_0000, 0);
            long claimed = read(guest, CLAIMED);
            while (read(guest, CLAIMED) == claimed) {
                other.message(0, 5);
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            }
            assertEquals(MachineState.RUNNING, guest.machine().state());
        }
    }
}
