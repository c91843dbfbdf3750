package org.vm.device.riscv.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class Uart16550Test {
    private static final int RBR = 0;
    private static final int THR = 0;
    private static final int IER = 1;
    private static final int IIR = 2;
    private static final int FCR = 2;
    private static final int LCR = 3;
    private static final int MCR = 4;
    private static final int LSR = 5;
    private static final int MSR = 6;
    private static final int SCR = 7;
    private final FakeMachine machine = new FakeMachine(1);
    private final FakeConsole console = new FakeConsole();
    private final Uart16550 uart = new Uart16550("uart", console);

    @BeforeEach
    void attach() {
        uart.attach(machine);
    }

    private int read(int register) {
        return (int) uart.read(register, 1);
    }

    private void write(int register, int value) {
        uart.write(register, 1, value);
    }

    @Test
    void whatIsWrittenToTheTransmitterIsPrintedAndTheTransmitterIsEmptyAgain() {
        for (char c : "hello".toCharArray()) {
            assertEquals(0x60, read(LSR) & 0x60);
            write(THR, c);
        }
        assertEquals("hello", console.printed.toString());
    }

    @Test
    void withoutFifoOneByteAtATimeIsReceivedAndTheRestWaitsInTheConsole() {
        console.type("ab");
        assertEquals(1, read(LSR) & 1);
        assertEquals(1, console.typed.size());
        assertEquals('a', read(RBR));
        assertEquals('b', read(RBR));
        assertEquals(0, read(LSR) & 1);
        assertEquals(0, read(RBR));
    }

    @Test
    void theFifoHoldsSixteenBytesAndNothingIsLostBehindIt() {
        write(FCR, 0x01);
        String text = "0123456789abcdefghijklmnopqrstuvwxyz";
        console.type(text);
        assertEquals(20, console.typed.size());
        StringBuilder got = new StringBuilder();
        while ((read(LSR) & 1) != 0) {
            got.append((char) read(RBR));
        }
        assertEquals(text, got.toString());
        assertEquals(0, read(LSR) & 2);
    }

    @Test
    void receivedDataInterruptsAtTheTriggerLevel() {
        write(FCR, 0x41);
        write(IER, 0x01);
        console.type("abc");
        assertFalse(machine.interrupt);
        assertEquals(0xC1, read(IIR));
        console.type("d");
        assertTrue(machine.interrupt);
        assertEquals(0xC4, read(IIR));
        read(RBR);
        assertFalse(machine.interrupt);
    }

    @Test
    void dataBelowTheTriggerLevelInterruptsAfterFourCharacterTimes() {
        write(LCR, 0x83);
        write(0, 2); // 115200 baud
        write(1, 0);
        write(LCR, 0x03);
        write(FCR, 0x81);
        write(IER, 0x01);
        console.type("x");
        machine.advance(300_000);
        assertFalse(machine.interrupt);
        machine.advance(100_000);
        assertTrue(machine.interrupt);
        assertEquals(0xCC, read(IIR));
        assertEquals('x', read(RBR));
        assertFalse(machine.interrupt);
        assertEquals(0xC1, read(IIR));
    }

    @Test
    void enablingTheTransmitterInterruptRaisesItAndReadingItsCauseTakesItBack() {
        write(IER, 0x02);
        assertTrue(machine.interrupt);
        assertEquals(0x02, read(IIR));
        assertFalse(machine.interrupt);
        assertEquals(0x01, read(IIR));
        write(THR, 'x');
        assertTrue(machine.interrupt);
    }

    @Test
    void readingTheCauseOfAnotherInterruptKeepsTheTransmitters() {
        write(IER, 0x03);
        console.type("a");
        assertEquals(0x04, read(IIR));
        read(RBR);
        assertEquals(0x02, read(IIR));
        assertEquals(0x01, read(IIR));
    }

    @Test
    void writingTheSameEnableBitsDoesNotRaiseTheTransmitterInterruptAgain() {
        write(IER, 0x02);
        read(IIR);
        write(IER, 0x02);
        assertFalse(machine.interrupt);
    }

    @Test
    void theDivisorLatchHidesDataAndInterruptEnable() {
        write(IER, 0x05);
        write(LCR, 0x83);
        write(0, 0x34);
        write(1, 0x12);
        assertEquals(0x34, read(0));
        assertEquals(0x12, read(1));
        write(LCR, 0x03);
        assertEquals(0x05, read(IER));
        assertEquals("", console.printed.toString());
    }

    @Test
    void loopbackConnectsTheTransmitterToTheReceiverAndModemOutputsToInputs() {
        write(MCR, 0x1A);
        assertEquals(0x90, read(MSR) & 0xF0);
        write(THR, 'z');
        assertEquals('z', read(RBR));
        assertEquals("", console.printed.toString());
        write(MCR, 0x00);
        assertEquals(0xB0, read(MSR) & 0xF0);
    }

    @Test
    void anOverrunInLoopbackIsReportedOnce() {
        write(MCR, 0x10);
        write(IER, 0x04);
        write(THR, 'a');
        write(THR, 'b');
        assertTrue(machine.interrupt);
        assertEquals(0x06, read(IIR));
        assertEquals(0x03, read(LSR) & 0x03);
        assertEquals(0x01, read(LSR) & 0x03);
        assertFalse(machine.interrupt);
        assertEquals('a', read(RBR));
    }

    @Test
    void modemStatusChangesInterruptAndAreReadOnce() {
        write(IER, 0x08);
        write(MCR, 0x10);
        assertTrue(machine.interrupt);
        assertEquals(0x00, read(IIR));
        assertEquals(0x0B, read(MSR) & 0x0F);
        assertEquals(0x00, read(MSR) & 0x0F);
        assertFalse(machine.interrupt);
    }

    @Test
    void clearingTheReceiverFifoDropsItsBytes() {
        write(FCR, 0x01);
        console.type("abc");
        write(FCR, 0x03);
        assertEquals(0, read(LSR) & 1);
    }

    @Test
    void identificationShowsTheFifos() {
        assertEquals(0x00, read(IIR) & 0xC0);
        write(FCR, 0x01);
        assertEquals(0xC0, read(IIR) & 0xC0);
    }

    @Test
    void theScratchRegisterKeepsAByte() {
        write(SCR, 0x1A5);
        assertEquals(0xA5, read(SCR));
    }

    @Test
    void resetForgetsSettingsAndDetachLetsTheConsoleGo() {
        write(IER, 0x0F);
        write(MCR, 0x10);
        uart.reset();
        assertEquals(0, read(IER));
        assertEquals(0, read(MCR));
        assertFalse(machine.interrupt);
        uart.detach();
        assertNull(console.listener);
    }
}
