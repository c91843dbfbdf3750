package org.vm.isa.riscv.oracle;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.vm.api.bus.Bus;
import org.vm.api.bus.Mapping;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.CpuPlatform;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.ExitReason;
import org.vm.api.device.MmioDevice;
import org.vm.api.isa.InstructionSet;
import org.vm.api.memory.GuestMemory;
import org.vm.api.mmu.Mmu;
import org.vm.api.time.MachineClock;
import org.vm.isa.riscv.internal.RiscvArchitecture;
import org.vm.mmu.internal.SoftMmuFactory;

/** Runs an image ({@link Code}) on a hart in M-mode, with real memory and a real engine. */
final class InterpretedHart {
    static final InstructionSet ISA = new RiscvArchitecture().instructionSet(List.of());
    private static final long LIMIT = 2_000_000_000;

    private final ExecutionEngine engine;

    InterpretedHart(ExecutionEngine engine) {
        this.engine = engine;
    }

    /** The image as it is after its run. */
    byte[] run(byte[] image) {
        SoftMmuFactory mmus = new SoftMmuFactory();
        long size = image.length + 0xFFFL & ~0xFFFL;
        GuestMemory.Region ram = new GuestMemory.Region("ram", Code.ORIGIN, size, 0, true);
        try (GuestMemory memory = mmus.memory(List.of(ram))) {
            memory.segment().asSlice(0, image.length).copyFrom(MemorySegment.ofArray(image));
            Mmu mmu = mmus.mmu(memory, new NoDevices(), 1024);
            Cpu cpu = new RiscvArchitecture().cpu(0, ISA, mmu, new NoPlatform());
            // Where the image ends: wait for ever.
            mmu.store32(Code.ORIGIN, 0x1050_0073); // wfi
            mmu.store32(Code.ORIGIN + 4, 0xFFDF_F06F); // j -4
            // Where it begins: floating-point state on.
            mmu.store32(Code.ORIGIN + 8, 0x0000_62B7); // lui t0, 6: mstatus.FS = Dirty
            mmu.store32(Code.ORIGIN + 12, 0x3002_A073); // csrs mstatus, t0
            mmu.store32(Code.ORIGIN + 16, Code.ENTRY - 16 << 20 | 0x6F); // j to the entry
            cpu.pc = Code.ORIGIN + 8;
            try (ExecutionEngine.Runner runner = engine.runner(cpu)) {
                ExitReason reason = runner.run(LIMIT);
                if (reason != ExitReason.WAIT || cpu.traps() != 0) {
                    throw new AssertionError("the image ended with " + reason + " after " + cpu.traps() + " traps: pc "
                            + Long.toHexString(cpu.pc) + ", " + cpu.controlRegisters());
                }
            }
            byte[] result = memory.segment().asSlice(0, image.length).toArray(JAVA_BYTE);
            java.util.Arrays.fill(result, 0, Code.ENTRY, (byte) 0);
            return result;
        }
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
