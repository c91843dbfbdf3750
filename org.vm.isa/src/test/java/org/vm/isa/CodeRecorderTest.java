package org.vm.isa;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What was decoded is what is remembered. */
class CodeRecorderTest {
    @Test
    void aParcelIsReadOnceThoughItChangesMeanwhile() {
        AtomicInteger memory = new AtomicInteger(0x1000);
        CodeRecorder recorder = new CodeRecorder(address -> memory.getAndIncrement(), 0x8000_0000L);
        assertEquals(0x1000, recorder.fetch16(0x8000_0000L));
        assertEquals(0x1000, recorder.fetch16(0x8000_0000L));
        assertEquals(0x1001, recorder.fetch16(0x8000_0002L));
        assertEquals(0x1000, recorder.fetch16(0x8000_0000L));
        assertEquals(0x8000_0004L, recorder.end());
        assertArrayEquals(new short[] {0x1000, 0x1001}, recorder.parcels(0x8000_0004L));
        assertArrayEquals(new short[] {0x1000}, recorder.parcels(0x8000_0002L));
    }

    @Test
    void parcelsThatAreSkippedAreReadToo() {
        CodeRecorder recorder = new CodeRecorder(address -> (int) address & 0xFFFF, -64);
        assertEquals(0xFFF0, recorder.fetch16(-16));
        assertEquals(-14, recorder.end());
        assertEquals((short) 0xFFC0, recorder.parcels(-14)[0]);
        for (long address = -64; address < 200; address += 2) {
            assertEquals((int) address & 0xFFFF, recorder.fetch16(address));
        }
    }
}
