package org.vm.device.pci.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;
import org.vm.api.pci.PciBar;
import org.vm.api.pci.PciRegisters;

/** Who answers to which address, as BARs and windows move. */
class AddressTest {
    private static final int CARD = 0x1e;
    private static final Field BAR_1 = new Field(0x14, 4);
    private static final Field BAR_2 = new Field(0x18, 4);
    private static final Field BAR_3 = new Field(0x1c, 4);
    private static final long MEMORY = 0x4000_0000L;
    private static final long HIGH = 0x4_0000_0000L;
    private static final long IO = 0x300_0000L;
    private static final long NOBODY = 0xffff_ffffL;

    private final FakeMachine machine = new FakeMachine(2);
    private final FakeCard.Cells small = new FakeCard.Cells(0x100);
    private final FakeCard.Cells wide = new FakeCard.Cells(0x5000);
    private final FakeCard.Cells ports = new FakeCard.Cells(0x20);

    private FakeCard card(String name) {
        return new FakeCard(name, FakeCard.plain().bar(0, PciBar.Kind.MEMORY, small)
                .bar(2, PciBar.Kind.PREFETCHABLE, wide).bar(1, PciBar.Kind.IO, ports));
    }

    private long size(int bus, int device, Field bar) {
        int before = machine.config(bus, device, bar);
        machine.config(bus, device, bar, -1);
        int mask = machine.config(bus, device, bar);
        machine.config(bus, device, bar, before);
        return -(mask & ((mask & 1) != 0 ? ~3L : ~15L)) & 0xffff_ffffL;
    }

    @Test
    void allOnesTellTheSize() {
        machine.host.plug(card("card"), "00:1e");
        assertEquals(0x1000, size(0, CARD, Header.BAR_0));
        assertEquals(0x20, size(0, CARD, BAR_1));
        assertEquals(0x8000, size(0, CARD, BAR_2));
        machine.config(0, CARD, BAR_3, -1);
        assertEquals(-1, machine.config(0, CARD, BAR_3));
        assertEquals(0xc, machine.config(0, CARD, BAR_2) & 0xf);
        assertEquals(1, machine.config(0, CARD, BAR_1) & 3);
        assertEquals(0, machine.config(0, CARD, new Field(0x20, 4)));
        machine.config(0, CARD, new Field(0x20, 4), -1);
        assertEquals(0, machine.config(0, CARD, new Field(0x20, 4)), "there is no BAR 4");
    }

    @Test
    void aBarAnswersWhereItIsWhileItsSpaceIsEnabledAndNowhereElse() {
        machine.host.plug(card("card"), "00:1e");
        machine.config(0, CARD, Header.BAR_0, MEMORY + 0x1000);
        assertEquals(NOBODY, machine.load(MEMORY + 0x1000, 4));
        machine.config(0, CARD, Header.COMMAND, Header.MEMORY_SPACE);
        machine.store(MEMORY + 0x1010, 4, 7);
        assertEquals(7, small.last);
        assertEquals(7 + 0x20, machine.load(MEMORY + 0x1020, 4));
        assertEquals(0, machine.load(MEMORY + 0x1100, 4), "beyond the registers, within the BAR");
        assertEquals(NOBODY, machine.load(MEMORY, 4));
        machine.config(0, CARD, Header.BAR_0, MEMORY + 0x2000);
        assertEquals(NOBODY, machine.load(MEMORY + 0x1010, 4));
        assertEquals(7, machine.load(MEMORY + 0x2000, 4));
        machine.config(0, CARD, Header.COMMAND, Header.IO_SPACE);
        assertEquals(NOBODY, machine.load(MEMORY + 0x2000, 4));
    }

    @Test
    void wideBarsAndPortsHaveTheirWindows() {
        machine.host.plug(card("card"), "00:1e");
        machine.config(0, CARD, Header.COMMAND, 3);
        machine.config(0, CARD, BAR_2, 0x10_0000);
        machine.config(0, CARD, BAR_3, 4);
        machine.store(HIGH + 0x10_0000, 8, 5);
        assertEquals(5, wide.last);
        machine.config(0, CARD, BAR_1, 0x1000);
        machine.store(IO + 0x1004, 1, 9);
        assertEquals(9, ports.last);
        assertEquals(0xff, machine.load(IO + 0x2000, 1));
    }

    @Test
    void aCardInDeepSleepDoesNotAnswer() {
        machine.host.plug(card("card"), "00:1e");
        machine.config(0, CARD, Header.BAR_0, MEMORY);
        machine.config(0, CARD, Header.COMMAND, 2);
        Field power = new Field(machine.capability(0, CARD, 1) + 4, 2);
        machine.config(0, CARD, power, 3);
        assertEquals(NOBODY, machine.load(MEMORY, 4));
        machine.config(0, CARD, power, 0);
        assertEquals(0, machine.load(MEMORY, 4));
        assertEquals(MEMORY, machine.config(0, CARD, Header.BAR_0));
    }

    @Test
    void theFirstOfTwoThatClaimAnAddressHasItUntilItMoves() {
        FakeCard.Cells others = new FakeCard.Cells(0x1000);
        machine.host.plug(card("first"), "00:1d");
        machine.host.plug(new FakeCard("second", FakeCard.plain().bar(0, PciBar.Kind.MEMORY, others)), "00:1e");
        others.last = 100;
        for (int device : new int[] {0x1d, CARD}) {
            machine.config(0, device, Header.BAR_0, MEMORY);
            machine.config(0, device, Header.COMMAND, 2);
        }
        assertEquals(0, machine.load(MEMORY, 4));
        assertTrue(machine.host.info().toString().contains("another one"), machine.host.info().toString());
        machine.config(0, 0x1d, Header.BAR_0, MEMORY + 0x1000);
        assertEquals(100, machine.load(MEMORY, 4));
        assertEquals(0, machine.load(MEMORY + 0x1000, 4));
    }

    @Test
    void aBarOverRamOrOtherDevicesIsOutsideOfTheWindowsAndHarmsNobody() {
        machine.host.plug(card("card"), "00:1e");
        machine.config(0, CARD, Header.COMMAND, 7);
        for (long address : new long[] {FakeMachine.RAM, FakeMachine.SINK, FakeMachine.ECAM, 0, IO, 0xffff_f000L}) {
            machine.config(0, CARD, Header.BAR_0, address);
            machine.config(0, CARD, BAR_2, address);
            machine.store(address, 4, 0x55);
            assertEquals(0, small.writes + wide.writes);
        }
        assertEquals(null, machine.find(FakeMachine.RAM));
    }

    @Test
    void behindARootPortItTakesBusNumbersAndWindows() {
        machine.host.plug(card("card"), "slot2");
        assertEquals(-1, machine.config(5, 0, new Field(0, 4)));
        machine.config(0, 2, Header.SECONDARY_BUS, 5);
        machine.config(0, 2, Header.SUBORDINATE_BUS, 5);
        assertEquals(FakeCard.VENDOR, machine.config(5, 0, Header.VENDOR_ID));
        assertEquals(0xffff, machine.config(5, 1, Header.VENDOR_ID));
        machine.config(5, 0, Header.BAR_0, MEMORY + 0x10_0000);
        machine.config(5, 0, BAR_2, 0x4000_0000);
        machine.config(5, 0, BAR_3, 4);
        machine.config(5, 0, BAR_1, 0x2000);
        machine.config(5, 0, Header.COMMAND, 7);
        assertEquals(NOBODY, machine.load(MEMORY + 0x10_0000, 4));
        machine.config(0, 2, Header.MEMORY_BASE, 0x4010);
        machine.config(0, 2, Header.MEMORY_LIMIT, 0x4010);
        machine.config(0, 2, Header.PREFETCHABLE_BASE, 0x4000);
        machine.config(0, 2, Header.PREFETCHABLE_LIMIT, 0x4000);
        machine.config(0, 2, Header.PREFETCHABLE_BASE_UPPER, 4);
        machine.config(0, 2, Header.PREFETCHABLE_LIMIT_UPPER, 4);
        machine.config(0, 2, Header.IO_BASE, 0x20);
        machine.config(0, 2, Header.IO_LIMIT, 0x20);
        assertEquals(NOBODY, machine.load(MEMORY + 0x10_0000, 4), "the bridge does not forward yet");
        machine.config(0, 2, Header.COMMAND, 7);
        assertEquals(0, machine.load(MEMORY + 0x10_0000, 4));
        assertEquals(0, machine.load(HIGH + 0x4000_0000L, 4));
        assertEquals(0, machine.load(IO + 0x2000, 4));
        machine.config(0, 2, Header.MEMORY_BASE, 0x4020);
        assertEquals(NOBODY, machine.load(MEMORY + 0x10_0000, 4));
    }

    @Test
    void twoPortsWithOneBusNumberDoNotConfuseAnybody() {
        machine.host.plug(card("one"), "slot1");
        machine.host.plug(new FakeCard("two", FakeCard.plain().revision(9)), "slot2");
        for (int port = 1; port <= 2; port++) {
            machine.config(0, port, Header.SECONDARY_BUS, 1);
        }
        assertEquals(3, machine.config(1, 0, Header.REVISION_ID));
        machine.config(0, 1, Header.SECONDARY_BUS, 0);
        assertEquals(9, machine.config(1, 0, Header.REVISION_ID));
    }

    @Test
    void aCardThatIsPulledReadsAllOnes() {
        FakeCard card = card("card");
        machine.host.plug(card, "00:1e");
        machine.config(0, CARD, Header.BAR_0, MEMORY);
        machine.config(0, CARD, Header.COMMAND, 2);
        assertEquals(0, machine.load(MEMORY, 4));
        machine.host.unplug(card);
        assertEquals(NOBODY, machine.load(MEMORY, 4));
        assertEquals(0xffff, machine.config(0, CARD, Header.VENDOR_ID));
        assertEquals(1, card.detached);
    }

    /** A card with a register that drivers wait for. */
    private static final class Patient implements PciRegisters {
        private int reached;

        @Override
        public long size() {
            return 0x1000;
        }

        @Override
        public long read(long offset, int width) {
            reached++;
            return 5;
        }

        @Override
        public void write(long offset, int width, long value) {
            reached++;
        }

        @Override
        public long gone(int width) {
            return 0;
        }
    }

    private FakeCard patient(Patient registers) {
        FakeCard card = new FakeCard("card", FakeCard.plain().bar(0, PciBar.Kind.MEMORY, registers));
        machine.host.plug(card, "slot2");
        machine.config(0, 2, Header.SECONDARY_BUS, 2);
        machine.config(2, 0, Header.BAR_0, MEMORY);
        machine.config(2, 0, Header.COMMAND, 2);
        machine.config(0, 2, Header.MEMORY_BASE, 0x4000);
        machine.config(0, 2, Header.MEMORY_LIMIT, 0x4000);
        machine.config(0, 2, Header.COMMAND, 2);
        assertEquals(5, machine.load(MEMORY, 4));
        return card;
    }

    @Test
    void aCardThatIsPulledMaySayWhatItsDriverReadsUntilTheSlotIsSwitchedOff() {
        Patient registers = new Patient();
        machine.host.unplug(patient(registers));
        assertEquals(0, machine.load(MEMORY + 8, 4));
        machine.store(MEMORY, 4, 1);
        assertEquals(1, registers.reached, "it is not there any more");
        assertEquals(0xffff, machine.config(2, 0, Header.VENDOR_ID));
        machine.config(0, 2, Header.COMMAND, 0);
        assertEquals(NOBODY, machine.load(MEMORY, 4));
        machine.config(0, 2, Header.COMMAND, 2);
        assertEquals(0, machine.load(MEMORY, 4));
        machine.config(0, 2, Express.SLOT_CONTROL.at(machine.capability(0, 2, 0x10)), 1 << 10);
        assertEquals(NOBODY, machine.load(MEMORY, 4));
    }

    @Test
    void whoeverIsThereComesBeforeACardThatWasPulled() {
        machine.host.unplug(patient(new Patient()));
        machine.host.plug(card("other"), "00:1e");
        machine.config(0, CARD, Header.BAR_0, MEMORY);
        machine.config(0, CARD, Header.COMMAND, 2);
        machine.store(MEMORY, 4, 9);
        assertEquals(9, machine.load(MEMORY, 4));
        machine.config(0, CARD, Header.COMMAND, 0);
        assertEquals(0, machine.load(MEMORY, 4));
        machine.host.reset();
        machine.config(0, 2, Header.MEMORY_BASE, 0x4000);
        machine.config(0, 2, Header.COMMAND, 2);
        assertEquals(NOBODY, machine.load(MEMORY, 4));
    }

    /** Random placing of three cards' BARs and of bridge windows: nothing throws, and no two answer to one address. */
    @Property(tries = 200, shrinking = ShrinkingMode.OFF)
    void wheneverBarsMoveEachAddressHasOneOwnerAtMost(@ForAll long seed) {
        Random random = new Random(seed);
        FakeMachine fresh = new FakeMachine(2);
        FakeCard.Cells[] cells = new FakeCard.Cells[3];
        for (int i = 0; i < 3; i++) {
            cells[i] = new FakeCard.Cells(0x1000L << random.nextInt(4));
            fresh.host.plug(new FakeCard("card" + i, FakeCard.plain().bar(0, PciBar.Kind.values()[1 + random.nextInt(3)], cells[i])),
                    i == 0 ? "slot1" : "00:1" + i);
        }
        fresh.config(0, 1, Header.SECONDARY_BUS, 1);
        for (int i = 0; i < 100; i++) {
            int card = random.nextInt(3);
            int bus = card == 0 ? 1 : 0;
            int device = card == 0 ? 0 : 0x10 + card;
            switch (random.nextInt(5)) {
                case 0 -> fresh.config(bus, device, Header.BAR_0, MEMORY + random.nextInt(16) * 0x1000);
                case 1 -> fresh.config(bus, device, new Field(0x14, 4), random.nextInt(5));
                case 2 -> fresh.config(bus, device, Header.COMMAND, random.nextInt(8));
                case 3 -> fresh.config(0, 1, new Field(0x20, 4), random.nextInt(4) == 0 ? random.nextInt() : 0x4000_4000);
                default -> fresh.config(0, 1, Header.COMMAND, random.nextInt(8));
            }
            for (int page = 0; page < 20; page++) {
                int before = cells[0].writes + cells[1].writes + cells[2].writes;
                fresh.store(MEMORY + page * 0x1000L, 4, page);
                assertTrue(cells[0].writes + cells[1].writes + cells[2].writes - before <= 1);
            }
        }
    }
}
