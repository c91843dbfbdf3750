package org.vm.machine.internal;

import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.vm.api.CacheStats;
import org.vm.api.ExecMode;
import org.vm.api.GuestArch;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.CpuArchitecture;
import org.vm.api.cpu.CpuPlatform;
import org.vm.api.cpu.ExecutionEngine;
import org.vm.api.cpu.ExitReason;
import org.vm.api.cpu.GuestTrap;
import org.vm.api.device.DeviceTreeNode;
import org.vm.api.irq.InterruptLine;
import org.vm.api.isa.Decoder;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.InstructionExtension;
import org.vm.api.isa.InstructionSet;
import org.vm.api.isa.RegisterFile;
import org.vm.api.isa.Row;
import org.vm.api.mmu.Mmu;

/** CPUs without instructions: each "instruction" counts, and a program given by the test says what else it does. */
final class FakeArchitecture implements CpuArchitecture, InstructionSet {
    /** What a CPU does at each step. */
    interface Program {
        ExitReason step(FakeCpu cpu);
    }

    private final Program program;

    FakeArchitecture(Program program) {
        this.program = program;
    }

    @Override
    public GuestArch architecture() {
        return GuestArch.RISCV64;
    }

    @Override
    public InstructionSet instructionSet(List<InstructionExtension> extensions) {
        return this;
    }

    @Override
    public Cpu cpu(int id, InstructionSet instructionSet, Mmu mmu, CpuPlatform platform) {
        return new FakeCpu(id, this, mmu, platform);
    }

    @Override
    public void boot(Cpu cpu, long entry, long deviceTree) {
        cpu.pc = entry;
        cpu.registers[11] = deviceTree;
    }

    @Override
    public void describe(Cpu cpu, DeviceTreeNode node) {
        node.text("compatible", "riscv");
        node.child("interrupt-controller").flag("interrupt-controller");
    }

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public List<RegisterFile> registerFiles() {
        return List.of();
    }

    @Override
    public int registerSlots() {
        return 32;
    }

    @Override
    public List<Row> rows() {
        return List.of();
    }

    @Override
    public Decoder decoder(int context) {
        throw new UnsupportedOperationException("nothing is decoded here");
    }

    @Override
    public String disassemble(DecodedRow instruction, long pc) {
        return "fake";
    }

    static final class FakeCpu extends Cpu {
        final CpuPlatform platform;
        final AtomicLong steps = new AtomicLong();
        final long[] lines = new long[16];
        volatile String engine = "";
        private final FakeArchitecture architecture;
        private final Queue<Runnable> posted = new ConcurrentLinkedQueue<>();

        FakeCpu(int id, FakeArchitecture architecture, Mmu mmu, CpuPlatform platform) {
            super(id, 32, mmu);
            this.architecture = architecture;
            this.platform = platform;
        }

        @Override
        public InstructionSet instructionSet() {
            return architecture;
        }

        @Override
        public int context() {
            return 0;
        }

        @Override
        public ExitReason attend() {
            clearAttention();
            for (Runnable action = posted.poll(); action != null; action = posted.poll()) {
                action.run();
            }
            return takeExitRequest() ? ExitReason.REQUESTED : ExitReason.CONTINUE;
        }

        @Override
        public void deliver(GuestTrap trap, long at) {
            throw trap;
        }

        @Override
        public InterruptLine line(int number) {
            return level -> {
                lines[number] = level ? 1 : 0;
                requestAttention();
            };
        }

        @Override
        public void post(Runnable action) {
            posted.add(action);
            requestAttention();
        }

        @Override
        public void reset() {
            pc = 0;
        }

        @Override
        public Map<String, Long> controlRegisters() {
            return Map.of();
        }

        @Override
        public long traps() {
            return 0;
        }

        @Override
        public long interrupts() {
            return 0;
        }
    }

    /** An engine that calls the program. */
    static final class FakeEngine implements ExecutionEngine {
        final AtomicLong runners = new AtomicLong();
        private final String name;
        private final ExecMode mode;

        FakeEngine(String name) {
            this(name, ExecMode.HYBRID);
        }

        FakeEngine(String name, ExecMode mode) {
            this.name = name;
            this.mode = mode;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public ExecMode mode() {
            return mode;
        }

        @Override
        public Runner runner(Cpu cpu) {
            runners.incrementAndGet();
            FakeCpu fake = (FakeCpu) cpu;
            return new Runner() {
                @Override
                public ExitReason run(long budget) {
                    for (long i = 0; i < budget; i++) {
                        if (fake.attention()) {
                            ExitReason reason = fake.attend();
                            if (reason != ExitReason.CONTINUE) {
                                return reason;
                            }
                        }
                        fake.engine = name;
                        fake.retired++;
                        fake.steps.incrementAndGet();
                        ExitReason reason = fake.architecture.program.step(fake);
                        if (reason != ExitReason.CONTINUE) {
                            return reason;
                        }
                    }
                    return ExitReason.BUDGET;
                }

                @Override
                public CacheStats blocks() {
                    return new CacheStats(1, 0, 0, 0, 1);
                }

                @Override
                public long fused() {
                    return 0;
                }

                @Override
                public void flush() {
                    // nothing is kept
                }

                @Override
                public void close() {
                    runners.decrementAndGet();
                }
            };
        }
    }
}
