package org.vm.isa.riscv.internal;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.CpuPlatform;
import org.vm.api.cpu.ExitReason;
import org.vm.api.cpu.GuestTrap;
import org.vm.api.irq.InterruptFile;
import org.vm.api.irq.InterruptLine;
import org.vm.api.isa.InstructionSet;
import org.vm.api.mmu.MemoryFault;
import org.vm.api.mmu.Mmu;
import org.vm.isa.riscv.internal.sbi.Sbi;

/** A RISC-V hardware thread: RV64GC with M-, S- and U-mode. Its parts keep the registers that belong together. */
public final class Hart extends Cpu {
    /** Whether the hart runs, numbered as SBI HSM does (SBI 2.0, table 6). */
    public enum RunState { STARTED, STOPPED, START_PENDING, STOP_PENDING, SUSPENDED }

    public static final int A0 = 10;
    public static final int A1 = 11;
    private static final int ECALL_BYTES = 4;

    public final Fpu fpu = new Fpu();
    public final CpuPlatform platform;
    public final Status status;
    public final Interrupts interrupts;
    public final Environment environment;
    public final SupervisorTimer timer;
    public final Translation translation;
    public final Traps traps;
    public final Counters counters;
    public final Pmp pmp;

    private volatile RiscvInstructionSet instructionSet;
    /** What was in registers of bundles' instructions when those went, by number, with the name. */
    private final Map<Integer, Map.Entry<String, Long>> savedCsrs = new HashMap<>();
    private final Sbi firmware = new Sbi(this);
    private final Queue<Runnable> posted = new ConcurrentLinkedQueue<>();
    private final AtomicReference<RunState> state = new AtomicReference<>(RunState.STARTED);
    /** In a WFI. */
    private boolean waiting;
    /** Harts that have not yet done what this one asked for and waits for. */
    private final AtomicInteger outstanding = new AtomicInteger();

    Hart(int id, RiscvInstructionSet instructionSet, Mmu mmu, CpuPlatform platform) {
        super(id, instructionSet.registerSlots(), mmu);
        this.instructionSet = instructionSet;
        this.platform = platform;
        status = new Status(mmu);
        interrupts = new Interrupts(this);
        environment = new Environment(this);
        timer = new SupervisorTimer(this);
        translation = new Translation(this);
        traps = new Traps(this);
        counters = new Counters(this);
        pmp = new Pmp(mmu);
        reset();
    }

    @Override
    public InstructionSet instructionSet() {
        return instructionSet;
    }

    @Override
    public void instructionSet(InstructionSet next) {
        instructionSet.csrs().save(this, savedCsrs);
        instructionSet = (RiscvInstructionSet) next;
        instructionSet.csrs().restore(this, savedCsrs);
    }

    AddedCsrs addedCsrs() {
        return instructionSet.csrs();
    }

    /** How far the floating-point unit is switched on, and whether it is above U-mode: see {@link DecodingContext}. */
    @Override
    public int context() {
        return status.context();
    }

    @Override
    public ExitReason attend() {
        clearAttention();
        for (Runnable action = posted.poll(); action != null; action = posted.poll()) {
            action.run();
        }
        if (takeExitRequest()) {
            // Whatever else is pending is looked at when the hart runs again.
            requestAttention();
            return ExitReason.REQUESTED;
        }
        RunState now = state.get();
        if (now == RunState.STOPPED || now == RunState.START_PENDING || outstanding.get() > 0) {
            return ExitReason.WAIT;
        }
        if (waiting) {
            if (!interrupts.wakes()) {
                return ExitReason.WAIT;
            }
            waiting = false;
            state.compareAndSet(RunState.SUSPENDED, RunState.STARTED);
        }
        interrupts.take();
        return ExitReason.CONTINUE;
    }

    @Override
    public void deliver(GuestTrap trap, long at) {
        switch (trap) {
            case MemoryFault fault -> traps.exception(code(fault), at, fault.address());
            case RiscvTrap raised -> traps.exception(raised.cause(), at, value(raised, at));
            default -> throw new IllegalArgumentException("hart " + id + " cannot take a " + trap.getClass().getName()
                    + " of another architecture");
        }
    }

    private static int code(MemoryFault fault) {
        int offset = switch (fault.access()) {
            case FETCH -> 0;
            case LOAD -> 1;
            case STORE -> 3;
        };
        return switch (fault.kind()) {
            case MISALIGNED -> offset == 0 ? 0 : 3 + offset;
            case ACCESS -> offset == 0 ? 1 : 4 + offset;
            case PAGE -> 12 + offset;
        };
    }

    private long value(RiscvTrap trap, long at) {
        if (trap == RiscvTrap.ILLEGAL_INSTRUCTION) {
            return bitsAt(at);
        }
        return trap == RiscvTrap.BREAKPOINT ? at : 0;
    }

    /** The instruction at an address that was fetched from just now; 0 if its page has gone since. */
    private long bitsAt(long address) {
        try {
            int low = mmu.fetch16(address);
            return (low & 3) == 3 ? mmu.fetch16(address + 2) << 16 & 0xFFFF_FFFFL | low : low;
        } catch (MemoryFault gone) {
            return 0;
        }
    }

    @Override
    public InterruptLine line(int number) {
        return interrupts.line(number);
    }

    @Override
    public void interruptFile(int number, InterruptFile file) {
        interrupts.file(number, file);
    }

    @Override
    public void post(Runnable action) {
        posted.add(action);
        requestAttention();
    }

    @Override
    public void reset() {
        Arrays.fill(registers, 0);
        savedCsrs.clear();
        instructionSet.csrs().reset(this);
        pc = 0;
        waiting = false;
        outstanding.set(0);
        posted.clear();
        state.set(RunState.STARTED);
        fpu.reset();
        status.reset();
        interrupts.reset();
        environment.reset();
        timer.reset();
        traps.reset();
        counters.reset();
        pmp.reset();
        translation.reset();
        mmu.clearReservation();
        codeEpoch++;
    }

    @Override
    public Map<String, Long> controlRegisters() {
        return Csrs.values(this);
    }

    @Override
    public long traps() {
        return traps.exceptions();
    }

    @Override
    public long interrupts() {
        return traps.interrupts();
    }

    /** {@code ecall} at an address: the next pc, which is that of the trap's handler unless the monitor answers the call itself. */
    public long environmentCall(long at) {
        return switch (status.privilege()) {
            case Privilege.USER -> call(RiscvTrap.ECALL_FROM_U, at);
            case Privilege.MACHINE -> call(RiscvTrap.ECALL_FROM_M, at);
            default -> platform.builtinFirmware() ? firmware.call(at + ECALL_BYTES) : call(RiscvTrap.ECALL_FROM_S, at);
        };
    }

    /** Delivered without being thrown: programs call so often that it would show. */
    private long call(RiscvTrap trap, long at) {
        deliver(trap, at);
        // Whoever runs the instruction counts it as retired, which it is not.
        retired--;
        return pc;
    }

    /** {@code wfi}: nothing runs until an enabled interrupt is pending. */
    public void waitForInterrupt() {
        int privilege = status.privilege();
        if (privilege == Privilege.USER || privilege == Privilege.SUPERVISOR && status.has(Status.TW)) {
            throw RiscvTrap.ILLEGAL_INSTRUCTION;
        }
        waiting = true;
        requestAttention();
    }

    /** Switches the floating-point registers to "changed", after which the instruction that changes them is decoded. */
    public void markFloatDirty() {
        status.markFloatDirty();
    }

    /** Lets fetches see all stores before. */
    public void synchronizeCode() {
        codeEpoch++;
    }

    public RunState runState() {
        return state.get();
    }

    /** Takes a stopped hart for oneself, to {@link #start} it. Any thread. */
    public boolean claimStopped() {
        return state.compareAndSet(RunState.STOPPED, RunState.START_PENDING);
    }

    /** Opens to S-mode what firmware opens to a kernel: traps, interrupts, counters, extensions and memory. */
    void delegateAll() {
        traps.delegate(-1);
        interrupts.delegate(-1);
        counters.machineEnable(-1);
        counters.supervisorEnable(-1);
        environment.write(Environment.EVERYTHING);
        pmp.open();
    }

    /** Enters a kernel as SBI HSM says: S-mode, no translation, interrupts off, a0 = hart, a1 = opaque. */
    public void start(long entry, long opaque) {
        translation.reset();
        status.startSupervisor();
        registers[A0] = id;
        registers[A1] = opaque;
        pc = entry & ~1;
        waiting = false;
        codeEpoch++;
        state.set(RunState.STARTED);
    }

    /** Nothing runs any more, until another hart starts this one. */
    public void stop() {
        state.set(RunState.STOPPED);
        requestAttention();
    }

    /** As a WFI, from the outside seen as suspended. */
    public void suspend() {
        state.set(RunState.SUSPENDED);
        waiting = true;
        requestAttention();
    }

    /** Lets {@code other} do something between two of its instructions; this hart goes on when all have done it. */
    public void askFor(Hart other, Runnable action) {
        outstanding.incrementAndGet();
        requestAttention();
        other.post(() -> {
            action.run();
            if (outstanding.decrementAndGet() == 0) {
                requestAttention();
            }
        });
    }
}
