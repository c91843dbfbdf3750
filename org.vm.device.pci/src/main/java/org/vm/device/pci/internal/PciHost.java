package org.vm.device.pci.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.vm.api.ConfigurationException;
import org.vm.api.VmException;
import org.vm.api.bus.Mapping;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceHost;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceTreeContributor;
import org.vm.api.device.DeviceTreeNode;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.device.Resettable;
import org.vm.api.hotplug.GuestAgent;
import org.vm.api.hotplug.HotplugEvent;
import org.vm.api.hotplug.HotplugManager;
import org.vm.api.pci.PciFunction;
import org.vm.api.replace.DeviceKeeper;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;

/**
 * PCI Express host bridge with generic ECAM (PCI Express Base Specification 5.0, section 7.2.2). Its own registers are
 * configuration space, 4 KiB a function; beside them it maps windows to I/O and memory space.
 */
public final class PciHost implements MmioDevice, DeviceHost, DeviceTreeContributor, Resettable, Stateful {
    /**
     * @param rootPorts 0 to 30
     * @param interrupt source of the first of the four interrupts that INTA to INTD of all functions share
     * @param io        address of the window to I/O space
     * @param memory    address, there and on the bus, of the window to memory below 4 GiB
     */
    public record Settings(int rootPorts, int interrupt, long io, long memory, long memorySize) {
        /** As on the {@code virt} board. */
        public static final Settings VIRT = new Settings(8, 32, 0x0300_0000, 0x4000_0000, 0x4000_0000);

        public Settings {
            if (rootPorts < 0 || rootPorts > 30) {
                throw new ConfigurationException("a PCI host bridge asks for " + rootPorts + " root ports; 0 to 30 are possible");
            }
            if (interrupt < 1) {
                throw new ConfigurationException("a PCI host bridge needs four interrupt sources; the first one given is " + interrupt);
            }
        }

        public Settings with(int ports, int firstInterrupt) {
            return new Settings(ports, firstInterrupt, io, memory, memorySize);
        }
    }

    private static final long ECAM_SIZE = 256L << 20;
    private static final long IO_SIZE = 0x10000;
    /** Size of the window above RAM, and what its address is a multiple of. */
    private static final long HIGH_SIZE = 16L << 30;

    private final String name;
    private final Settings settings;
    private final RootBus bus;
    private final Hotplug hotplug;
    private final Seats seats;
    private volatile List<AddressWindow> windows = List.of();
    private volatile long high;
    private final List<Mapping> mappings = new ArrayList<>();
    private DeviceContext context;
    private volatile DeviceStatus status = DeviceStatus.CREATED;

    /** That of the {@code virt} board. */
    public PciHost(String name) {
        this(name, Settings.VIRT);
    }

    public PciHost(String name, Settings settings) {
        this(name, settings, Timing.SYSTEM);
    }

    PciHost(String name, Settings settings, Timing timing) {
        this.name = name;
        this.settings = settings;
        bus = new RootBus(settings.rootPorts());
        hotplug = new Hotplug(timing);
        seats = new Seats(name, bus, settings.interrupt(), hotplug);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceType type() {
        return DeviceType.BUS;
    }

    @Override
    public DeviceStatus status() {
        return status;
    }

    @Override
    public long size() {
        return ECAM_SIZE;
    }

    // Plugging

    /**
     * Puts a function on the bus.
     *
     * @param place {@code "slot3"}; a device number of the root bus, {@code "00:1e"}; empty: the first free slot, then
     *              where there is room
     * @throws org.vm.api.DeviceException if that is not possible; says why
     */
    public void plug(PciFunction function, String place) {
        seats.plug(function, place);
    }

    /** As {@link #plug}, but a function that has no place is kept, with the reason, and tried again later. */
    public void offer(PciFunction function, String place) {
        offer(function, place, -1);
    }

    /** @param bundle whose service the function is, by which its place can be {@linkplain #keeper kept} */
    public void offer(PciFunction function, String place, long bundle) {
        seats.offer(function, place, bundle);
    }

    /** Keeps places of functions while their bundles are replaced. */
    public DeviceKeeper keeper() {
        return seats.keeper();
    }

    /** Takes a function away, whether it is in use or not; it is detached on return. */
    public void unplug(PciFunction function) {
        seats.unplug(function);
    }

    /**
     * Asks the guest to let a function go, and takes it away when it has, or when the limit has passed; it is detached on
     * return.
     */
    public void release(PciFunction function, Duration limit) throws InterruptedException {
        seats.release(function, limit);
    }

    @Override
    public Optional<HotplugManager> hotplug() {
        return Optional.of(seats);
    }

    @Override
    public Map<Integer, List<String>> interruptOwners() {
        return seats.interruptOwners();
    }

    /** An agent in the guest that may help with hot-plug ({@code null}: none any more). */
    public void agent(GuestAgent agent) {
        hotplug.agent(agent);
    }

    /** Who is told of what happens in slots, one event after the other, on a worker. */
    public void listener(Consumer<HotplugEvent> listener) {
        hotplug.listener(listener);
    }

    @Override
    public List<Plugged> plugged() {
        return seats.plugged();
    }

    @Override
    public Map<String, String> refused() {
        return seats.refused();
    }

    // Life

    @Override
    public synchronized void attach(DeviceContext to) {
        long ramEnd = to.memory().regions().stream().mapToLong(region -> region.base() + region.size()).max().orElse(0);
        high = ramEnd + HIGH_SIZE - 1 & -HIGH_SIZE;
        windows = List.of(new AddressWindow(name + " I/O", true, 0, IO_SIZE),
                new AddressWindow(name + " memory", false, settings.memory(), settings.memorySize()),
                new AddressWindow(name + " 64-bit memory", false, high, HIGH_SIZE));
        context = to;
        try {
            for (int i = 0; i < windows.size(); i++) {
                mappings.add(to.bus().map(addresses()[i], windows.get(i)));
            }
        } catch (VmException e) {
            unmap();
            throw e;
        }
        bus.windows(windows);
        bus.attach(to, settings.interrupt());
        seats.machine(to);
        status = DeviceStatus.ATTACHED;
    }

    /** Where the windows are in the machine's address map. */
    private long[] addresses() {
        return new long[] {settings.io(), settings.memory(), high};
    }

    private void unmap() {
        mappings.forEach(context.bus()::unmap);
        mappings.clear();
    }

    @Override
    public synchronized void detach() {
        seats.machine(null);
        bus.detach();
        unmap();
        status = DeviceStatus.DETACHED;
    }

    @Override
    public void reset() {
        seats.reset();
    }

    // Another version of the bridge takes over

    @Override
    public void suspend(Duration limit) {
        seats.succession().suspend(limit);
    }

    @Override
    public DeviceState capture() {
        return seats.succession().capture();
    }

    @Override
    public void restore(DeviceState state) {
        seats.succession().restore(state);
    }

    @Override
    public void resume() {
        seats.succession().resume();
    }

    // Configuration space: bus, device, function and register are fields of the address

    private ConfigSpace find(long offset, int width) {
        // A request is for one 32-bit register or part of it (7.2.2.1).
        return width > 4 || (offset & width - 1) != 0 || offset < 0 || offset >= ECAM_SIZE ? null
                : bus.find((int) (offset >>> 20), (int) (offset >>> 15) & 31, (int) (offset >>> 12) & 7);
    }

    @Override
    public long read(long offset, int width) {
        ConfigSpace space = find(offset, width);
        return space == null ? AddressWindow.allOnes(width) : space.read((int) offset & ConfigSpace.SIZE - 1, width);
    }

    @Override
    public void write(long offset, int width, long value) {
        // What is written may have to be done by a function, which may be about to be replaced.
        ConfigSpace space = find(offset, width) != null && bus.pass((int) (offset >>> 20), (int) (offset >>> 15) & 31)
                ? find(offset, width) : null;
        if (space != null) {
            space.write((int) offset & ConfigSpace.SIZE - 1, width, value);
        }
    }

    @Override
    public Map<String, String> info() {
        Map<String, String> info = new LinkedHashMap<>();
        info.put("windows", "I/O at 0x%x, memory at 0x%x and 0x%x".formatted(settings.io(), settings.memory(), high));
        for (RootPort port : bus.ports()) {
            Endpoint card = port.card();
            info.put(port.slotName(), "00:%02x.0, bus %02x: %s".formatted(port.number(), port.secondaryBus(),
                    card == null ? "empty" : card.name() + (port.reachable() == null ? ", switched off" : "")));
        }
        for (Claim claim : bus.unanswered()) {
            info.put("BAR at 0x%x".formatted(claim.base()), "does not answer, because another one is there");
        }
        return info;
    }

    @Override
    public String nodeName() {
        return "pci";
    }

    @Override
    public void describe(DeviceTreeNode node) {
        new HostNode(node).describe(windows, addresses(), settings.interrupt());
    }
}
