package org.vm.device.pci.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.vm.api.DeviceException;
import org.vm.api.device.DeviceHost.Plugged;
import org.vm.device.pci.internal.FakeMachine.Message;

/** What is plugged where, and what a root port's slot tells of it (PCI Express Base Specification 5.0, section 6.7). */
class SlotTest {
    private static final int PORT = 1;

    private final FakeMachine machine = new FakeMachine(2);
    private final FakeCard card = new FakeCard("card", FakeCard.plain());
    private final int express = machine.capability(0, PORT, 0x10);
    private final Field control = Express.SLOT_CONTROL.at(express);
    private final Field status = Express.SLOT_STATUS.at(express);
    private final Field link = Express.LINK_STATUS.at(express);

    private void reach() {
        machine.config(0, PORT, Header.SECONDARY_BUS, 1);
    }

    private boolean reachable() {
        return machine.config(1, 0, Header.VENDOR_ID) == FakeCard.VENDOR;
    }

    private void clear() {
        machine.config(0, PORT, status, 0xffff);
    }

    @Test
    void aSlotSaysWhatItHas() {
        assertEquals(1 << 19 | 0x5b, machine.config(0, PORT, Express.SLOT_CAPABILITIES.at(express)));
        assertEquals(4 << 4 | 1 << 8 | 2, machine.config(0, PORT, Express.CAPABILITIES.at(express)));
        assertEquals(0, machine.config(0, PORT, status));
        assertEquals(0, machine.config(0, PORT, link) & 0x2000);
        machine.config(0, PORT, Express.SLOT_CAPABILITIES.at(express), -1);
        assertEquals(1 << 19 | 0x5b, machine.config(0, PORT, Express.SLOT_CAPABILITIES.at(express)));
    }

    @Test
    void presenceAndLinkFollowTheCardAndChangesAreKeptUntilCleared() {
        machine.host.plug(card, "slot1");
        assertEquals(0x148, machine.config(0, PORT, status), "present, and both changed");
        assertEquals(0x2000, machine.config(0, PORT, link) & 0x2000);
        clear();
        assertEquals(0x40, machine.config(0, PORT, status));
        machine.host.unplug(card);
        assertEquals(0x108, machine.config(0, PORT, status));
        assertEquals(0, machine.config(0, PORT, link) & 0x2000);
    }

    @Test
    void withoutPowerTheCardIsGoneAndStartsAnewWithIt() {
        machine.host.plug(card, "slot1");
        reach();
        machine.config(1, 0, Header.COMMAND, 7);
        clear();
        machine.config(0, PORT, control, 1 << 10);
        assertFalse(reachable());
        assertEquals(1, card.resets);
        assertEquals(0x150, machine.config(0, PORT, status), "present, link changed, command completed");
        clear();
        machine.config(0, PORT, control, 0);
        assertTrue(reachable());
        assertEquals(0, machine.config(1, 0, Header.COMMAND));
        assertEquals(0x150, machine.config(0, PORT, status));
    }

    @Test
    void everyCommandIsCompleted() {
        machine.config(0, PORT, control, 0x3c0);
        assertEquals(0x10, machine.config(0, PORT, status));
        clear();
        machine.config(0, PORT, control, 0x3c0);
        assertEquals(0x10, machine.config(0, PORT, status));
        assertEquals(0x3c0, machine.config(0, PORT, control));
    }

    @Test
    void eventsInterruptByTheLineWhenEnabledAndAsLongAsTheyLast() {
        machine.config(0, PORT, control, 1 << 3 | 1 << 5);
        assertFalse(machine.level(35));
        machine.host.plug(card, "slot1");
        assertTrue(machine.level(35));
        machine.config(0, PORT, status, 0x100);
        assertTrue(machine.level(35));
        machine.config(0, PORT, status, 0x8);
        assertFalse(machine.level(35));
        machine.config(0, PORT, control, 1 << 4 | 1 << 5);
        assertTrue(machine.level(35));
    }

    @Test
    void eventsInterruptByAMessageOnce() {
        int msi = machine.capability(0, PORT, 5);
        machine.config(0, PORT, Header.COMMAND, 4);
        machine.config(0, PORT, new Field(msi + 4, 4), FakeMachine.SINK);
        machine.config(0, PORT, new Field(msi + 0xc, 2), 0x77);
        machine.config(0, PORT, new Field(msi + 2, 2), 1);
        machine.config(0, PORT, control, 1 << 3 | 1 << 5 | 1 << 12);
        machine.host.plug(card, "slot1");
        assertEquals(List.of(new Message(0, 0x77)), machine.messages);
        clear();
        machine.host.unplug(card);
        assertEquals(2, machine.messages.size());
        assertFalse(machine.level(35));
    }

    @Test
    void aResetOfTheSecondaryBusAndADisabledLinkResetTheCard() {
        machine.host.plug(card, "slot1");
        reach();
        machine.config(0, PORT, Header.BRIDGE_CONTROL, Header.SECONDARY_BUS_RESET);
        assertEquals(1, card.resets);
        assertFalse(reachable());
        machine.config(0, PORT, Header.BRIDGE_CONTROL, 0);
        assertTrue(reachable());
        machine.config(0, PORT, Express.LINK_CONTROL.at(express), 1 << 4);
        assertEquals(2, card.resets);
        assertFalse(reachable());
        machine.config(0, PORT, Express.LINK_CONTROL.at(express), 0);
        assertTrue(reachable());
    }

    @Test
    void aResetOfTheMachineKeepsWhatIsPlugged() {
        machine.host.plug(card, "slot1");
        reach();
        machine.config(0, PORT, control, 1 << 10);
        machine.host.reset();
        assertEquals(0x40, machine.config(0, PORT, status));
        assertEquals(0x2000, machine.config(0, PORT, link) & 0x2000);
        assertFalse(reachable(), "bus numbers are forgotten");
        reach();
        assertTrue(reachable());
        assertEquals(2, card.resets);
    }

    @Test
    void cardsGoToFreeSlotsFirstAndThenToTheRootBus() {
        for (int i = 0; i < 31; i++) {
            machine.host.plug(new FakeCard("card" + i, FakeCard.plain()), "");
        }
        List<Plugged> plugged = machine.host.plugged();
        assertEquals("slot1 of pci, 00:00.0", plugged.get(0).place());
        assertEquals("slot2 of pci, 00:00.0", plugged.get(1).place());
        assertEquals("pci, 00:03.0", plugged.get(2).place());
        assertEquals("pci, 00:1f.0", plugged.get(30).place());
        DeviceException e = assertThrows(DeviceException.class, () -> machine.host.plug(card, ""));
        assertTrue(e.getMessage().contains("no room"), e.getMessage());
    }

    @Test
    void aPlaceThatIsTakenOrNotThereIsRefusedByName() {
        machine.host.plug(card, "slot2");
        FakeCard other = new FakeCard("other", FakeCard.plain());
        String taken = assertThrows(DeviceException.class, () -> machine.host.plug(other, "slot2")).getMessage();
        assertTrue(taken.contains("'card'") && taken.contains("'other'"), taken);
        for (String place : new String[] {"slot3", "slot0", "00:01", "00:20", "01:00", "slot", "x"}) {
            String absent = assertThrows(DeviceException.class, () -> machine.host.plug(other, place)).getMessage();
            assertTrue(absent.contains("slot1 to slot2"), absent);
        }
        assertThrows(DeviceException.class, () -> machine.host.plug(new FakeCard("card", FakeCard.plain()), "slot1"));
        assertEquals(1, machine.host.plugged().size());
    }

    @Test
    void aCardThatIsRefusedComesInWhenThereIsRoom() {
        FakeCard other = new FakeCard("other", FakeCard.plain());
        machine.host.offer(card, "slot1");
        machine.host.offer(other, "slot1");
        assertTrue(machine.host.refused().get("other").contains("'card' is there"), machine.host.refused().toString());
        machine.host.unplug(card);
        assertEquals(Map.of(), machine.host.refused());
        assertEquals(1, other.attached);
        assertEquals(List.of(new Plugged(other, "slot1 of pci, 00:00.0")), machine.host.plugged());
    }

    @Test
    void aCardThatFailsHarmsNobody() {
        card.failure = new IllegalStateException("out of order");
        machine.host.offer(card, "slot1");
        assertTrue(machine.host.refused().get("card").contains("out of order"));
        assertEquals(0, machine.config(0, PORT, status));
        machine.host.unplug(card);
        machine.host.plug(new FakeCard("good", FakeCard.plain()), "slot1");
    }

    @Test
    void cardsComeAndGoWithTheirHost() {
        machine.host.plug(card, "slot1");
        card.context.interrupt().raise();
        machine.host.detach();
        assertEquals(1, card.detached);
        assertFalse(machine.level(33));
        assertTrue(machine.host.refused().containsKey("card"));
        assertEquals(2, machine.mappings().size(), "the sink and configuration space, which the machine maps");
        machine.host.attach(machine);
        assertEquals(2, card.attached);
        assertEquals(1, machine.host.plugged().size());
    }

    @Test
    void thousandsOfCardsLeaveNothingBehind() {
        for (int i = 0; i < 2000; i++) {
            FakeCard one = new FakeCard("card", FakeCard.plain());
            machine.host.plug(one, "slot1");
            one.context.interrupt().raise();
            machine.host.unplug(one);
            assertEquals(1, one.detached);
        }
        assertFalse(machine.level(33));
        assertEquals(List.of(), machine.host.plugged());
        machine.host.plug(card, "slot1");
    }
}
