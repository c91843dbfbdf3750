package org.vm.testing;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.vm.api.bus.Bus;
import org.vm.api.bus.Mapping;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.CpuPlatform;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.ExitReason;
import org.vm.api.device.MmioDevice;
import org.vm.api.isa.InstructionExtension;
import org.vm.api.isa.InstructionSet;
import org.vm.api.memory.GuestMemory;
import org.vm.api.time.MachineClock;
import org.vm.engine.interp.internal.Interpreter;
import org.vm.isa.Assembler;
import org.vm.isa.Program;
import org.vm.isa.riscv.internal.RiscvArchitecture;
import org.vm.mmu.internal.SoftMmuFactory;

/**
 * One RISC-V hart with RAM and nothing else, for tests of engines and instructions. It starts in M-mode. Programs are
 * written in assembler and end with {@code wfi}.
 */
public final class BareHart implements AutoCloseable {
    /** Start of RAM, where programs are. */
    public static final long RAM = 0x8000_0000L;
    private static final int SIZE = 16 << 20;
    /** It takes a moment to make one. */
    private static final Assembler PLAIN = RiscvArchitecture.assembler();

    private final Assembler assembler;
    private final GuestMemory memory;
    private final Cpu cpu;
    private ExecutionEngine.Runner runner;

    /** With the interpreter. */
    public BareHart(List<InstructionExtension> extensions) {
        this(new Interpreter(), extensions);
    }

    public BareHart(ExecutionEngine engine) {
        this(engine, List.of());
    }

    public BareHart(ExecutionEngine engine, List<InstructionExtension> extensions) {
        this(engine, extensions, new NoDevices());
    }

    /** @param bus devices, for a hart that has some after all */
    public BareHart(ExecutionEngine engine, List<InstructionExtension> extensions, Bus bus) {
        RiscvArchitecture architecture = new RiscvArchitecture();
        InstructionSet isa = architecture.instructionSet(extensions);
        assembler = extensions.isEmpty() ? PLAIN
                : RiscvArchitecture.assembler(extensions.toArray(InstructionExtension[]::new));
        SoftMmuFactory mmus = new SoftMmuFactory();
        memory = mmus.memory(List.of(new GuestMemory.Region("ram", RAM, SIZE, 0, true)));
        cpu = architecture.cpu(0, isa, mmus.mmu(memory, bus, 256), new Alone());
        runner = engine.runner(cpu);
    }

    /** Assembles a program that begins at {@link #RAM}, loads it and sets the pc to its start. */
    public Program load(String source) {
        Program program = assembler.assemble(source, RAM);
        MemorySegment.copy(MemorySegment.ofArray(program.bytes()), 0, memory.segment(), program.origin() - RAM,
                program.bytes().length);
        cpu.pc = program.origin();
        cpu.codeEpoch++;
        return program;
    }

    public Cpu cpu() {
        return cpu;
    }

    public ExecutionEngine.Runner runner() {
        return runner;
    }

    /** Integer register {@code number}. */
    public long x(int number) {
        return cpu.registers[number];
    }

    public long read64(long address) {
        return memory.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, address - RAM);
    }

    public void write64(long address, long value) {
        memory.segment().set(ValueLayout.JAVA_LONG_UNALIGNED, address - RAM, value);
    }

    /** Hands the hart to another engine. */
    public void engine(ExecutionEngine other) {
        runner.close();
        runner = other.runner(cpu);
    }

    /** Gives the hart other instructions, as a machine does while nothing runs. */
    public void extensions(ExecutionEngine engine, List<InstructionExtension> extensions) {
        runner.close();
        cpu.instructionSet(new RiscvArchitecture().instructionSet(extensions));
        runner = engine.runner(cpu);
    }

    /**
     * Runs until the program waits in {@code wfi}.
     *
     * @throws AssertionError if it does not after {@code limit} instructions
     */
    public void runToEnd(long limit) {
        long until = cpu.retired + limit;
        while (cpu.retired < until) {
            if (runner.run(until - cpu.retired) == ExitReason.WAIT) {
                return;
            }
        }
        throw new AssertionError("the program did not end within " + limit + " instructions; pc is 0x" + Long.toHexString(cpu.pc)
                + ", mcause " + cpu.controlRegisters().get("mcause") + ", mepc 0x"
                + Long.toHexString(cpu.controlRegisters().get("mepc")));
    }

    @Override
    public void close() {
        runner.close();
        memory.close();
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
            throw new UnsupportedOperationException("a bare hart has no devices");
        }

        @Override
        public void unmap(Mapping mapping) {
            throw new UnsupportedOperationException("a bare hart has no devices");
        }
    }

    /** Time stands still. */
    private static final class Alone implements CpuPlatform, MachineClock {
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
            throw new UnsupportedOperationException("a bare hart has no power switch");
        }

        @Override
        public void reset() {
            throw new UnsupportedOperationException("a bare hart has no power switch");
        }

        @Override
        public void debugWrite(byte value) {
            throw new UnsupportedOperationException("a bare hart has no console");
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
                    // Time stands still.
                }

                @Override
                public void cancel() {
                    // Nothing is armed.
                }
            };
        }
    }
}
