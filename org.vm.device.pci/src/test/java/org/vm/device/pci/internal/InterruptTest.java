package org.vm.device.pci.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.vm.api.pci.PciDescription;
import org.vm.device.pci.internal.FakeMachine.Message;

/** Lines and messages (PCI Express Base Specification 5.0, section 6.1). */
class InterruptTest {
    private static final int CARD = 0x1e;
    private static final long TABLE = 0x4000_0000L;

    private final FakeMachine machine = new FakeMachine(8);

    private FakeCard plug(PciDescription description) {
        FakeCard card = new FakeCard("card", description);
        machine.host.plug(card, "00:1e");
        machine.config(0, CARD, Header.BAR_0, TABLE);
        machine.config(0, CARD, Header.COMMAND, 6);
        return card;
    }

    @Test
    void neighboursHaveDifferentSourcesAndNoCardHasThatOfThePorts() {
        for (int device = 1; device <= 8; device++) {
            FakeCard card = new FakeCard("card" + device, FakeCard.plain());
            machine.host.plug(card, "slot" + device);
            card.context.interrupt().raise();
            for (int source = 32; source < 36; source++) {
                assertEquals(source == 32 + device % 4 % 3, machine.level(source), "slot" + device + ", source " + source);
            }
            card.context.interrupt().lower();
        }
    }

    @Test
    void theLineCanBeDisabledAndComesBack() {
        FakeCard card = plug(FakeCard.plain());
        card.context.interrupt().raise();
        assertTrue(machine.level(34));
        assertTrue((machine.config(0, CARD, Header.STATUS) & Header.INTERRUPT_STATUS) != 0);
        machine.config(0, CARD, Header.COMMAND, 6 | Header.INTERRUPT_DISABLE);
        assertFalse(machine.level(34));
        assertTrue((machine.config(0, CARD, Header.STATUS) & Header.INTERRUPT_STATUS) != 0);
        machine.config(0, CARD, Header.COMMAND, 6);
        assertTrue(machine.level(34));
        machine.host.unplug(card);
        assertFalse(machine.level(34));
    }

    @Test
    void pinsAreOnTheLinesThatTheirRegistersSayAndPortsShareTheirsWithNoCard() {
        FakeMachine large = new FakeMachine(9);
        for (int device = 1; device < 32; device++) {
            boolean slot = device <= 9;
            FakeCard card = new FakeCard("card" + device, FakeCard.plain());
            large.host.plug(card, slot ? "slot" + device : "00:%02x".formatted(device));
            if (slot) {
                large.config(0, device, Header.SECONDARY_BUS, device);
                assertEquals(3, (device + large.config(0, device, Header.INTERRUPT_PIN) - 1) % 4, "port " + device);
            }
            int line = (device + (slot ? large.config(device, 0, Header.INTERRUPT_PIN)
                    : large.config(0, device, Header.INTERRUPT_PIN)) - 1) % 4;
            assertNotEquals(3, line, "card " + device);
            card.context.interrupt().raise();
            for (int each = 0; each < 4; each++) {
                assertEquals(each == line, large.level(32 + each), "line " + each + " of card " + device);
            }
            card.context.interrupt().lower();
        }
    }

    @Test
    void twoCardsShareAWire() {
        FakeCard one = new FakeCard("one", FakeCard.plain());
        FakeCard two = new FakeCard("two", FakeCard.plain());
        machine.host.plug(one, "slot1");
        machine.host.plug(two, "slot5");
        one.context.interrupt().raise();
        two.context.interrupt().raise();
        one.context.interrupt().lower();
        assertTrue(machine.level(33));
        two.context.interrupt().lower();
        assertFalse(machine.level(33));
    }

    private void entry(int vector, long address, int data, int control) {
        machine.store(TABLE + 16 * vector, 8, address);
        machine.store(TABLE + 16 * vector + 8, 4, data);
        machine.store(TABLE + 16 * vector + 12, 4, control);
    }

    private Field msix() {
        return new Field(machine.capability(0, CARD, 0x11) + 2, 2);
    }

    @Test
    void msixSendsAMessageForEachVectorInPlaceOfTheLine() {
        FakeCard card = plug(FakeCard.plain().msix(3));
        assertEquals(2, machine.config(0, CARD, msix()) & 0x7ff);
        entry(0, FakeMachine.SINK + 8, 0x11, 0);
        entry(2, FakeMachine.SINK, 0x33, 0);
        card.context.send(0);
        assertEquals(List.of(), machine.messages);
        assertFalse(card.context.messages());
        machine.config(0, CARD, msix(), 0x8000);
        assertTrue(card.context.messages());
        card.context.send(0);
        card.context.send(2);
        card.context.send(3);
        card.context.send(-1);
        assertEquals(List.of(new Message(8, 0x11), new Message(0, 0x33)), machine.messages);
        card.context.interrupt().raise();
        assertFalse(machine.level(34));
        machine.config(0, CARD, msix(), 0);
        assertTrue(machine.level(34));
    }

    @Test
    void maskedVectorsWaitAndGoOnceWhenUnmasked() {
        FakeCard card = plug(FakeCard.plain().msix(3));
        machine.config(0, CARD, msix(), 0x8000);
        machine.store(TABLE + 16, 8, FakeMachine.SINK);
        assertEquals(1, machine.load(TABLE + 16 + 12, 4), "masked after reset");
        card.context.send(1);
        card.context.send(1);
        assertEquals(List.of(), machine.messages);
        int pending = machine.config(0, CARD, new Field(machine.capability(0, CARD, 0x11) + 8, 4)) & ~7;
        assertEquals(2, machine.load(TABLE + pending, 8));
        machine.store(TABLE + pending, 8, -1);
        assertEquals(2, machine.load(TABLE + pending, 4), "pending bits are read-only");
        machine.store(TABLE + 16 + 12, 4, 0);
        assertEquals(List.of(new Message(0, 0)), machine.messages);
        assertEquals(0, machine.load(TABLE + pending, 8));
        machine.config(0, CARD, msix(), 0xc000);
        card.context.send(1);
        assertEquals(1, machine.messages.size());
        machine.config(0, CARD, msix(), 0x8000);
        assertEquals(2, machine.messages.size());
    }

    @Test
    void theLargestTableHasAnEntryForEachVector() {
        FakeCard card = plug(FakeCard.plain().msix(2048));
        machine.config(0, CARD, msix(), 0x8000);
        entry(2047, FakeMachine.SINK + 4, 99, 1);
        card.context.send(2047);
        int pending = machine.config(0, CARD, new Field(machine.capability(0, CARD, 0x11) + 8, 4)) & ~7;
        assertEquals(1L << 63, machine.load(TABLE + pending + 8 * 31, 8));
        machine.store(TABLE + 2047 * 16 + 12, 4, 0);
        assertEquals(List.of(new Message(4, 99)), machine.messages);
    }

    @Test
    void narrowOrUnalignedAccessesToTheTableDoNothing() {
        plug(FakeCard.plain().msix(3));
        for (int width : new int[] {1, 2}) {
            machine.store(TABLE, width, 0x44);
            assertEquals(0, machine.load(TABLE + 12, width));
        }
        machine.store(TABLE + 4, 8, -1);
        assertEquals(0, machine.load(TABLE, 8));
    }

    @Test
    void messagesReachControllersAndRamAndNothingElse() {
        FakeCard card = plug(FakeCard.plain().msix(1));
        machine.config(0, CARD, msix(), 0x8000);
        entry(0, FakeMachine.RAM + 0x40, 0x1234, 0);
        card.context.send(0);
        assertEquals(0x1234, machine.ram32(0x40));
        for (long address : new long[] {FakeMachine.ECAM + 4, TABLE, FakeMachine.RAM + FakeMachine.RAM_SIZE, 0, -4}) {
            entry(0, address, 6, 0);
            card.context.send(0);
        }
        assertEquals(0, machine.config(0, 0, Header.COMMAND));
        assertEquals(List.of(), machine.messages);
    }

    @Test
    void withoutBusMasteringThereAreNoMessages() {
        FakeCard card = plug(FakeCard.plain().msix(1));
        machine.config(0, CARD, msix(), 0x8000);
        entry(0, FakeMachine.SINK, 6, 0);
        machine.config(0, CARD, Header.COMMAND, 2);
        card.context.send(0);
        assertEquals(List.of(), machine.messages);
    }

    @Test
    void msiTellsVectorsApartByTheLowBitsOfTheData() {
        FakeCard card = plug(FakeCard.plain().msi(4));
        int at = machine.capability(0, CARD, 5);
        Field control = new Field(at + 2, 2);
        assertEquals(2 << 1 | 1 << 7 | 1 << 8, machine.config(0, CARD, control));
        machine.config(0, CARD, new Field(at + 4, 4), FakeMachine.SINK);
        machine.config(0, CARD, new Field(at + 0xc, 2), 0x40);
        machine.config(0, CARD, control, 1 | 2 << 4);
        card.context.send(3);
        machine.config(0, CARD, control, 1 | 1 << 4);
        card.context.send(3);
        machine.config(0, CARD, control, 1);
        card.context.send(3);
        card.context.send(4);
        assertEquals(List.of(new Message(0, 0x43), new Message(0, 0x41), new Message(0, 0x40)), machine.messages);
    }

    @Test
    void msiVectorsCanBeMasked() {
        FakeCard card = plug(FakeCard.plain().msi(2));
        int at = machine.capability(0, CARD, 5);
        machine.config(0, CARD, new Field(at + 4, 4), FakeMachine.SINK);
        machine.config(0, CARD, new Field(at + 0x10, 4), 2);
        machine.config(0, CARD, new Field(at + 2, 2), 1 | 1 << 4);
        card.context.send(1);
        card.context.send(0);
        assertEquals(List.of(new Message(0, 0)), machine.messages);
        assertEquals(2, machine.config(0, CARD, new Field(at + 0x14, 4)));
        machine.config(0, CARD, new Field(at + 0x10, 4), 0);
        assertEquals(List.of(new Message(0, 0), new Message(0, 1)), machine.messages);
        assertEquals(0, machine.config(0, CARD, new Field(at + 0x14, 4)));
    }

    @Test
    void aResetForgetsMessages() {
        FakeCard card = plug(FakeCard.plain().msix(1));
        machine.config(0, CARD, msix(), 0xc000);
        entry(0, FakeMachine.SINK, 6, 0);
        card.context.send(0);
        card.context.interrupt().raise();
        machine.host.reset();
        machine.config(0, CARD, Header.BAR_0, TABLE);
        machine.config(0, CARD, Header.COMMAND, 6);
        machine.config(0, CARD, msix(), 0x8000);
        assertEquals(0, machine.load(TABLE, 8));
        assertEquals(1, machine.load(TABLE + 12, 4));
        assertEquals(List.of(), machine.messages);
        assertFalse(machine.level(34));
    }
}
