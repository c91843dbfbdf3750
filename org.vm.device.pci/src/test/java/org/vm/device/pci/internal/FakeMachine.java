package org.vm.device.pci.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import org.vm.api.InvalidAddressException;
import org.vm.api.bus.Bus;
import org.vm.api.bus.Mapping;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.irq.InterruptLine;
import org.vm.api.irq.MessageSink;
import org.vm.api.memory.GuestMemory;
import org.vm.api.time.MachineClock;

/** A machine around a host bridge: a bus, some RAM, wires that a test can look at, and a controller that takes messages. */
final class FakeMachine implements DeviceContext, Bus, GuestMemory {
    static final long RAM = 0x8000_0000L;
    static final int RAM_SIZE = 0x10000;
    static final long ECAM = 0x3000_0000L;
    static final long SINK = 0x2800_0000L;

    /** A message as it arrived. */
    record Message(long offset, int data) {}

    final List<Message> messages = Collections.synchronizedList(new ArrayList<>());
    private final int[] raised = new int[64];
    private final List<Mapping> mappings = new ArrayList<>();
    private final MemorySegment ram = Arena.ofAuto().allocate(RAM_SIZE, 8);
    private final Timing timing;
    PciHost host;
    volatile boolean running;

    /** With a host bridge at the address of the {@code virt} board. */
    FakeMachine(int rootPorts) {
        this(rootPorts, Timing.SYSTEM);
    }

    FakeMachine(int rootPorts, Timing timing) {
        this.timing = timing;
        host = new PciHost("pci", PciHost.Settings.VIRT.with(rootPorts, 32), timing);
        map(SINK, new Sink());
        host.attach(this);
        map(ECAM, host);
    }

    /** Another host bridge, which nobody has attached yet. */
    PciHost another(int rootPorts) {
        return new PciHost("pci", PciHost.Settings.VIRT.with(rootPorts, 32), timing);
    }

    /** Attaches another host bridge, in place of one that has left. */
    void succeed(PciHost next) {
        mappings.removeIf(mapping -> mapping.base() == ECAM);
        next.attach(this);
        host = next;
        map(ECAM, host);
    }

    private static int ecam(int bus, int device, int register) {
        return bus << 20 | device << 15 | register;
    }

    int config(int bus, int device, Field field) {
        return (int) host.read(ecam(bus, device, field.offset()), field.width());
    }

    void config(int bus, int device, Field field, long value) {
        host.write(ecam(bus, device, field.offset()), field.width(), value & field.mask());
    }

    /** Where the capability of that ID begins; 0 if it is not there. */
    int capability(int bus, int device, int id) {
        int at = config(bus, device, Header.CAPABILITIES_POINTER);
        for (int i = 0; at != 0 && i < 48; i++) {
            int entry = config(bus, device, new Field(at, 2));
            if ((entry & 0xff) == id) {
                return at;
            }
            at = entry >>> 8;
        }
        return 0;
    }

    /** A load as a CPU does it; -2 if nothing at all is there. */
    long load(long address, int width) {
        Mapping mapping = find(address);
        return mapping == null ? -2 : mapping.device().read(address - mapping.base(), width);
    }

    void store(long address, int width, long value) {
        Mapping mapping = find(address);
        if (mapping != null) {
            mapping.device().write(address - mapping.base(), width, value);
        }
    }

    boolean level(int source) {
        synchronized (raised) {
            return raised[source] > 0;
        }
    }

    @Override
    public Mapping find(long address) {
        return mappings.stream().filter(m -> m.contains(address)).findFirst().orElse(null);
    }

    @Override
    public List<Mapping> mappings() {
        return mappings;
    }

    @Override
    public Mapping map(long base, MmioDevice device) {
        Mapping mapping = new Mapping(base, device.size(), device);
        if (base < RAM + RAM_SIZE && RAM < mapping.end()
                || mappings.stream().anyMatch(m -> base < m.end() && m.base() < mapping.end())) {
            throw new InvalidAddressException(device.name() + " does not fit at " + base);
        }
        mappings.add(mapping);
        return mapping;
    }

    @Override
    public void unmap(Mapping mapping) {
        mappings.remove(mapping);
    }

    private final class Sink implements MmioDevice, MessageSink {
        @Override
        public void message(long offset, int data) {
            messages.add(new Message(offset, data));
        }

        @Override
        public String name() {
            return "sink";
        }

        @Override
        public DeviceType type() {
            return DeviceType.INTERRUPT_CONTROLLER;
        }

        @Override
        public DeviceStatus status() {
            return DeviceStatus.ATTACHED;
        }

        @Override
        public Map<String, String> info() {
            return Map.of();
        }

        @Override
        public long size() {
            return 0x1000;
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
    public InterruptLine interrupt(int source) {
        return new InterruptLine() {
            private boolean level;

            @Override
            public void set(boolean next) {
                synchronized (raised) {
                    if (next != level) {
                        level = next;
                        raised[source] += next ? 1 : -1;
                    }
                }
            }
        };
    }

    @Override
    public Bus bus() {
        return this;
    }

    @Override
    public GuestMemory memory() {
        return this;
    }

    @Override
    public List<Region> regions() {
        return List.of(new Region("ram", RAM, RAM_SIZE, 0, true));
    }

    @Override
    public MemorySegment segment() {
        return ram;
    }

    int ram32(int offset) {
        return ram.get(ValueLayout.JAVA_INT, offset);
    }

    @Override
    public long offset(long address, long length) {
        return writableOffset(address, length);
    }

    @Override
    public long writableOffset(long address, long length) {
        long at = address - RAM;
        return at >= 0 && at <= RAM_SIZE && length >= 0 && length <= RAM_SIZE - at ? at : -1;
    }

    @Override
    public void close() {
        // Nothing to free.
    }

    @Override
    public String machine() {
        return "test";
    }

    @Override
    public MachineClock clock() {
        throw new UnsupportedOperationException("time stands still");
    }

    @Override
    public InterruptLine interrupt() {
        return level -> { };
    }

    @Override
    public InterruptLine cpuLine(int cpu, int number) {
        return level -> { };
    }

    @Override
    public boolean running() {
        return running;
    }

    @Override
    public int cpus() {
        return 1;
    }

    @Override
    public Executor workers() {
        return Runnable::run;
    }

    @Override
    public void powerOff(int status) {
        throw new UnsupportedOperationException("no device here has a power switch");
    }

    @Override
    public void resetMachine() {
        throw new UnsupportedOperationException("no device here has a power switch");
    }

    @Override
    public long timebase() {
        return 10_000_000;
    }
}
