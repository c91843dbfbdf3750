package org.vm.device.pci.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vm.api.DeviceException;
import org.vm.api.pci.PciBar;

/** Cards with several functions (PCI Express Base Specification 5.0, section 7.5.1.1.9). */
class MultiFunctionTest {
    private static final long MEMORY = 0x4000_0000L;
    private static final int FUNCTION = 1 << 12;

    private final FakeMachine machine = new FakeMachine(2);
    private final FakeCard.Cells[] cells = {new FakeCard.Cells(16), new FakeCard.Cells(16), new FakeCard.Cells(16)};
    private final FakeCard[] functions = new FakeCard[3];

    MultiFunctionTest() {
        for (int i = 0; i < 3; i++) {
            functions[i] = new FakeCard("function" + i, FakeCard.plain().revision(i).bar(0, PciBar.Kind.MEMORY, cells[i]));
        }
        functions[0].others = List.of(functions[1], functions[2]);
    }

    private int read(int bus, int device, int function, Field field) {
        return (int) machine.host.read(bus << 20 | device << 15 | function * FUNCTION | field.offset(), field.width());
    }

    private void write(int bus, int device, int function, Field field, long value) {
        machine.host.write(bus << 20 | device << 15 | function * FUNCTION | field.offset(), field.width(), value & field.mask());
    }

    @Test
    void eachFunctionHasItsConfigurationSpaceAndItsRegisters() {
        machine.host.plug(functions[0], "slot1");
        machine.config(0, 1, Header.SECONDARY_BUS, 1);
        machine.config(0, 1, Header.MEMORY_BASE, 0x4000);
        machine.config(0, 1, Header.MEMORY_LIMIT, 0x4000);
        machine.config(0, 1, Header.COMMAND, 2);
        for (int i = 0; i < 3; i++) {
            assertEquals(i, read(1, 0, i, Header.REVISION_ID));
            assertEquals(i == 0 ? Header.MULTI_FUNCTION : 0, read(1, 0, i, Header.HEADER_TYPE));
            write(1, 0, i, Header.BAR_0, MEMORY + i * 0x1000);
            write(1, 0, i, Header.COMMAND, 2);
            machine.store(MEMORY + i * 0x1000, 4, 5 + i);
            assertEquals(5 + i, cells[i].last);
            assertEquals(1, functions[i].attached);
        }
        assertEquals(0xffff, read(1, 0, 3, Header.VENDOR_ID));
        assertEquals(0xffff, read(1, 0, 7, Header.VENDOR_ID));
        write(1, 0, 1, Header.COMMAND, 0);
        assertEquals(0xffff_ffffL, machine.load(MEMORY + 0x1000, 4));
        assertEquals(7, machine.load(MEMORY + 0x2000, 4));
        assertEquals(1, machine.host.plugged().size());
    }

    @Test
    void eachFunctionPullsTheWireOfTheCard() {
        machine.host.plug(functions[0], "slot1");
        functions[1].context.interrupt().raise();
        functions[2].context.interrupt().raise();
        assertTrue(machine.level(33));
        functions[1].context.interrupt().lower();
        assertTrue(machine.level(33));
        functions[2].context.interrupt().lower();
        assertFalse(machine.level(33));
    }

    @Test
    void aFunctionLevelResetIsForOneFunctionAndALostLinkForAll() {
        machine.host.plug(functions[0], "00:1e");
        int express = machine.capability(0, 0x1e, 0x10);
        write(0, 0x1e, 1, Express.DEVICE_CONTROL.at(express), 0x8000);
        write(0, 0x1e, 0, Express.DEVICE_CONTROL.at(express), 0x8000);
        assertEquals(List.of(1, 1, 0), List.of(functions[0].resets, functions[1].resets, functions[2].resets));
        machine.host.unplug(functions[0]);
        machine.host.plug(functions[0], "slot2");
        machine.config(0, 2, Header.BRIDGE_CONTROL, Header.SECONDARY_BUS_RESET);
        assertEquals(List.of(2, 2, 1), List.of(functions[0].resets, functions[1].resets, functions[2].resets));
    }

    @Test
    void allFunctionsComeAndGoTogether() {
        machine.host.plug(functions[0], "slot1");
        functions[2].context.interrupt().raise();
        machine.host.unplug(functions[0]);
        assertFalse(machine.level(33));
        functions[0].failure = new IllegalStateException("out of order");
        assertThrows(DeviceException.class, () -> machine.host.plug(functions[0], "slot1"));
        for (FakeCard function : functions) {
            assertEquals(function.attached, function.detached, function.name());
        }
        assertEquals(0xffff, read(1, 0, 1, Header.VENDOR_ID));
    }

    @Test
    void nineFunctionsAreNoCard() {
        functions[0].others = Collections.nCopies(8, functions[1]);
        String message = assertThrows(DeviceException.class, () -> machine.host.plug(functions[0], "slot1")).getMessage();
        assertTrue(message.contains("'function0' has 9"), message);
    }
}
