package org.vm.api.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.vm.api.irq.InterruptFile;
import org.vm.api.irq.InterruptLine;
import org.vm.api.isa.InstructionSet;
import org.vm.api.mmu.Mmu;

/**
 * The state of one virtual CPU that every engine and every architecture share. Everything is in here, nothing in an
 * engine, so that engines can change places between two instructions. Fields are the vCPU thread's own; other threads
 * use {@link #requestAttention()}, {@link #requestExit()}, {@link #post} and {@link #line} only.
 */
public abstract class Cpu {
    /** Number in the machine, from 0. */
    public final int id;
    /** All register files, at the slots that {@link InstructionSet#registerFiles()} gives. */
    public final long[] registers;
    public final Mmu mmu;
    /** Address of the next instruction; engines keep it up to date at exits, traps and rows that end a block. */
    public long pc;
    /** Instructions retired; exact whenever {@link #pc} is. */
    public long retired;
    /**
     * Counts the points after which stores to code must be seen by fetches (RISC-V: {@code fence.i}, local or asked for
     * by another CPU; and a reset). Increment it in a row that ends a block, in {@link #attend()} or {@link #reset()};
     * engines compare code from an earlier epoch with memory before they run it again.
     */
    public int codeEpoch;

    /** Words of {@link #signals}: not zero while {@link #attention()} is asked for; written by translated code as it likes. */
    public static final int ATTENTION = 0;
    public static final int PROGRESS = 1;
    private static final VarHandle SIGNAL = MethodHandles.arrayElementVarHandle(long[].class);

    /** For translated code, which reads it without order, and now and then. All others call {@link #attention()}. */
    public final long[] signals = new long[2];
    private volatile boolean exitRequested;
    private volatile Thread thread;

    protected Cpu(int id, int registerSlots, Mmu mmu) {
        this.id = id;
        this.registers = new long[registerSlots];
        this.mmu = mmu;
    }

    public abstract InstructionSet instructionSet();

    /**
     * Gives the CPU another instruction set of its architecture, with as many register slots. Only while it has no
     * {@link ExecutionEngine.Runner}, for those keep what they have decoded.
     */
    public void instructionSet(InstructionSet next) {
        throw new UnsupportedOperationException("the instructions of vCPU " + id + " cannot be changed");
    }

    /**
     * Everything besides the code's bytes that decides what they decode to (for RISC-V: whether the floating-point unit
     * is on and dirty). Part of the key of cached code. Changes in traps, {@link #attend()} and rows that end a block
     * only.
     */
    public abstract int context();

    /**
     * What engines call between two blocks when {@link #attention()} is set: takes an interrupt (changing pc), runs what
     * was posted, or says why to leave.
     */
    public abstract ExitReason attend();

    /** Takes a synchronous exception raised by the instruction at {@code pc}; sets {@link #pc} to its handler. */
    public abstract void deliver(GuestTrap trap, long pc);

    /** Input line of an interrupt, by the architecture's number (RISC-V: bit of mip). */
    public abstract InterruptLine line(int number);

    /**
     * Gives the CPU the registers of the controller that drives its line of that number; {@code null} takes them away.
     * Any thread.
     *
     * @throws IllegalArgumentException if there are none for that line
     */
    public void interruptFile(int number, InterruptFile file) {
        throw new IllegalArgumentException("vCPU " + id + " has no registers for a controller of its line " + number);
    }

    /** Runs {@code action} on the vCPU's thread between two instructions, soon, even if it waits or is stopped. */
    public abstract void post(Runnable action);

    /** Back to the reset state. Only while the CPU does not run. */
    public abstract void reset();

    /** Control registers and modes by name, for people who look; a snapshot. */
    public abstract Map<String, Long> controlRegisters();

    /** Exceptions and interrupts taken so far. */
    public abstract long traps();

    public abstract long interrupts();

    /** Whether {@link #attend()} should be called before the next block. */
    public final boolean attention() {
        return (long) SIGNAL.getVolatile(signals, ATTENTION) != 0;
    }

    /** Asks for {@link #attend()}; wakes a waiting vCPU. Any thread. */
    public final void requestAttention() {
        SIGNAL.setVolatile(signals, ATTENTION, 1L);
        Thread t = thread;
        if (t != null) {
            LockSupport.unpark(t);
        }
    }

    /** Called by {@link #attend()} before it looks at what is pending. */
    protected final void clearAttention() {
        SIGNAL.setVolatile(signals, ATTENTION, 0L);
    }

    /** Makes the engine return {@link ExitReason#REQUESTED} soon. Any thread. */
    public final void requestExit() {
        exitRequested = true;
        requestAttention();
    }

    /** Whether an exit was requested since the last call; called by {@link #attend()}. */
    protected final boolean takeExitRequest() {
        boolean requested = exitRequested;
        exitRequested = false;
        return requested;
    }

    /** The thread that runs this CPU; {@code null} when none does. */
    public final void thread(Thread runner) {
        thread = runner;
    }
}
