package org.vm.engine.jit.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DispatchTableTest {
    private static Map<Long, Node> entries(long... addresses) {
        Map<Long, Node> entries = new LinkedHashMap<>();
        for (long address : addresses) {
            entries.put(address, new Node(address, null, List.of(), new long[0], address, 1));
        }
        return entries;
    }

    /** What generated code does. @return the entry's number, or -1 */
    private static int find(DispatchTable table, long address) {
        int slot = (int) (address >>> table.shift()) & table.mask();
        return table.words()[2 * slot] == address ? (int) table.words()[2 * slot + 1] : -1;
    }

    @Test
    void eachEntryIsFoundAndNothingElse() {
        Random random = new Random(1);
        for (int count = 2; count < 100; count++) {
            long[] addresses = random.longs(0, 3000).distinct().limit(count).map(n -> 0xFFFF_FFFF_8010_0000L + 2 * n).toArray();
            Map<Long, Node> entries = entries(addresses);
            DispatchTable table = DispatchTable.of(entries);
            assertEquals(List.copyOf(entries.values()), table.entries());
            for (int i = 0; i < count; i++) {
                assertEquals(i, find(table, addresses[i]));
            }
            for (long address = 0xFFFF_FFFF_800F_0000L; address < 0xFFFF_FFFF_8012_0000L; address++) {
                assertTrue(entries.containsKey(address) || find(table, address) < 0, Long.toHexString(address));
            }
        }
    }

    @Test
    void theFirstNodeAloneNeedsNone() {
        assertTrue(DispatchTable.of(entries(0x8000_0000L)).isEmpty());
    }

    /** Addresses that differ only far up want more slots than there are. */
    @Test
    void whatHasNoSlotIsNoEntry() {
        DispatchTable table = DispatchTable.of(entries(2, 4, 1L << 40, 1L << 41));
        assertEquals(0, find(table, 2));
        assertEquals(1, find(table, 4));
        assertEquals(2, find(table, 1L << 40));
        assertEquals(-1, find(table, 1L << 41));
        assertEquals(3, table.entries().size());
    }
}
