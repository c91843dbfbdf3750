package org.vm.mmu.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Memory straight from the operating system (POSIX {@code mmap}), which gives a page when it is first touched. What
 * {@link Arena#allocate} gives is written with zeroes at once, so a guest would cost all its memory from the start, and
 * counts against {@code -XX:MaxDirectMemorySize}.
 */
final class AnonymousMapping {
    private static final int PROT_READ_WRITE = 1 | 2;
    private static final int MAP_PRIVATE = 2;
    private static final int MADV_HUGEPAGE = 14;
    /** Alignment that lets the host use huge pages. */
    private static final long HUGE_PAGE = 2 << 20;
    private static final long MAP_FAILED = -1;
    /**
     * Below this address memory is wanted, if there is room: what compiled code adds to an offset is a part of its instructions
     * then, not a number that takes a register, and an instruction, at each access.
     */
    private static final long LOW = 1L << 31;
    /** Where room is looked for first, and the distance to where it is looked for next. */
    private static final long LOWEST = 1L << 28;

    /** Where system calls differ in their constants. */
    private enum Host {
        /** {@code MAP_ANONYMOUS | MAP_NORESERVE}. */
        LINUX(0x20 | 0x4000), MAC(0x1000 | 0x40), OTHER(0);

        final int flags;

        Host(int flags) {
            this.flags = flags;
        }

        static Host current() {
            String name = System.getProperty("os.name");
            return name.startsWith("Linux") ? LINUX : name.startsWith("Mac") ? MAC : OTHER;
        }
    }

    private final Linker linker = Linker.nativeLinker();
    private final Host host;

    private AnonymousMapping(Host host) {
        this.host = host;
    }

    /**
     * Zeroed memory that lives as long as {@code arena}.
     *
     * @return {@code null} where the host has no such memory to give, or Java may not call it
     */
    static MemorySegment allocate(long bytes, Arena arena) {
        Host host = Host.current();
        if (host == Host.OTHER || !AnonymousMapping.class.getModule().isNativeAccessEnabled()) {
            return null;
        }
        try {
            return new AnonymousMapping(host).map(bytes, arena);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("a call of mmap cannot be made", e);
        }
    }

    private MemorySegment map(long bytes, Arena arena) throws Throwable {
        MethodHandle mmap = function("mmap", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG));
        MethodHandle munmap = function("munmap",
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
        long mapped = bytes + HUGE_PAGE;
        long address = reserve(mapped, mmap, munmap);
        if (address == MAP_FAILED) {
            return null;
        }
        long start = (address + HUGE_PAGE - 1) & -HUGE_PAGE;
        if (host == Host.LINUX) {
            MethodHandle madvise = function("madvise", FunctionDescriptor.of(ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
            // Advice: where it is not taken, pages are small.
            int taken = (int) madvise.invokeExact(start, bytes, MADV_HUGEPAGE);
        }
        return MemorySegment.ofAddress(start).reinterpret(bytes, arena, segment -> unmap(munmap, address, mapped));
    }

    /** Address of so many bytes, low if there is room, or else anywhere. */
    private long reserve(long bytes, MethodHandle mmap, MethodHandle munmap) throws Throwable {
        for (long wanted = LOWEST; wanted < LOW; wanted += LOWEST) {
            long address = (long) mmap.invokeExact(wanted, bytes, PROT_READ_WRITE, MAP_PRIVATE | host.flags, -1, 0L);
            if (address == MAP_FAILED || address >= 0 && address < LOW - HUGE_PAGE) {
                return address;
            }
            unmap(munmap, address, bytes);
        }
        return (long) mmap.invokeExact(0L, bytes, PROT_READ_WRITE, MAP_PRIVATE | host.flags, -1, 0L);
    }

    private static void unmap(MethodHandle munmap, long address, long bytes) {
        try {
            if ((int) munmap.invokeExact(address, bytes) != 0) {
                throw new IllegalStateException("the host does not take back memory at 0x" + Long.toHexString(address));
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("a call of munmap cannot be made", e);
        }
    }

    private MethodHandle function(String name, FunctionDescriptor type) {
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
    }
}
