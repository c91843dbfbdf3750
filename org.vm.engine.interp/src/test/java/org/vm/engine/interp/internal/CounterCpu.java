package org.vm.engine.interp.internal;

import java.util.List;
import java.util.Map;
import org.vm.api.GuestArch;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.ExitReason;
import org.vm.api.cpu.GuestTrap;
import org.vm.api.irq.InterruptLine;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Decoder;
import org.vm.api.isa.InstructionSet;
import org.vm.api.isa.RegisterFile;
import org.vm.api.isa.Row;
import org.vm.api.mmu.Mmu;
import org.vm.isa.InstructionTable;

/** The CPU of {@link Counter}; a trap stops it and is kept. */
public final class CounterCpu extends Cpu {
    static final RegisterFile R = new RegisterFile("r", 0, 8, -1, 8, List.of("rd", "ra", "rb"),
            List.of("r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"));
    static final GuestTrap ILLEGAL = new GuestTrap() {};

    GuestTrap trap;
    long trapPc;
    private final Set set;

    CounterCpu(Mmu mmu, Class<?>... instructions) {
        super(0, 9, mmu);
        set = new Set(InstructionTable.builder(List.of(R)).length(parcel -> 4).add(instructions).build());
    }

    private record Set(InstructionTable table) implements InstructionSet {
        @Override
        public GuestArch architecture() {
            return GuestArch.ARM64;
        }

        @Override
        public String name() {
            return "counter";
        }

        @Override
        public List<RegisterFile> registerFiles() {
            return List.of(R);
        }

        @Override
        public int registerSlots() {
            return 9;
        }

        @Override
        public List<Row> rows() {
            return table.rows();
        }

        @Override
        public Decoder decoder(int context) {
            try {
                return table.decoder(extension -> true,
                        InstructionTable.row(Counter.class.getMethod("illegal", CounterCpu.class)));
            } catch (NoSuchMethodException e) {
                throw new AssertionError(e);
            }
        }

        @Override
        public String disassemble(DecodedRow instruction, long pc) {
            return table.disassemble(instruction, pc);
        }
    }

    @Override
    public InstructionSet instructionSet() {
        return set;
    }

    @Override
    public int context() {
        return 0;
    }

    @Override
    public ExitReason attend() {
        clearAttention();
        return takeExitRequest() ? ExitReason.REQUESTED : ExitReason.CONTINUE;
    }

    @Override
    public void deliver(GuestTrap raised, long at) {
        trap = raised;
        trapPc = at;
        pc = at;
        requestExit();
    }

    @Override
    public InterruptLine line(int number) {
        return level -> requestAttention();
    }

    @Override
    public void post(Runnable action) {
        throw new UnsupportedOperationException("nobody posts to this CPU");
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
        return trap == null ? 0 : 1;
    }

    @Override
    public long interrupts() {
        return 0;
    }
}
