package org.vm.api.machine;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.vm.api.ExecMode;
import org.vm.api.PerformanceStats;
import org.vm.api.VmConfig;
import org.vm.api.bus.Bus;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.TranslatedCode;
import org.vm.api.irq.InterruptController;
import org.vm.api.memory.GuestMemory;

/** A virtual machine; published as a service with the property {@code vm} = its name. Any thread. */
public interface Machine {
    String name();

    VmConfig config();

    MachineState state();

    /** Why the state is {@link MachineState#FAILED}, or how the guest ended. */
    Optional<String> reason();

    /** Loads what is configured and starts the vCPUs. @throws org.vm.api.VmException saying what is missing */
    void start();

    /** Stops the vCPUs and ends the run, without asking the guest. Returns when they stand. */
    void stop();

    /** Returns when no vCPU runs. */
    void pause();

    void resume();

    /** Restarts the guest. */
    void reset();

    /** Completes when the present run ends, with the guest's exit status (0: orderly power-off). */
    CompletableFuture<Integer> ended();

    Bus bus();

    GuestMemory memory();

    List<? extends Cpu> cpus();

    /** The controller that device interrupts are wired to, if one is attached. */
    Optional<InterruptController> interrupts();

    DeviceManager devices();

    /** How guest code is to be executed; at first as configured. */
    ExecMode mode();

    /**
     * Executes guest code another way from now on; the vCPUs change over between two instructions, and have done so on
     * return. What no installed engine can do, another one does until there is one.
     */
    void mode(ExecMode mode);

    /** Name of the engine that runs the vCPUs, with the reason if it is not one for {@link #mode()}; or why none does. */
    String engine();

    /** The translated code that it runs; empty while its engine does not translate, or no vCPU runs. */
    Optional<TranslatedCode> translated();

    /** Statistics of one vCPU. */
    PerformanceStats stats(int cpu);

    /** Everything that is missing for this machine to start, one sentence each; empty if nothing is. */
    List<String> missing();

    /** What is wrong with parts that it runs without, or with less of, one sentence each; empty if nothing is. */
    default List<String> warnings() {
        return List.of();
    }
}
