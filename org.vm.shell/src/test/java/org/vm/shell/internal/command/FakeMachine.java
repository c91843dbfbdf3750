package org.vm.shell.internal.command;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.vm.api.CacheStats;
import org.vm.api.DeviceException;
import org.vm.api.ExecMode;
import org.vm.api.PerformanceStats;
import org.vm.api.TlbStats;
import org.vm.api.VmConfig;
import org.vm.api.bus.Bus;
import org.vm.api.bus.Mapping;
import org.vm.api.cpu.Cpu;
import org.vm.api.cpu.TranslatedCode;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceHost;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.hotplug.HotplugManager;
import org.vm.api.irq.InterruptController;
import org.vm.api.irq.InterruptLine;
import org.vm.api.machine.DeviceManager;
import org.vm.api.machine.Machine;
import org.vm.api.machine.MachineState;
import org.vm.api.memory.GuestMemory;

/** A machine that runs nothing: 64 KiB of RAM at 0x80000000, a serial port and a disk. */
public final class FakeMachine implements Machine, DeviceManager, Bus {
    static final long RAM = 0x8000_0000L;

    final MemorySegment ram = Arena.ofAuto().allocate(64 << 10);
    final List<Attachment> attachments = new ArrayList<>();
    final List<DeviceHost.Plugged> plugged = new ArrayList<>();
    final List<Refusal> refusals = new ArrayList<>();
    final List<Cpu> cpus = new ArrayList<>();
    public final CompletableFuture<Integer> end = new CompletableFuture<>();
    public final List<String> calls = new ArrayList<>();
    MachineState state = MachineState.CREATED;
    List<String> missing = List.of();
    public String reason;
    TranslatedCode translated;
    public HotplugManager hotplug;
    private ExecMode mode = ExecMode.HYBRID;

    private final VmConfig config;

    FakeMachine(String name) {
        config = VmConfig.riscv64(name);
        attachments.add(new Attachment(new FakeDevice("uart0", DeviceType.SERIAL, 0x100,
                Map.of("IER", "0x05")), 0x1000_0000L, 10));
        attachments.add(new Attachment(new FakeDevice("disk0", DeviceType.BLOCK, 0x1000,
                Map.of()), 0x1000_1000L, 1));
    }

    record FakeDevice(String name, DeviceType type, long size, Map<String, String> info) implements MmioDevice {
        @Override
        public DeviceStatus status() {
            return DeviceStatus.ATTACHED;
        }

        @Override
        public void attach(DeviceContext context) {}

        @Override
        public void detach() {}

        @Override
        public long read(long offset, int width) {
            return 0;
        }

        @Override
        public void write(long offset, int width, long value) {}
    }

    @Override
    public String name() {
        return config.name();
    }

    @Override
    public VmConfig config() {
        return config;
    }

    @Override
    public MachineState state() {
        return state;
    }

    @Override
    public Optional<String> reason() {
        return Optional.ofNullable(reason);
    }

    @Override
    public void start() {
        state = MachineState.RUNNING;
        calls.add("start");
    }

    @Override
    public void stop() {
        state = MachineState.STOPPED;
        calls.add("stop");
    }

    @Override
    public void pause() {
        state = MachineState.PAUSED;
        calls.add("pause");
    }

    @Override
    public void resume() {
        state = MachineState.RUNNING;
        calls.add("resume");
    }

    @Override
    public void reset() {
        calls.add("reset");
    }

    @Override
    public CompletableFuture<Integer> ended() {
        return end;
    }

    @Override
    public Bus bus() {
        return this;
    }

    @Override
    public GuestMemory memory() {
        return new GuestMemory() {
            @Override
            public List<Region> regions() {
                return List.of(new Region("ram", RAM, ram.byteSize(), 0, true));
            }

            @Override
            public MemorySegment segment() {
                return ram;
            }

            @Override
            public long offset(long address, long length) {
                long offset = address - RAM;
                return offset >= 0 && offset + length <= ram.byteSize() ? offset : -1;
            }

            @Override
            public long writableOffset(long address, long length) {
                return offset(address, length);
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public List<? extends Cpu> cpus() {
        return cpus;
    }

    @Override
    public Optional<InterruptController> interrupts() {
        return Optional.of(new InterruptController() {
            @Override
            public int sources() {
                return 95;
            }

            @Override
            public InterruptLine line(int source) {
                return level -> calls.add("source " + source + " " + level);
            }

            @Override
            public Source source(int number) {
                return number == 10 ? new Source(10, true, false, true, true, 1, 1234)
                        : new Source(number, false, false, false, number == 11, 0, 0);
            }
        });
    }

    @Override
    public DeviceManager devices() {
        return this;
    }

    @Override
    public ExecMode mode() {
        return mode;
    }

    @Override
    public void mode(ExecMode other) {
        mode = other;
    }

    @Override
    public String engine() {
        return mode.text();
    }

    @Override
    public Optional<TranslatedCode> translated() {
        return Optional.ofNullable(translated);
    }

    @Override
    public PerformanceStats stats(int cpu) {
        return new PerformanceStats(2_500_000_000L, 10_000_000_000L, 12_345, 678, 1_000_000_000L,
                new CacheStats(999, 1, 0, 0, 4321), new TlbStats(50_000, 40_000, 12, 3, 1024));
    }

    @Override
    public List<String> missing() {
        return missing;
    }

    @Override
    public List<Attachment> attachments() {
        return attachments;
    }

    @Override
    public List<DeviceHost.Plugged> plugged() {
        return plugged;
    }

    @Override
    public Map<Integer, List<String>> interruptOwners() {
        return attachments.stream().collect(Collectors.groupingBy(Attachment::irq,
                Collectors.mapping(a -> a.device().name(), Collectors.toList())));
    }

    @Override
    public Optional<HotplugManager> hotplug() {
        return Optional.ofNullable(hotplug);
    }

    @Override
    public List<Refusal> refusals() {
        return refusals;
    }

    @Override
    public Optional<Attachment> find(String name) {
        return attachments.stream().filter(a -> a.device().name().equals(name)).findFirst();
    }

    @Override
    public Optional<Attachment> route(long address) {
        return attachments.stream().filter(a -> address >= a.base() && address < a.base() + a.device().size()).findFirst();
    }

    @Override
    public Attachment register(MmioDevice device, long base, int irq) {
        throw new DeviceException("not asked for");
    }

    @Override
    public void unregister(String name, boolean force) {
        throw new DeviceException("not asked for");
    }

    @Override
    public Mapping find(long address) {
        return mappings().stream().filter(m -> m.contains(address)).findFirst().orElse(null);
    }

    @Override
    public List<Mapping> mappings() {
        return attachments.stream().map(a -> new Mapping(a.base(), a.device().size(), a.device())).toList();
    }

    @Override
    public Mapping map(long base, MmioDevice device) {
        throw new DeviceException("not asked for");
    }

    @Override
    public void unmap(Mapping mapping) {
        throw new DeviceException("not asked for");
    }
}
