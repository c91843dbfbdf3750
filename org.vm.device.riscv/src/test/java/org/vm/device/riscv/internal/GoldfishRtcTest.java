package org.vm.device.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GoldfishRtcTest {
    private final FakeMachine machine = new FakeMachine(1);
    private final GoldfishRtc rtc = new GoldfishRtc("rtc");

    @BeforeEach
    void attach() {
        rtc.attach(machine);
    }

    private long time() {
        long low = rtc.read(0x00, 4);
        return rtc.read(0x04, 4) << 32 | low;
    }

    private void alarm(long at) {
        rtc.write(0x0c, 4, at >>> 32);
        rtc.write(0x08, 4, at & 0xFFFF_FFFFL);
    }

    @Test
    void tellsTheTimeOfTheMachine() {
        assertEquals(machine.wallNanos(), time());
    }

    @Test
    void readingTheLowHalfLatchesTheHighOne() {
        rtc.write(0x04, 4, 1);
        rtc.write(0x00, 4, 0xFFFF_FFFFL);
        assertEquals(0xFFFF_FFFFL, rtc.read(0x00, 4));
        machine.advance(10);
        assertEquals(1, rtc.read(0x04, 4));
        assertEquals(9, rtc.read(0x00, 4));
        assertEquals(2, rtc.read(0x04, 4));
    }

    @Test
    void theAlarmInterruptsAtItsTimeUntilItIsCleared() {
        rtc.write(0x10, 4, 1);
        alarm(machine.wallNanos() + 1_000_000);
        assertEquals(1, rtc.read(0x18, 4));
        machine.advance(999_999);
        assertFalse(machine.interrupt);
        machine.advance(1);
        assertTrue(machine.interrupt);
        assertEquals(0, rtc.read(0x18, 4));
        rtc.write(0x1c, 4, 1);
        assertFalse(machine.interrupt);
    }

    @Test
    void aClearedAlarmDoesNotRing() {
        rtc.write(0x10, 4, 1);
        alarm(machine.wallNanos() + 1_000);
        rtc.write(0x14, 4, 1);
        machine.advance(5_000);
        assertFalse(machine.interrupt);
    }

    @Test
    void anAlarmInThePastRingsAtOnceAndOneInTheFarFutureNever() {
        rtc.write(0x10, 4, 1);
        alarm(0);
        assertTrue(machine.interrupt);
        rtc.write(0x1c, 4, 1);
        alarm(-1);
        machine.advance(1_000_000_000_000L);
        assertFalse(machine.interrupt);
    }

    @Test
    void anInterruptThatIsEnabledLaterIsRaisedThen() {
        alarm(machine.wallNanos() + 5);
        machine.advance(10);
        assertFalse(machine.interrupt);
        rtc.write(0x10, 4, 1);
        assertTrue(machine.interrupt);
    }
}
