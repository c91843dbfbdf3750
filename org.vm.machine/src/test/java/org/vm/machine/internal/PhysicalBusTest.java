package org.vm.machine.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.vm.api.InvalidAddressException;
import org.vm.api.bus.Mapping;
import org.vm.api.memory.GuestMemory.Region;

class PhysicalBusTest {
    private final PhysicalBus bus = new PhysicalBus(new FakeMemory(List.of(new Region("ram", 0x8000_0000L, 0x10000, 0, true))));

    @Test
    void findsTheDeviceThatContainsAnAddress() {
        Mapping uart = bus.map(0x1000, new FakeDevice("uart", 0x100));
        Mapping rtc = bus.map(0x1100, new FakeDevice("rtc", 0x10));
        assertSame(uart, bus.find(0x1000));
        assertSame(uart, bus.find(0x10ff));
        assertSame(rtc, bus.find(0x1100));
        assertNull(bus.find(0x0fff));
        assertNull(bus.find(0x1110));
        assertNull(bus.find(-1));
        assertEquals(List.of(uart, rtc), bus.mappings());
    }

    @Test
    void aConflictNamesBothSides() {
        bus.map(0x1000, new FakeDevice("first", 0x100));
        var e = assertThrows(InvalidAddressException.class, () -> bus.map(0x10ff, new FakeDevice("second", 0x100)));
        assertTrue(e.getMessage().contains("'first' (0x1000-0x10ff)"), e.getMessage());
        assertTrue(e.getMessage().contains("'second'"), e.getMessage());
        assertTrue(e.getMessage().contains("0x10ff-0x11fe"), e.getMessage());
    }

    @Test
    void memoryIsAConflictToo() {
        var e = assertThrows(InvalidAddressException.class, () -> bus.map(0x7fff_ff80L, new FakeDevice("disk", 0x100)));
        assertTrue(e.getMessage().contains("memory 'ram' (0x80000000-0x8000ffff)"), e.getMessage());
    }

    @Test
    void rangesOutsideOfPhysicalMemoryAreRefused() {
        assertThrows(InvalidAddressException.class, () -> bus.map(-4096, new FakeDevice("a", 0x100)));
        assertThrows(InvalidAddressException.class, () -> bus.map(Long.MAX_VALUE - 10, new FakeDevice("b", 0x100)));
        assertThrows(InvalidAddressException.class, () -> bus.map(0x1000, new FakeDevice("c", 0)));
    }

    @Test
    void anUnmappedRangeIsFreeAgain() {
        Mapping first = bus.map(0x1000, new FakeDevice("first", 0x100));
        bus.unmap(first);
        assertNull(bus.find(0x1000));
        bus.map(0x1000, new FakeDevice("second", 0x100));
    }

    @Property(tries = 200)
    void lookUpsAgreeWithAWalkOverAllMappings(@ForAll @Size(max = 40) List<@IntRange(max = 255) Integer> bases) {
        PhysicalBus map = new PhysicalBus(new FakeMemory(List.of(new Region("ram", 0x8000_0000L, 0x1000, 0, true))));
        List<Mapping> mapped = new ArrayList<>();
        for (int base : bases) {
            long size = 1 + base % 5;
            boolean free = mapped.stream().noneMatch(m -> base < m.end() && m.base() < base + size);
            if (free) {
                mapped.add(map.map(base, new FakeDevice("d" + base, size)));
            } else {
                assertThrows(InvalidAddressException.class, () -> map.map(base, new FakeDevice("d" + base, size)));
            }
        }
        for (long address = -2; address < 270; address++) {
            long at = address;
            assertSame(mapped.stream().filter(m -> m.contains(at)).findFirst().orElse(null), map.find(at));
        }
    }
}
