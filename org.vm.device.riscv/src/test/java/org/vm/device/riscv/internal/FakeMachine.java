package org.vm.device.riscv.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.vm.api.bus.Bus;
import org.vm.api.bus.Mapping;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.MmioDevice;
import org.vm.api.irq.InterruptFile;
import org.vm.api.irq.InterruptLine;
import org.vm.api.memory.GuestMemory;
import org.vm.api.time.MachineClock;

/** What a device is given, with a clock that a test turns and wires that it can look at. */
final class FakeMachine implements DeviceContext, MachineClock, Bus {
    private final boolean[][] cpuLines;
    private final InterruptFile[][] files;
    private final List<Mapping> mappings = new ArrayList<>();
    private final List<FakeTimer> timers = new ArrayList<>();
    private long nanos;
    boolean interrupt;
    Integer poweredOff;
    int resets;

    FakeMachine(int cpus) {
        cpuLines = new boolean[cpus][16];
        files = new InterruptFile[cpus][16];
    }

    boolean cpuLevel(int cpu, int number) {
        return cpuLines[cpu][number];
    }

    void advance(long by) {
        long until = nanos + by;
        while (true) {
            FakeTimer next = null;
            for (FakeTimer timer : timers) {
                if (timer.deadline >= 0 && timer.deadline <= until && (next == null || timer.deadline < next.deadline)) {
                    next = timer;
                }
            }
            if (next == null) {
                break;
            }
            nanos = Math.max(nanos, next.deadline);
            next.deadline = -1;
            next.action.run();
        }
        nanos = until;
    }

    @Override
    public String machine() {
        return "test";
    }

    @Override
    public GuestMemory memory() {
        throw new UnsupportedOperationException("no device here does DMA");
    }

    @Override
    public MachineClock clock() {
        return this;
    }

    @Override
    public InterruptLine interrupt() {
        return level -> interrupt = level;
    }

    @Override
    public InterruptLine interrupt(int source) {
        throw new UnsupportedOperationException("no device here is a bridge");
    }

    @Override
    public Bus bus() {
        return this;
    }

    @Override
    public Mapping find(long address) {
        return mappings.stream().filter(mapping -> mapping.contains(address)).findFirst().orElse(null);
    }

    @Override
    public List<Mapping> mappings() {
        return List.copyOf(mappings);
    }

    @Override
    public Mapping map(long base, MmioDevice device) {
        Mapping mapping = new Mapping(base, device.size(), device);
        mappings.add(mapping);
        return mapping;
    }

    @Override
    public void unmap(Mapping mapping) {
        mappings.remove(mapping);
    }

    @Override
    public void cpuFile(int cpu, int number, InterruptFile file) {
        files[cpu][number] = file;
    }

    /** What a CPU was given for a line. */
    InterruptFile file(int cpu, int number) {
        return files[cpu][number];
    }

    /** Attaches a device and puts it on the bus. */
    <D extends MmioDevice> D place(D device, long base) {
        device.attach(this);
        map(base, device);
        return device;
    }

    int load(long address) {
        Mapping mapping = find(address);
        return (int) mapping.device().read(address - mapping.base(), 4);
    }

    void store(long address, int value) {
        Mapping mapping = find(address);
        mapping.device().write(address - mapping.base(), 4, Integer.toUnsignedLong(value));
    }

    @Override
    public InterruptLine cpuLine(int cpu, int number) {
        return level -> cpuLines[cpu][number] = level;
    }

    @Override
    public boolean running() {
        return true;
    }

    @Override
    public int cpus() {
        return cpuLines.length;
    }

    @Override
    public Executor workers() {
        return Runnable::run;
    }

    @Override
    public void powerOff(int status) {
        poweredOff = status;
    }

    @Override
    public void resetMachine() {
        resets++;
    }

    @Override
    public long timebase() {
        return 10_000_000;
    }

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public long wallNanos() {
        return 1_700_000_000_000_000_000L + nanos;
    }

    @Override
    public Timer timer(Runnable action) {
        FakeTimer timer = new FakeTimer(action);
        timers.add(timer);
        return timer;
    }

    private static final class FakeTimer implements Timer {
        private final Runnable action;
        private long deadline = -1;

        FakeTimer(Runnable action) {
            this.action = action;
        }

        @Override
        public void arm(long at) {
            deadline = at;
        }

        @Override
        public void cancel() {
            deadline = -1;
        }
    }
}
