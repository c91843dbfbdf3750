package org.vm.machine.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.vm.api.ConfigurationException;
import org.vm.api.memory.GuestMemory;

/** Places images in guest RAM. What overlaps or does not fit is refused with one sentence that names both sides. */
final class Loader {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int ELF_MAGIC = 0x464C457F;
    private static final int ELF_CLASS64_LITTLE = 0x0102;
    private static final int ELF_MACHINE_RISCV = 243;
    private static final int ELF_LOADABLE = 1;

    /** Linux Documentation/arch/riscv/boot-image-header.rst: "RSC\x05" at offset 56. */
    private static final int IMAGE_MAGIC = 0x05435352;
    private static final int IMAGE_HEADER_SIZE = 64;

    /** Bytes {@code start} to {@code end - 1} and what is in them. */
    record Range(String what, long start, long end) {
        @Override
        public String toString() {
            return what + " (" + PhysicalBus.range(start, end - start) + ")";
        }
    }

    private final String machine;
    private final GuestMemory memory;
    private final long ramBase;
    private final long ramEnd;
    private final List<Range> placed = new ArrayList<>();

    Loader(String machine, GuestMemory memory, long ramBase, long ramSize) {
        this.machine = machine;
        this.memory = memory;
        this.ramBase = ramBase;
        this.ramEnd = ramBase + ramSize;
    }

    /**
     * Loads an ELF file where it says, a kernel image where its header says, and anything else at {@code address}.
     *
     * @return its entry
     */
    long program(String role, Image image, long address) {
        String what = role + " " + image.description();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment contents = image.contents(arena);
            if (contents.byteSize() == 0) {
                throw refused(what + " is empty");
            }
            if (contents.byteSize() >= IMAGE_HEADER_SIZE && contents.get(INT, 0) == ELF_MAGIC) {
                return elf(what, contents);
            }
            if (contents.byteSize() >= IMAGE_HEADER_SIZE && contents.get(INT, 56) == IMAGE_MAGIC) {
                return kernelImage(what, contents);
            }
            copy(what, contents, address, contents.byteSize());
            return address;
        }
    }

    private long kernelImage(String what, MemorySegment contents) {
        // text_offset is where the image wants to be in a block of 2 MiB; the effective size includes .bss.
        long start = ramBase + contents.get(LONG, 8);
        long size = contents.get(LONG, 16);
        if (start < ramBase || size < 0) {
            throw refused(what + " has a damaged image header");
        }
        copy(what, contents, start, Math.max(size, contents.byteSize()));
        return start;
    }

    private long elf(String what, MemorySegment contents) {
        if (contents.get(SHORT, 4) != ELF_CLASS64_LITTLE) {
            throw refused(what + " is not a 64-bit little-endian ELF file");
        }
        if (contents.get(SHORT, 18) != ELF_MACHINE_RISCV) {
            throw refused(what + " is an ELF file for another machine than RISC-V");
        }
        long entry = contents.get(LONG, 24);
        long headers = contents.get(LONG, 32);
        int headerSize = Short.toUnsignedInt(contents.get(SHORT, 54));
        int count = Short.toUnsignedInt(contents.get(SHORT, 56));
        long physicalEntry = entry;
        try {
            for (int i = 0; i < count; i++) {
                MemorySegment header = contents.asSlice(headers + (long) i * headerSize, 56);
                if (header.get(INT, 0) != ELF_LOADABLE || header.get(LONG, 40) == 0) {
                    continue;
                }
                long virtual = header.get(LONG, 16);
                long physical = header.get(LONG, 24);
                long size = header.get(LONG, 40);
                copy(what, contents.asSlice(header.get(LONG, 8), header.get(LONG, 32)), physical, size);
                if (entry - virtual >= 0 && entry - virtual < size) {
                    physicalEntry = entry - virtual + physical;
                }
            }
        } catch (IndexOutOfBoundsException e) {
            throw new ConfigurationException("machine '" + machine + "': " + what + " is a damaged or truncated ELF file", e);
        }
        return physicalEntry;
    }

    /** Loads an initial RAM disk as high as it goes, page-aligned, below {@code limit}. */
    Range initrd(Image image, long limit) {
        String what = "initrd " + image.description();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment contents = image.contents(arena);
            return copy(what, contents, limit - contents.byteSize() & ~0xFFFL, contents.byteSize());
        }
    }

    /** Copies {@code contents} and clears the rest of {@code size}. */
    Range copy(String what, MemorySegment contents, long start, long size) {
        Range range = new Range(what, start, start + size);
        if (size < contents.byteSize() || start < ramBase || start + size < start || start + size > ramEnd) {
            throw refused(range + " does not fit into memory (" + PhysicalBus.range(ramBase, ramEnd - ramBase)
                    + "); give the machine more memory");
        }
        for (Range other : placed) {
            if (range.start < other.end && other.start < range.end) {
                throw refused(range + " overlaps " + other + "; give the machine more memory or link one of them elsewhere");
            }
        }
        placed.add(range);
        long offset = memory.offset(start, size);
        MemorySegment.copy(contents, 0, memory.segment(), offset, contents.byteSize());
        memory.segment().asSlice(offset + contents.byteSize(), size - contents.byteSize()).fill((byte) 0);
        return range;
    }

    private ConfigurationException refused(String why) {
        return new ConfigurationException("machine '" + machine + "': " + why);
    }
}
