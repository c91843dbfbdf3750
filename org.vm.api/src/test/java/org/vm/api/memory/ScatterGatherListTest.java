package org.vm.api.memory;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScatterGatherListTest {
    private final FlatMemory memory = new FlatMemory();
    private final ScatterGatherList list = new ScatterGatherList(memory);

    private static byte[] bytes(List<MemorySegment> segments) {
        int size = segments.stream().mapToInt(s -> (int) s.byteSize()).sum();
        MemorySegment all = MemorySegment.ofArray(new byte[size]);
        long at = 0;
        for (MemorySegment segment : segments) {
            MemorySegment.copy(segment, 0, all, at, segment.byteSize());
            at += segment.byteSize();
        }
        return all.toArray(ValueLayout.JAVA_BYTE);
    }

    @Test
    void rangesAreReadAndWrittenAsIfTheyWereOne() {
        assertTrue(list.add(0x1010, 3));
        assertTrue(list.add(0x1800, 0));
        assertTrue(list.add(0x1020, 4));
        assertEquals(7, list.size());
        assertArrayEquals(new byte[] {0x10, 0x11, 0x12, 0x20, 0x21, 0x22, 0x23}, bytes(list.segments()));
        for (int from = 0; from <= 7; from++) {
            for (int length = 0; length <= 7 - from; length++) {
                byte[] expected = java.util.Arrays.copyOfRange(bytes(list.segments()), from, from + length);
                assertArrayEquals(expected, bytes(list.segments(from, length)));
            }
        }
        MemorySegment out = MemorySegment.ofArray(new byte[4]);
        assertEquals(4, list.copyTo(2, out));
        assertArrayEquals(new byte[] {0x12, 0x20, 0x21, 0x22}, out.toArray(ValueLayout.JAVA_BYTE));
        assertEquals(1, list.copyTo(6, out));
        assertEquals(0, list.copyTo(9, out));
        assertEquals(3, list.copyFrom(MemorySegment.ofArray(new byte[] {1, 2, 3, 4, 5}), 4));
        assertArrayEquals(new byte[] {0x10, 0x11, 0x12, 0x20, 1, 2, 3}, bytes(list.segments()));
    }

    @Test
    void whatIsNotWhollyRamIsNotAdded() {
        long[][] bad = {{0, 1}, {0xfff, 2}, {0x1fff, 2}, {0x1000, 0x1001}, {0x1000, -1}, {-1, 1}, {Long.MAX_VALUE, Long.MAX_VALUE},
                {0x1000, Long.MAX_VALUE}, {0x2001, 0}};
        for (long[] range : bad) {
            assertFalse(list.add(range[0], range[1]));
        }
        assertEquals(0, list.size());
        assertEquals(List.of(), list.segments());
    }

    @Test
    void partsBeyondTheEndAreRefused() {
        list.add(0x1000, 8);
        for (long[] part : new long[][] {{0, 9}, {9, 0}, {-1, 1}, {1, -1}, {1, Long.MAX_VALUE}}) {
            assertThrows(IndexOutOfBoundsException.class, () -> list.segments(part[0], part[1]));
        }
        list.clear();
        assertEquals(0, list.size());
    }

    @Test
    void memoryIsCopiedWhollyOrNotAtAll() {
        MemorySegment data = MemorySegment.ofArray(new byte[] {9, 8, 7});
        assertTrue(memory.write(0x1ffd, data));
        assertFalse(memory.write(0x1ffe, data));
        MemorySegment back = MemorySegment.ofArray(new byte[3]);
        assertTrue(memory.read(0x1ffd, back));
        assertArrayEquals(new byte[] {9, 8, 7}, back.toArray(ValueLayout.JAVA_BYTE));
        assertFalse(memory.read(-2, back));
    }

    @Test
    void aPoolLendsWhatItHasAndNoMore() {
        try (BufferPool pool = new BufferPool(2, 100)) {
            BufferPool.Loan one = pool.lend();
            BufferPool.Loan two = pool.lend();
            assertEquals(null, pool.lend());
            assertEquals(100, one.buffer().byteSize());
            two.close();
            two.close();
            assertEquals(1, pool.available());
            assertThrows(IllegalStateException.class, two::buffer);
            one.close();
            assertEquals(2, pool.available());
        }
    }

    @Test
    void aPoolThatIsClosedFreesItsMemoryWhenAllIsBack() {
        BufferPool pool = new BufferPool(2, 100);
        BufferPool.Loan loan = pool.lend();
        MemorySegment buffer = loan.buffer();
        pool.close();
        assertEquals(null, pool.lend());
        assertTrue(buffer.scope().isAlive());
        loan.close();
        assertFalse(buffer.scope().isAlive());
        pool.close();
    }
}
