package org.vm.api.device;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.vm.api.bus.Bus;
import org.vm.api.irq.InterruptFile;
import org.vm.api.irq.InterruptLine;
import org.vm.api.memory.GuestMemory;
import org.vm.api.time.MachineClock;

/** All that a device may touch, handed over in one value when it is attached. */
public interface DeviceContext {
    /** Name of the machine. */
    String machine();

    /** RAM, for DMA. */
    GuestMemory memory();

    MachineClock clock();

    /** The device's own interrupt line; a line without effect if it has none. */
    InterruptLine interrupt();

    /** The input of an interrupt source beside the device's own, for bridges; each call gives another end of the wire. */
    InterruptLine interrupt(int source);

    /** The address map, for bridges: what a device maps here it takes away itself. */
    Bus bus();

    /** Input line of a CPU, for interrupt controllers and timers. */
    InterruptLine cpuLine(int cpu, int number);

    /**
     * For interrupt controllers: as {@link org.vm.api.cpu.Cpu#interruptFile}. While the controller's place is kept, the CPU's
     * instructions that need the file wait for the successor's.
     */
    default void cpuFile(int cpu, int number, InterruptFile file) {
        throw new UnsupportedOperationException("CPU " + cpu + " cannot be given registers from here");
    }

    int cpus();

    /** Whether there is a guest, running or paused: nobody else needs to be asked before something changes. */
    boolean running();

    /**
     * Runs a short action while no vCPU runs guest code or is inside a device, for changes that no access may see half of.
     * Not from a vCPU's thread; the action must not wait for one.
     */
    default void atStandstill(Runnable action) {
        action.run();
    }

    /**
     * Waits in an access, on a vCPU's thread, for what must come first: a device whose place is kept. Meanwhile the vCPU
     * counts as standing, so the machine can be paused, reset and stopped; a paused one goes on waiting.
     *
     * @return false if the access is to end without effect, because the machine is stopped or reset, or nobody came in time
     */
    default boolean await(CompletionStage<?> first) {
        try {
            first.toCompletableFuture().get(30, TimeUnit.SECONDS);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (ExecutionException | TimeoutException e) {
            return false;
        }
    }

    /** Runs work off the vCPU threads, a virtual thread each. */
    Executor workers();

    /** Ends the machine. Returns at once. */
    void powerOff(int status);

    /** Restarts the machine. Returns at once. */
    void resetMachine();

    /** Ticks a second of the architecture's time counter. */
    long timebase();
}
