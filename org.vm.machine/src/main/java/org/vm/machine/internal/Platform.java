package org.vm.machine.internal;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.vm.api.bus.Bus;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.CpuPlatform;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.FirmwareConsole;
import org.vm.api.irq.InterruptFile;
import org.vm.api.irq.InterruptLine;
import org.vm.api.memory.GuestMemory;
import org.vm.api.time.MachineClock;

/** What CPUs and devices may ask of their machine. */
final class Platform implements CpuPlatform {
    /** For an access that waits; afterwards it ends without effect. */
    private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final VirtualMachine machine;
    private final MachineClock clock;
    private final boolean builtinFirmware;

    Platform(VirtualMachine machine, MachineClock clock, boolean builtinFirmware) {
        this.machine = machine;
        this.clock = clock;
        this.builtinFirmware = builtinFirmware;
    }

    @Override
    public MachineClock clock() {
        return clock;
    }

    @Override
    public long timebase() {
        return Board.TIMEBASE;
    }

    @Override
    public List<? extends Cpu> cpus() {
        return machine.cpus();
    }

    @Override
    public boolean builtinFirmware() {
        return builtinFirmware;
    }

    @Override
    public void powerOff(int status) {
        machine.powerOff(status);
    }

    @Override
    public void reset() {
        machine.requestReset();
    }

    @Override
    public void debugWrite(byte value) {
        FirmwareConsole console = console();
        if (console != null) {
            console.debugWrite(value);
        }
    }

    @Override
    public int debugRead() {
        FirmwareConsole console = console();
        return console == null ? -1 : console.debugRead();
    }

    private FirmwareConsole console() {
        for (var mapping : machine.bus().mappings()) {
            if (mapping.device() instanceof FirmwareConsole console) {
                return console;
            }
        }
        return null;
    }

    /** What a device is given whose interrupt is {@code line}; {@code sources} gives lines of other ones. */
    DeviceContext device(InterruptLine line, IntFunction<InterruptLine> sources) {
        return new Given(line, sources);
    }

    private final class Given implements DeviceContext {
        private final InterruptLine line;
        private final IntFunction<InterruptLine> sources;

        Given(InterruptLine line, IntFunction<InterruptLine> sources) {
            this.line = line;
            this.sources = sources;
        }

        @Override
        public String machine() {
            return machine.name();
        }

        @Override
        public GuestMemory memory() {
            return machine.memory();
        }

        @Override
        public MachineClock clock() {
            return clock;
        }

        @Override
        public InterruptLine interrupt() {
            return line;
        }

        @Override
        public InterruptLine interrupt(int source) {
            return sources.apply(source);
        }

        @Override
        public Bus bus() {
            return machine.bus();
        }

        @Override
        public InterruptLine cpuLine(int cpu, int number) {
            return machine.cpus().get(cpu).line(number);
        }

        @Override
        public void cpuFile(int cpu, int number, InterruptFile file) {
            machine.cpus().get(cpu).interruptFile(number, file);
        }

        @Override
        public int cpus() {
            return machine.config().vcpus();
        }

        @Override
        public boolean running() {
            return machine.running();
        }

        @Override
        public void atStandstill(Runnable action) {
            machine.atStandstill(action);
        }

        @Override
        public boolean await(CompletionStage<?> first) {
            VcpuThread vcpu = VcpuThread.current();
            if (vcpu == null) {
                return DeviceContext.super.await(first);
            }
            CompletableFuture<?> awaited = first.toCompletableFuture();
            awaited.whenComplete((value, failure) -> vcpu.look());
            long until = System.nanoTime() + LONGEST_NANOS;
            while (!awaited.isDone()) {
                long left = until - System.nanoTime();
                if (left <= 0 || !vcpu.waitInside(awaited::isDone, left)) {
                    return false;
                }
            }
            return !awaited.isCompletedExceptionally();
        }

        @Override
        public Executor workers() {
            return Thread::startVirtualThread;
        }

        @Override
        public void powerOff(int status) {
            machine.powerOff(status);
        }

        @Override
        public void resetMachine() {
            machine.requestReset();
        }

        @Override
        public long timebase() {
            return Board.TIMEBASE;
        }
    }
}
