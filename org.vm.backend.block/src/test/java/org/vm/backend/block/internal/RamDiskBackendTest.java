package org.vm.backend.block.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.vm.api.ConfigurationException;

class RamDiskBackendTest {
    @Test
    void itBehavesLikeAnArrayOfBytes() {
        int size = 3 << 20;
        RamDiskBackend disk = new RamDiskBackend(size);
        byte[] model = new byte[size];
        Random random = new Random(7);
        for (int i = 0; i < 500; i++) {
            int offset = random.nextInt(size);
            int length = Math.min(random.nextInt(2 << 20), size - offset);
            int cut = random.nextInt(length + 1);
            MemorySegment buffer = Arena.ofAuto().allocate(Math.max(length, 1));
            List<MemorySegment> halves = List.of(buffer.asSlice(0, cut), buffer.asSlice(cut, length - cut));
            switch (random.nextInt(3)) {
                case 0 -> {
                    byte value = (byte) random.nextInt();
                    buffer.fill(value);
                    disk.write(offset, halves);
                    Arrays.fill(model, offset, offset + length, value);
                }
                case 1 -> {
                    disk.writeZeroes(offset, length, random.nextBoolean());
                    Arrays.fill(model, offset, offset + length, (byte) 0);
                }
                default -> {
                    disk.read(offset, halves);
                    assertArrayEquals(Arrays.copyOfRange(model, offset, offset + length),
                            buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
                }
            }
        }
    }

    @Test
    void aDiskLargerThanMemoryTakesRoomOnlyWhereItIsWritten() {
        RamDiskBackend disk = new RamDiskBackend(1L << 38);
        MemorySegment buffer = Arena.ofAuto().allocate(512).fill((byte) 9);
        disk.write((1L << 38) - 512, List.of(buffer));
        buffer.fill((byte) 0);
        disk.read((1L << 38) - 512, List.of(buffer));
        assertEquals(9, buffer.get(ValueLayout.JAVA_BYTE, 511));
    }

    @Test
    void itGrowsWithWhatIsInItAndDoesNotShrink() {
        RamDiskBackend disk = new RamDiskBackend(3 << 19);
        MemorySegment buffer = Arena.ofAuto().allocate(512).fill((byte) 9);
        disk.write((3 << 19) - 512, List.of(buffer));
        assertTrue(disk.adjust(Map.of("ram", "64M")));
        assertEquals(64 << 20, disk.size());
        disk.write((64 << 20) - 512, List.of(buffer));
        for (long offset : new long[] {(3 << 19) - 512, (64 << 20) - 512}) {
            MemorySegment read = Arena.ofAuto().allocate(512);
            disk.read(offset, List.of(read));
            assertEquals(-1, buffer.mismatch(read), "at " + offset);
        }
        disk.read(3 << 19, List.of(buffer));
        assertEquals(0, buffer.get(ValueLayout.JAVA_BYTE, 0));
        assertThrows(ConfigurationException.class, () -> disk.adjust(Map.of("ram", "1M")));
        assertFalse(disk.adjust(Map.of("file", "disk.img")));
        assertEquals(64 << 20, disk.size());
    }

    @Test
    void sizesAreReadAsPeopleWriteThem() {
        assertEquals(4096, ByteSize.parse("4096"));
        assertEquals(64L << 20, ByteSize.parse(" 64m "));
        assertEquals(2L << 30, ByteSize.parse("2G"));
        for (String wrong : new String[] {"", "M", "12X", "99999999999999T", "1.5G"}) {
            assertThrows(ConfigurationException.class, () -> ByteSize.parse(wrong), wrong);
        }
        assertThrows(ConfigurationException.class, () -> new RamDiskBackend(0));
        assertThrows(ConfigurationException.class, () -> new RamDiskBackend(-1));
    }
}
