package org.vm.machine.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.vm.api.bus.Bus;
import org.vm.api.bus.Mapping;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.MmioDevice;
import org.vm.api.irq.InterruptFile;
import org.vm.api.irq.InterruptLine;
import org.vm.api.memory.GuestMemory;
import org.vm.api.time.MachineClock;

/**
 * What leads from a device into its machine: lines, registers of CPUs, ranges that it maps itself. They can be cut; then
 * all stays as the device left it, whatever it does, until they are mended or let go.
 */
final class Leads implements DeviceContext {
    /** A line or the registers of a CPU. */
    private record End(int cpu, int number) {}

    private final DeviceContext given;
    private final Windows windows;
    private final InterruptLine own;
    /** To sources; each end is this device's alone. */
    private final List<Lead> lines = new ArrayList<>();
    /** To CPUs, whose lines a successor has as well. */
    private final Map<End, Lead> cpuLines = new HashMap<>();
    private final Map<End, CpuFile> files = new HashMap<>();
    /** Of a device that comes after another one, until it is in its place: what CPUs get instead of the other one's. */
    private final Map<End, InterruptFile> coming = new HashMap<>();
    private Leads former;
    private volatile boolean cut;

    /** @param windows where the device's own mappings go */
    Leads(DeviceContext given, Windows windows) {
        this.given = given;
        this.windows = windows;
        own = lead(given.interrupt());
    }

    /** Mappings that a device makes for itself beside its registers. */
    interface Windows {
        Mapping map(long base, MmioDevice device);

        void unmap(Mapping mapping);
    }

    /** The device is to come after another one, and CPUs have that one's registers until it lets go. */
    synchronized void follow(Leads before) {
        former = before;
    }

    /** CPUs wait where they need what the device has for them. */
    synchronized void keepFiles() {
        files.values().forEach(CpuFile::keep);
    }

    synchronized void openFiles() {
        files.values().forEach(CpuFile::open);
    }

    /** Whatever the device does from now on has no effect. */
    synchronized void cut() {
        cut = true;
    }

    /** The device is connected again; what it did meanwhile happens now. */
    synchronized void mend() {
        cut = false;
        pass();
        files.forEach((end, file) -> given.cpuFile(end.cpu, end.number, file));
    }

    private void pass() {
        lines.forEach(Lead::pass);
        cpuLines.values().forEach(Lead::pass);
    }

    /** All lines are low, until the device, connected again, says otherwise. */
    synchronized void silence() {
        lines.forEach(line -> line.end.lower());
        cpuLines.values().forEach(line -> line.end.lower());
    }

    /** Cut for good: takes back what the device has set, unless another one, if there is one, has taken it over. */
    synchronized void release(Leads other) {
        cut = true;
        lines.forEach(line -> line.end.lower());
        lines.clear();
        cpuLines.forEach((end, line) -> {
            // What the device has never raised may be somebody else's.
            if (line.shown && (other == null || !other.raises(end))) {
                line.end.lower();
            }
        });
        if (other != null) {
            // It may have raised one just now.
            other.pass(cpuLines.keySet());
        }
        cpuLines.clear();
        files.forEach((end, file) -> {
            if (other == null || !other.takes(end, file)) {
                given.cpuFile(end.cpu, end.number, null);
                file.open(null);
            }
        });
        files.clear();
        coming.clear();
        former = null;
        if (other != null) {
            other.settled();
        }
    }

    /** Has a CPU go on with what this device has for it. @return whether it has something */
    private synchronized boolean takes(End end, CpuFile file) {
        InterruptFile next = coming.remove(end);
        if (next == null) {
            return false;
        }
        files.put(end, file);
        file.open(next);
        return true;
    }

    /** The device is in its place, and nothing leads to the other one any more. */
    private synchronized void settled() {
        coming.forEach((end, file) -> connect(end, file));
        coming.clear();
        former = null;
    }

    private void connect(End end, InterruptFile file) {
        CpuFile connected = new CpuFile(given, file);
        files.put(end, connected);
        given.cpuFile(end.cpu, end.number, connected);
    }

    private synchronized boolean raises(End end) {
        return cpuLines.containsKey(end) && cpuLines.get(end).level;
    }

    private synchronized void pass(Set<End> ends) {
        ends.stream().map(cpuLines::get).filter(Objects::nonNull).forEach(Lead::pass);
    }

    private synchronized InterruptLine lead(InterruptLine end) {
        Lead line = new Lead(end);
        lines.add(line);
        return line;
    }

    private final class Lead implements InterruptLine {
        private final InterruptLine end;
        private boolean level;
        private boolean known;
        /** What the other end has last heard. */
        private boolean shown;

        Lead(InterruptLine end) {
            this.end = end;
        }

        @Override
        public synchronized void set(boolean next) {
            level = next;
            known = true;
            if (!cut) {
                shown = next;
                end.set(next);
            }
        }

        /** Nothing, as long as the device has said nothing. */
        private synchronized void pass() {
            if (known) {
                shown = level;
                end.set(level);
            }
        }
    }

    @Override
    public String machine() {
        return given.machine();
    }

    @Override
    public GuestMemory memory() {
        return given.memory();
    }

    @Override
    public MachineClock clock() {
        return given.clock();
    }

    @Override
    public InterruptLine interrupt() {
        return own;
    }

    @Override
    public InterruptLine interrupt(int source) {
        return lead(given.interrupt(source));
    }

    @Override
    public synchronized InterruptLine cpuLine(int cpu, int number) {
        return cpuLines.computeIfAbsent(new End(cpu, number), end -> new Lead(given.cpuLine(cpu, number)));
    }

    @Override
    public synchronized void cpuFile(int cpu, int number, InterruptFile file) {
        End end = new End(cpu, number);
        if (cut) {
            return;
        }
        if (file == null) {
            coming.remove(end);
            if (files.remove(end) != null) {
                given.cpuFile(cpu, number, null);
            }
        } else if (former != null) {
            coming.put(end, file);
        } else {
            connect(end, file);
        }
    }

    @Override
    public Bus bus() {
        Bus whole = given.bus();
        return new Bus() {
            @Override
            public Mapping find(long address) {
                return whole.find(address);
            }

            @Override
            public List<Mapping> mappings() {
                return whole.mappings();
            }

            @Override
            public Mapping map(long base, MmioDevice device) {
                return windows.map(base, device);
            }

            @Override
            public void unmap(Mapping mapping) {
                windows.unmap(mapping);
            }

            @Override
            public void failed(Mapping mapping, Throwable thrown) {
                whole.failed(mapping, thrown);
            }
        };
    }

    @Override
    public int cpus() {
        return given.cpus();
    }

    @Override
    public boolean running() {
        return given.running();
    }

    @Override
    public void atStandstill(Runnable action) {
        given.atStandstill(action);
    }

    @Override
    public boolean await(CompletionStage<?> first) {
        return given.await(first);
    }

    @Override
    public Executor workers() {
        return given.workers();
    }

    @Override
    public void powerOff(int status) {
        given.powerOff(status);
    }

    @Override
    public void resetMachine() {
        given.resetMachine();
    }

    @Override
    public long timebase() {
        return given.timebase();
    }
}
