package org.vm.device.pci.internal;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.vm.api.bus.Bus;
import org.vm.api.device.DeviceContext;
import org.vm.api.irq.InterruptLine;
import org.vm.api.memory.GuestMemory;
import org.vm.api.pci.PciContext;
import org.vm.api.time.MachineClock;

/**
 * What a function is given: what the host bridge was, but for the interrupt, which is that of the place. One that leaves its
 * place to another is cut off from it, so that whatever it does at its end is nothing to software.
 */
final class FunctionContext implements PciContext {
    /** How far a function reaches: not at all; messages only, while the line is its predecessor's; all the way. */
    enum Reach { NONE, MESSAGES, ALL }

    private final DeviceContext host;
    private final Interrupts interrupts;
    private final InterruptLine line = this::level;
    private volatile Reach reach;
    private boolean level;

    FunctionContext(DeviceContext host, Interrupts interrupts, Reach reach) {
        this.host = host;
        this.interrupts = interrupts;
        this.reach = reach;
    }

    private synchronized void level(boolean next) {
        level = next;
        if (reach == Reach.ALL) {
            interrupts.set(next);
        }
    }

    synchronized void reach(Reach next) {
        reach = next;
        if (next == Reach.ALL) {
            interrupts.set(level);
        }
    }

    @Override
    public InterruptLine interrupt() {
        return line;
    }

    @Override
    public boolean messages() {
        return interrupts.useMessages();
    }

    @Override
    public void send(int vector) {
        if (reach != Reach.NONE) {
            interrupts.send(vector);
        }
    }

    @Override
    public String machine() {
        return host.machine();
    }

    @Override
    public GuestMemory memory() {
        return host.memory();
    }

    @Override
    public MachineClock clock() {
        return host.clock();
    }

    @Override
    public InterruptLine interrupt(int source) {
        return host.interrupt(source);
    }

    @Override
    public Bus bus() {
        return host.bus();
    }

    @Override
    public InterruptLine cpuLine(int cpu, int number) {
        return host.cpuLine(cpu, number);
    }

    @Override
    public int cpus() {
        return host.cpus();
    }

    @Override
    public boolean running() {
        return host.running();
    }

    @Override
    public void atStandstill(Runnable action) {
        host.atStandstill(action);
    }

    @Override
    public boolean await(CompletionStage<?> first) {
        return host.await(first);
    }

    @Override
    public Executor workers() {
        return host.workers();
    }

    @Override
    public void powerOff(int status) {
        host.powerOff(status);
    }

    @Override
    public void resetMachine() {
        host.resetMachine();
    }

    @Override
    public long timebase() {
        return host.timebase();
    }
}
