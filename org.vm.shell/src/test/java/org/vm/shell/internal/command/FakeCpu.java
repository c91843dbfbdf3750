package org.vm.shell.internal.command;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.vm.api.GuestArch;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.ExitReason;
import org.vm.api.cpu.GuestTrap;
import org.vm.api.irq.InterruptLine;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Decoder;
import org.vm.api.isa.InstructionSet;
import org.vm.api.isa.RegisterFile;
import org.vm.api.isa.Result;
import org.vm.api.isa.Row;

/** A CPU with four registers, whose instructions are two bytes each and are called after them. */
final class FakeCpu extends Cpu implements InstructionSet {
    final List<String> lines = new ArrayList<>();

    FakeCpu(int id) {
        super(id, 5, null);
    }

    @Override
    public InstructionSet instructionSet() {
        return this;
    }

    @Override
    public int context() {
        return 0;
    }

    @Override
    public ExitReason attend() {
        return ExitReason.CONTINUE;
    }

    @Override
    public void deliver(GuestTrap trap, long at) {}

    @Override
    public InterruptLine line(int number) {
        if (number > 11) {
            throw new IllegalArgumentException("hart 0 has no interrupt line " + number);
        }
        return level -> lines.add(number + " " + level);
    }

    @Override
    public void post(Runnable action) {
        action.run();
    }

    @Override
    public void reset() {}

    @Override
    public Map<String, Long> controlRegisters() {
        Map<String, Long> registers = new LinkedHashMap<>();
        registers.put("mode", 1L);
        registers.put("satp", 0L);
        registers.put("stvec", 0x8020_0000L);
        return registers;
    }

    @Override
    public long traps() {
        return 0;
    }

    @Override
    public long interrupts() {
        return 0;
    }

    @Override
    public GuestArch architecture() {
        return GuestArch.RISCV64;
    }

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public List<RegisterFile> registerFiles() {
        return List.of(new RegisterFile("x", 0, 4, 0, 4, List.of(),
                IntStream.range(0, 4).mapToObj(i -> "x" + i).toList()));
    }

    @Override
    public int registerSlots() {
        return 5;
    }

    @Override
    public List<Row> rows() {
        return List.of();
    }

    @Override
    public Decoder decoder(int context) {
        return (code, at) -> List.of(new DecodedRow(new Row("op", "x", null, List.of(), new Result.None(), false), "op",
                code.fetch16(at), 2, new long[0], -1, 0));
    }

    @Override
    public String disassemble(DecodedRow instruction, long at) {
        return "op" + instruction.bits();
    }
}
