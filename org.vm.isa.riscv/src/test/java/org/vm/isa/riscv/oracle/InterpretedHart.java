package org.vm.isa.riscv.oracle;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.vm.api.PagingMode;
import org.vm.api.bus.Bus;
import org.vm.api.bus.Mapping;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.CpuPlatform;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.ExitReason;
import org.vm.api.device.MmioDevice;
import org.vm.api.isa.InstructionSet;
import org.vm.api.memory.GuestMemory;
import org.vm.api.time.MachineClock;
import org.vm.isa.Assembler;
import org.vm.isa.riscv.internal.RiscvArchitecture;
import org.vm.mmu.internal.SoftMmuFactory;

/**
 * Runs an image ({@link Code}) on a hart in S-mode, with real memory and a real engine.
 *
 * @param engine what runs it
 * @param paging how its addresses are translated, if at all; the frames are in disorder then
 * @param slice  instructions after which the engine comes back and a new runner goes on
 */
record InterpretedHart(ExecutionEngine engine, PagingMode paging, long slice) {
    static final InstructionSet ISA = new RiscvArchitecture().instructionSet(List.of());
    private static final Assembler ASSEMBLER = RiscvArchitecture.assembler();

    private static final int PAGE = ShuffledPages.PAGE;
    private static final long BOOT = 0x4000_0000L;
    private static final int BOOT_SIZE = 1 << 20;
    private static final int TLB_ENTRIES = 64;
    private static final long LIMIT = 2_000_000_000;

    InterpretedHart(ExecutionEngine engine) {
        this(engine, PagingMode.BARE, LIMIT);
    }

    /** The image as it is after its run. */
    byte[] run(byte[] image) {
        SoftMmuFactory mmus = new SoftMmuFactory();
        int pages = (image.length + PAGE - 1) / PAGE;
        List<Integer> frames = ShuffledPages.shuffle(pages, pages);
        if (paging == PagingMode.BARE) {
            Collections.sort(frames);
        }
        try (GuestMemory memory = mmus.memory(List.of(
                new GuestMemory.Region("boot", BOOT, BOOT_SIZE, 0, true),
                new GuestMemory.Region("ram", Code.ORIGIN, (long) pages * PAGE, BOOT_SIZE, true)))) {
            MemorySegment boot = memory.segment().asSlice(0, BOOT_SIZE);
            MemorySegment ram = memory.segment().asSlice(BOOT_SIZE, (long) pages * PAGE);
            byte[] whole = Arrays.copyOf(image, pages * PAGE);
            put(whole, Code.ORIGIN, "here: wfi; j here");
            copy(ram, whole, frames, false);
            Cpu cpu = new RiscvArchitecture().cpu(0, ISA, mmus.mmu(memory, new NoDevices(), TLB_ENTRIES), new NoPlatform());
            byte[] start = assemble(BOOT, START.formatted(pageTables(boot, frames), Code.ORIGIN + Code.ENTRY));
            boot.asSlice(0, start.length).copyFrom(MemorySegment.ofArray(start));
            cpu.pc = BOOT;
            ExitReason reason = ExitReason.BUDGET;
            while (reason == ExitReason.BUDGET && cpu.retired < LIMIT) {
                try (ExecutionEngine.Runner runner = engine.runner(cpu)) {
                    reason = runner.run(slice);
                }
            }
            if (reason != ExitReason.WAIT || cpu.traps() != 0) {
                throw new AssertionError("the image ended with " + reason + " after " + cpu.traps() + " traps: pc "
                        + Long.toHexString(cpu.pc) + ", " + cpu.controlRegisters());
            }
            copy(ram, whole, frames, true);
            Arrays.fill(whole, 0, Code.ENTRY, (byte) 0);
            return Arrays.copyOf(whole, image.length);
        }
    }

    /** Opens all memory to S-mode, switches the floating-point unit on, translation as wanted, and leaves to S-mode. */
    private static final String START = """
            li t0, -1
            csrw pmpaddr0, t0
            li t0, 0x1F
            csrw pmpcfg0, t0
            li t0, %d
            csrw satp, t0
            sfence.vma
            li t0, 0x6800
            csrs mstatus, t0
            li t0, %d
            csrw mepc, t0
            mret
            """;

    private long pageTables(MemorySegment boot, List<Integer> frames) {
        ShuffledPages tables = new ShuffledPages(paging, boot.asSlice(PAGE), BOOT + PAGE);
        if (paging != PagingMode.BARE) {
            for (int i = 0; i < frames.size(); i++) {
                tables.map(Code.ORIGIN + (long) i * PAGE, Code.ORIGIN + (long) frames.get(i) * PAGE);
            }
        }
        return tables.satp();
    }

    private static void copy(MemorySegment ram, byte[] whole, List<Integer> frames, boolean back) {
        MemorySegment bytes = MemorySegment.ofArray(whole);
        for (int i = 0; i < frames.size(); i++) {
            MemorySegment frame = ram.asSlice((long) frames.get(i) * PAGE, PAGE);
            MemorySegment page = bytes.asSlice((long) i * PAGE, PAGE);
            (back ? page : frame).copyFrom(back ? frame : page);
        }
    }

    private static void put(byte[] image, long address, String source) {
        byte[] code = assemble(address, source);
        System.arraycopy(code, 0, image, (int) (address - Code.ORIGIN), code.length);
    }

    private static byte[] assemble(long address, String source) {
        return ASSEMBLER.assemble(source, address).bytes();
    }

    private static final class NoDevices implements Bus {
        @Override
        public Mapping find(long address) {
            return null;
        }

        @Override
        public List<Mapping> mappings() {
            return List.of();
        }

        @Override
        public Mapping map(long base, MmioDevice device) {
            throw new UnsupportedOperationException("no devices here");
        }

        @Override
        public void unmap(Mapping mapping) {
            throw new UnsupportedOperationException("no devices here");
        }
    }

    private static final class NoPlatform implements CpuPlatform, MachineClock {
        @Override
        public MachineClock clock() {
            return this;
        }

        @Override
        public long timebase() {
            return 10_000_000;
        }

        @Override
        public List<? extends Cpu> cpus() {
            return List.of();
        }

        @Override
        public boolean builtinFirmware() {
            return false;
        }

        @Override
        public void powerOff(int status) {
            throw new UnsupportedOperationException("no power here");
        }

        @Override
        public void reset() {
            throw new UnsupportedOperationException("no power here");
        }

        @Override
        public void debugWrite(byte value) {
            throw new UnsupportedOperationException("no console here");
        }

        @Override
        public int debugRead() {
            return -1;
        }

        @Override
        public long nanos() {
            return 0;
        }

        @Override
        public long wallNanos() {
            return 0;
        }

        @Override
        public Timer timer(Runnable action) {
            return new Timer() {
                @Override
                public void arm(long deadline) {
                    // time stands still here
                }

                @Override
                public void cancel() {
                    // nothing was armed
                }
            };
        }
    }
}
