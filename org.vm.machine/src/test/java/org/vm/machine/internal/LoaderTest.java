package org.vm.machine.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.vm.api.ConfigurationException;
import org.vm.api.memory.GuestMemory.Region;

class LoaderTest {
    private static final long BASE = 0x8000_0000L;
    private static final long SIZE = 0x40_0000;
    private final FakeMemory memory = new FakeMemory(List.of(new Region("ram", BASE, SIZE, 0, true)));
    private final Loader loader = new Loader("test", memory, BASE, SIZE);

    private byte[] at(long address, int length) {
        return memory.segment().asSlice(memory.offset(address, length), length).toArray(ValueLayout.JAVA_BYTE);
    }

    private static ByteBuffer bytes(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] kernelImage(long textOffset, long imageSize) {
        return bytes(128).putLong(8, textOffset).putLong(16, imageSize).put(48, "RISCV\0\0\0RSC\5".getBytes())
                .put(127, (byte) 77).array();
    }

    /** One loadable segment of 8 bytes, and 8 bytes of .bss behind it. */
    private static byte[] elf(long entry, long virtual, long physical) {
        return bytes(128).putInt(0, 0x464C457F).put(4, (byte) 2).put(5, (byte) 1).putShort(18, (short) 243)
                .putLong(24, entry).putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 1)
                .putInt(64, 1).putLong(72, 120).putLong(80, virtual).putLong(88, physical).putLong(96, 8)
                .putLong(104, 16).putLong(120, 0x0102030405060708L).array();
    }

    @Test
    void aKernelImageGoesWhereItsHeaderSays() {
        assertEquals(BASE + 0x20_0000, loader.program("kernel", Image.of("Image", kernelImage(0x20_0000, 0x1000)), BASE));
        assertEquals(77, at(BASE + 0x20_0000 + 127, 1)[0]);
    }

    @Test
    void whatAKernelNeedsForItsDataIsKeptFree() {
        loader.program("kernel", Image.of("Image", kernelImage(0x20_0000, 0x10_0000)), BASE);
        var e = assertThrows(ConfigurationException.class,
                () -> loader.copy("device tree", java.lang.foreign.MemorySegment.ofArray(new byte[16]), BASE + 0x2F_0000, 16));
        assertTrue(e.getMessage().contains("device tree (0x802f0000-0x802f000f) overlaps kernel Image (0x80200000-0x802fffff)"),
                e.getMessage());
    }

    @Test
    void anElfFileIsLoadedAtItsPhysicalAddressesWithClearedBss() {
        memory.segment().asSlice(memory.offset(BASE + 0x1000, 32), 32).fill((byte) -1);
        long entry = loader.program("firmware", Image.of("a.elf", elf(0xFFFF_0004L, 0xFFFF_0000L, BASE + 0x1000)), BASE);
        assertEquals(BASE + 0x1004, entry);
        assertArrayEquals(new byte[] {8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, -1}, at(BASE + 0x1000, 17));
    }

    @Test
    void aDamagedElfFileIsRefusedInWords() {
        byte[] damaged = bytes(128).put(elf(BASE, BASE, BASE)).putLong(32, -8L).array();
        var e = assertThrows(ConfigurationException.class, () -> loader.program("firmware", Image.of("a.elf", damaged), BASE));
        assertTrue(e.getMessage().contains("damaged or truncated"), e.getMessage());
        byte[] foreign = bytes(128).put(elf(BASE, BASE, BASE)).putShort(18, (short) 62).array();
        assertTrue(assertThrows(ConfigurationException.class,
                () -> loader.program("firmware", Image.of("a.elf", foreign), BASE)).getMessage().contains("another machine"));
    }

    @Test
    void anythingElseIsLoadedAsItIs() {
        assertEquals(BASE, loader.program("firmware", Image.of("fw.bin", new byte[] {1, 2, 3}), BASE));
        assertArrayEquals(new byte[] {1, 2, 3}, at(BASE, 3));
    }

    @Test
    void anInitrdGoesAsHighAsItCanOnAPage() {
        Loader.Range range = loader.initrd(Image.of("initrd", new byte[5000]), BASE + SIZE - 0x1_0000);
        assertEquals(BASE + SIZE - 0x1_0000 - 0x2000, range.start());
        assertEquals(5000, range.end() - range.start());
    }

    @Test
    void whatDoesNotFitIsRefusedInWords() {
        var e = assertThrows(ConfigurationException.class,
                () -> loader.initrd(Image.of("big.cpio", new byte[0x50_0000]), BASE + SIZE));
        assertTrue(e.getMessage().contains("big.cpio") && e.getMessage().contains("does not fit into memory"), e.getMessage());
        assertThrows(ConfigurationException.class,
                () -> loader.program("kernel", Image.of("Image", kernelImage(0x20_0000, Long.MAX_VALUE)), BASE));
        assertThrows(ConfigurationException.class,
                () -> loader.program("kernel", Image.of("a.elf", elf(0x1000, 0x1000, 0x1000)), BASE));
        assertThrows(ConfigurationException.class, () -> loader.program("kernel", Image.of("empty", new byte[0]), BASE));
    }
}
