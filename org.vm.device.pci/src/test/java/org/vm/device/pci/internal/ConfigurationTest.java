package org.vm.device.pci.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;
import org.vm.api.DeviceException;
import org.vm.api.pci.PciBar;
import org.vm.api.pci.PciDescription;
import org.vm.api.pci.PciRegisters;

/** Configuration space as good and bad software sees it (PCI Express Base Specification 5.0, section 7.5). */
class ConfigurationTest {
    private static final int SLOT_1 = 1;

    private final FakeMachine machine = new FakeMachine(8);

    private static PciDescription rich() {
        return FakeCard.plain().bar(0, PciBar.Kind.MEMORY, new FakeCard.Cells(0x100))
                .bar(2, PciBar.Kind.PREFETCHABLE, new FakeCard.Cells(0x5000))
                .bar(4, PciBar.Kind.IO, new FakeCard.Cells(0x20)).msi(4).msix(3)
                .capability(9, PciRegisters.constant((byte) 6, (byte) 0xaa, (byte) 0xbb, (byte) 0xcc));
    }

    @Test
    void aFunctionTellsWhatItIs() {
        machine.host.plug(new FakeCard("card", rich()), "00:1e");
        assertEquals(FakeCard.VENDOR, machine.config(0, 0x1e, Header.VENDOR_ID));
        assertEquals(FakeCard.DEVICE, machine.config(0, 0x1e, Header.DEVICE_ID));
        assertEquals(3, machine.config(0, 0x1e, Header.REVISION_ID));
        assertEquals(0xff0000, machine.config(0, 0x1e, new Field(0x08, 4)) >>> 8);
        assertEquals(0x2222_1111, machine.config(0, 0x1e, new Field(0x2c, 4)));
        assertEquals(1, machine.config(0, 0x1e, Header.INTERRUPT_PIN));
        assertEquals(0, machine.config(0, 0x1e, Header.HEADER_TYPE));
        for (int id : new int[] {1, 5, 0x10, 0x11, 9}) {
            assertNotEquals(0, machine.capability(0, 0x1e, id), "capability " + id);
        }
        assertEquals(0xccbbaa06, machine.config(0, 0x1e, new Field(machine.capability(0, 0x1e, 9), 4)) >>> 16
                | machine.config(0, 0x1e, new Field(machine.capability(0, 0x1e, 9) + 4, 2)) << 16);
    }

    @Test
    void whereNobodyIsAllOnesAreRead() {
        assertEquals(-1, machine.config(0, 0x1f, new Field(0, 4)));
        assertEquals(0xffff, machine.config(0, 0x1f, Header.VENDOR_ID));
        assertEquals(-1, machine.config(77, 0, new Field(0, 4)));
        assertEquals(-1, (int) machine.host.read(1 << 12, 4), "function 1 of the host bridge");
        machine.config(77, 0, Header.COMMAND, 0xffff);
    }

    @Test
    void accessesThatAreUnalignedOrTooWideReachNobody() {
        for (int width : new int[] {2, 4, 8}) {
            assertEquals(AddressWindow.allOnes(width), machine.host.read(1, width));
        }
        assertEquals(-1, machine.host.read(0, 8));
        machine.host.write(Header.COMMAND.offset(), 8, -1);
        machine.host.write(Header.COMMAND.offset() - 1, 4, -1);
        assertEquals(0, machine.config(0, 0, Header.COMMAND));
        for (long offset : new long[] {-1, -4, 256 << 20, Long.MIN_VALUE, Long.MAX_VALUE - 3}) {
            assertEquals(0xffff_ffffL, machine.host.read(offset, 4));
            machine.host.write(offset, 4, -1);
        }
    }

    @Test
    void bytesOfARegisterAreWrittenOnTheirOwn() {
        machine.config(0, SLOT_1, Header.COMMAND, 0x0407);
        machine.config(0, SLOT_1, new Field(Header.COMMAND.offset(), 1), 0);
        assertEquals(0x0400, machine.config(0, SLOT_1, Header.COMMAND));
    }

    @Test
    void capabilitiesThatDoNotFitAreRefused() {
        PciDescription large = rich().capability(9, PciRegisters.constant(new byte[100]));
        DeviceException e = assertThrows(DeviceException.class, () -> machine.host.plug(new FakeCard("card", large), ""));
        assertTrue(e.getMessage().contains("card") && e.getMessage().contains("0x9"), e.getMessage());
        machine.host.plug(new FakeCard("card", rich()), "slot1");
    }

    @Test
    void impossibleDescriptionsAreRefused() {
        PciRegisters page = new FakeCard.Cells(4096);
        assertThrows(IllegalArgumentException.class, () -> FakeCard.plain().bar(6, PciBar.Kind.MEMORY, page));
        assertThrows(IllegalArgumentException.class, () -> FakeCard.plain().bar(5, PciBar.Kind.MEMORY_64, page));
        assertThrows(IllegalArgumentException.class,
                () -> FakeCard.plain().bar(0, PciBar.Kind.MEMORY_64, page).bar(1, PciBar.Kind.MEMORY, page));
        assertThrows(IllegalArgumentException.class, () -> FakeCard.plain().bar(0, PciBar.Kind.IO, page));
        assertThrows(IllegalArgumentException.class, () -> FakeCard.plain().msi(3));
        assertThrows(IllegalArgumentException.class, () -> FakeCard.plain().msix(2049));
        assertThrows(IllegalArgumentException.class, () -> FakeCard.plain().bar(0, PciBar.Kind.MEMORY_64, page)
                .bar(2, PciBar.Kind.MEMORY_64, page).bar(4, PciBar.Kind.MEMORY_64, page).msix(1));
    }

    /** What no write may change. */
    private static List<Integer> constants(FakeMachine machine, int bus, int device) {
        List<Integer> found = new ArrayList<>();
        for (Field field : List.of(Header.VENDOR_ID, Header.DEVICE_ID, Header.REVISION_ID, new Field(9, 1), new Field(10, 2),
                Header.HEADER_TYPE, Header.CAPABILITIES_POINTER, Header.INTERRUPT_PIN)) {
            found.add(machine.config(bus, device, field));
        }
        found.add(machine.config(bus, device, Header.STATUS) & 0x06f0);
        if (machine.config(bus, device, Header.HEADER_TYPE) == 0) {
            found.add(machine.config(bus, device, new Field(0x2c, 4)));
            for (int bar = 0; bar < 6; bar++) {
                int value = machine.config(bus, device, new Field(0x10 + 4 * bar, 4));
                found.add(bar == 3 ? 0 : value & ((value & 1) != 0 ? 0x1f : 0xfff));
            }
        } else {
            found.add(machine.config(bus, device, Header.PREFETCHABLE_BASE) & 0xf);
            found.add(machine.config(bus, device, Header.PREFETCHABLE_LIMIT) & 0xf);
            found.add(machine.config(bus, device, Header.MEMORY_BASE) & 0xf);
        }
        for (int id : new int[] {1, 5, 9, 0x10, 0x11}) {
            int at = machine.capability(bus, device, id);
            found.add(at);
            if (at != 0 && id != 1) {
                found.add(machine.config(bus, device, new Field(at, 4)) & (id == 5 ? 0xff8effff : id == 0x11 ? 0x3fffffff : -1));
                found.add(id == 5 ? 0 : machine.config(bus, device, new Field(at + 4, 4)));
            }
        }
        for (int at = 0x100; at < 0x1000; at += 256) {
            found.add(machine.config(bus, device, new Field(at, 4)));
        }
        return found;
    }

    @Property(tries = 300, shrinking = ShrinkingMode.OFF)
    void randomAccessesNeverThrowAndNeverChangeWhatIsReadOnly(@ForAll long seed) {
        FakeMachine fresh = new FakeMachine(3);
        fresh.host.plug(new FakeCard("direct", rich()), "00:1e");
        fresh.host.plug(new FakeCard("behind", rich()), "slot1");
        int[] devices = {0, 1, 2, 3, 0x1e};
        List<List<Integer>> before = new ArrayList<>();
        for (int device : devices) {
            before.add(constants(fresh, 0, device));
        }
        fresh.config(0, SLOT_1, Header.SECONDARY_BUS, 1);
        List<Integer> behind = constants(fresh, 1, 0);
        Random random = new Random(seed);
        for (int i = 0; i < 400; i++) {
            int bus = random.nextInt(4) == 0 ? 1 : 0;
            int device = bus == 1 ? 0 : devices[random.nextInt(devices.length)];
            int register = random.nextInt(8) == 0 ? random.nextInt(0x1000) : random.nextInt(0x110);
            long offset = random.nextInt(50) == 0 ? random.nextLong() : bus << 20 | device << 15 | register;
            int width = 1 << random.nextInt(4);
            long value = switch (random.nextInt(4)) {
                case 0 -> -1;
                case 1 -> random.nextLong();
                case 2 -> 1L << random.nextInt(32);
                default -> random.nextInt(0x8000) << 16 | random.nextInt(8);
            };
            if (random.nextInt(3) == 0) {
                fresh.host.read(offset, width);
            } else {
                fresh.host.write(offset, width, value & AddressWindow.allOnes(width));
            }
        }
        for (int i = 0; i < devices.length; i++) {
            assertEquals(before.get(i), constants(fresh, 0, devices[i]), "device " + devices[i]);
        }
        // Make the card reachable again, whatever was written.
        fresh.host.reset();
        fresh.config(0, SLOT_1, Header.SECONDARY_BUS, 1);
        assertEquals(behind, constants(fresh, 1, 0));
    }

    @Test
    void aFunctionLevelResetPutsTheFunctionBackAndNothingElse() {
        FakeCard card = new FakeCard("card", rich());
        machine.host.plug(card, "00:1e");
        int express = machine.capability(0, 0x1e, 0x10);
        Field control = Express.DEVICE_CONTROL.at(express);
        machine.config(0, 0x1e, Header.COMMAND, 7);
        machine.config(0, 0x1e, Header.BAR_0, 0x4000_0000);
        machine.config(0, SLOT_1, Header.COMMAND, 7);
        machine.config(0, 0x1e, control, machine.config(0, 0x1e, control) | 0x8000);
        assertEquals(1, card.resets);
        assertEquals(0, machine.config(0, 0x1e, Header.COMMAND));
        assertEquals(0, machine.config(0, 0x1e, Header.BAR_0));
        assertEquals(0, machine.config(0, 0x1e, control) & 0x8000);
        assertEquals(7, machine.config(0, SLOT_1, Header.COMMAND));
    }
}
