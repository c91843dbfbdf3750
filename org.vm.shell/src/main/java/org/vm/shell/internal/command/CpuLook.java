package org.vm.shell.internal.command;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.vm.api.DeviceException;
import org.vm.api.cpu.Cpu;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineState;

/** Looks at a vCPU between two of its instructions. */
final class CpuLook {
    private static final long PATIENCE_SECONDS = 5;

    private CpuLook() {}

    static <T> T at(Machine machine, Cpu cpu, Supplier<T> look) {
        if (machine.state() != MachineState.RUNNING) {
            return look.get();
        }
        CompletableFuture<T> answer = new CompletableFuture<>();
        cpu.post(() -> {
            try {
                answer.complete(look.get());
            } catch (RuntimeException e) {
                answer.completeExceptionally(e);
            }
        });
        try {
            return answer.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new DeviceException("vCPU " + cpu.id + " of machine '" + machine.name() + "' does not answer for "
                    + PATIENCE_SECONDS + " s; see: why " + machine.name(), e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DeviceException("interrupted while waiting for vCPU " + cpu.id, e);
        }
    }
}
