package org.vm.device.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SysconTest {
    private final FakeMachine machine = new FakeMachine(1);
    private final Syscon syscon = new Syscon("syscon");

    @BeforeEach
    void attach() {
        syscon.attach(machine);
    }

    @Test
    void passEndsTheMachineInOrder() {
        syscon.write(0, 4, 0x5555);
        assertEquals(0, machine.poweredOff);
    }

    @Test
    void failEndsItWithTheStatusInTheUpperHalf() {
        syscon.write(0, 4, 42L << 16 | 0x3333);
        assertEquals(42, machine.poweredOff);
    }

    @Test
    void aFailureWithoutAStatusIsStillAFailure() {
        syscon.write(0, 2, 0x3333);
        assertEquals(1, machine.poweredOff);
    }

    @Test
    void resetRestartsIt() {
        syscon.write(0, 4, 0x7777);
        assertEquals(1, machine.resets);
    }

    @Test
    void anythingElseIsIgnored() {
        syscon.write(0, 4, 0x1234);
        syscon.write(4, 4, 0x5555);
        syscon.write(0, 1, 0x55);
        syscon.write(0, 8, 0x5555);
        assertNull(machine.poweredOff);
        assertEquals(0, syscon.read(0, 4));
    }
}
