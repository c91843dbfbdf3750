package org.vm.isa.riscv.internal;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.CpuPlatform;
import org.vm.api.cpu.ExitReason;
import org.vm.api.cpu.GuestTrap;
import org.vm.api.irq.InterruptLine;
import org.vm.api.isa.InstructionSet;
import org.vm.api.mmu.Mmu;

/** A RISC-V hardware thread. */
public final class Hart extends Cpu {
    public final Fpu fpu = new Fpu();
    public final CpuPlatform platform;

    private final InstructionSet instructionSet;
    private final Queue<Runnable> posted = new ConcurrentLinkedQueue<>();

    public Hart(int id, InstructionSet instructionSet, Mmu mmu, CpuPlatform platform) {
        super(id, RegisterFiles.SLOTS, mmu);
        this.instructionSet = instructionSet;
        this.platform = platform;
    }

    @Override
    public InstructionSet instructionSet() {
        return instructionSet;
    }

    @Override
    public int context() {
        return 2;
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
        return level -> requestAttention();
    }

    @Override
    public void post(Runnable action) {
        posted.add(action);
        requestAttention();
    }

    @Override
    public void reset() {
        pc = 0;
        fpu.reset();
    }

    @Override
    public Map<String, Long> controlRegisters() {
        return new LinkedHashMap<>();
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
