package org.vm.testing.virtio;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.irq.InterruptLine;
import org.vm.api.pci.PciBar;
import org.vm.api.pci.PciCapability;
import org.vm.api.pci.PciContext;
import org.vm.api.pci.PciDescription;
import org.vm.api.pci.PciFunction;
import org.vm.api.pci.PciRegisters;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;
import org.vm.device.virtio.VirtioDevice;
import org.vm.device.virtio.internal.MmioTransport;
import org.vm.device.virtio.internal.PciTransport;

/**
 * A place that outlives the transport in it, as a machine or a bus would keep it: one transport after the other, on the same
 * wire, while accesses wait.
 */
final class Socket {
    static final Duration LIMIT = Duration.ofSeconds(10);

    private final Wiring wiring;
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private DeviceContext context;
    private Stateful transport;
    private List<PciRegisters> registers;

    private Socket(Wiring wiring, VirtioDevice device) {
        this.wiring = wiring;
        transport = wrap(device);
    }

    /** A driver of a device in such a place. */
    record Plugged(FakeDriver driver, Socket socket) {}

    static Plugged plug(Wiring wiring, VirtioDevice device) {
        Socket socket = new Socket(wiring, device);
        return new Plugged(new FakeDriver(wiring, socket::connect), socket);
    }

    private Connection connect(FakeBoard board) {
        return wiring.pci() ? new Connection.Pci(new Card(), board, wiring.messages()) : new Connection.Mmio(new Page(), board);
    }

    Stateful wrap(VirtioDevice device) {
        return wiring.pci() ? new PciTransport(device) : new MmioTransport(device);
    }

    Stateful transport() {
        return transport;
    }

    /** A new transport, attached where the present one is. */
    Stateful attach(VirtioDevice device) {
        Stateful next = wrap(device);
        if (next instanceof PciTransport pci) {
            pci.description();
            pci.attach((PciContext) context);
        } else {
            ((MmioTransport) next).attach(context);
        }
        return next;
    }

    static void detach(Stateful transport) {
        if (transport instanceof PciTransport pci) {
            pci.detach();
        } else {
            ((MmioTransport) transport).detach();
        }
    }

    /** Replaces the device with its transport, by way of its state; the state that went over. */
    DeviceState replace(VirtioDevice device) {
        lock.writeLock().lock();
        try {
            transport.suspend(LIMIT);
            DeviceState state = transport.capture();
            detach(transport);
            Stateful next = attach(device);
            next.restore(state);
            put(next);
            next.resume();
            return state;
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** Does something while no access is inside, and none comes. */
    void still(Runnable action) {
        lock.writeLock().lock();
        try {
            action.run();
        } finally {
            lock.writeLock().unlock();
        }
    }

    void put(Stateful next) {
        transport = next;
        registers = next instanceof PciTransport pci ? parts(pci.description()) : null;
    }

    private static List<PciRegisters> parts(PciDescription description) {
        List<PciRegisters> parts = new ArrayList<>();
        description.bars().forEach(bar -> parts.add(bar.registers()));
        description.capabilities().forEach(capability -> parts.add(capability.body()));
        return parts;
    }

    private long access(LongSupplier access) {
        lock.readLock().lock();
        try {
            return access.getAsLong();
        } finally {
            lock.readLock().unlock();
        }
    }

    private final class Page implements MmioDevice {
        private MmioTransport there() {
            return (MmioTransport) transport;
        }

        @Override
        public long size() {
            return there().size();
        }

        @Override
        public void attach(DeviceContext board) {
            InterruptLine wire = board.interrupt();
            context = (DeviceContext) Proxy.newProxyInstance(Socket.class.getClassLoader(), new Class<?>[] {DeviceContext.class},
                    (proxy, method, arguments) -> {
                        if (method.getName().equals("interrupt") && arguments == null) {
                            return wire;
                        }
                        try {
                            return method.invoke(board, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
            there().attach(context);
        }

        @Override
        public void detach() {
            there().detach();
        }

        @Override
        public long read(long offset, int width) {
            return access(() -> there().read(offset, width));
        }

        @Override
        public void write(long offset, int width, long value) {
            access(() -> {
                there().write(offset, width, value);
                return 0;
            });
        }

        @Override
        public String name() {
            return there().name();
        }

        @Override
        public DeviceType type() {
            return there().type();
        }

        @Override
        public DeviceStatus status() {
            return there().status();
        }

        @Override
        public Map<String, String> info() {
            return there().info();
        }
    }

    private final class Card implements PciFunction {
        private PciTransport there() {
            return (PciTransport) transport;
        }

        @Override
        public PciDescription description() {
            PciDescription first = there().description();
            registers = parts(first);
            int[] next = {0};
            Function<PciRegisters, PciRegisters> kept = part -> new Part(next[0]++, part.size());
            List<PciBar> bars = first.bars().stream().map(bar -> new PciBar(bar.number(), bar.kind(), kept.apply(bar.registers())))
                    .toList();
            List<PciCapability> capabilities = first.capabilities().stream()
                    .map(capability -> new PciCapability(capability.id(), kept.apply(capability.body()))).toList();
            return new PciDescription(first.vendorId(), first.deviceId(), first.classCode(), first.revisionId(),
                    first.subsystemVendorId(), first.subsystemId(), bars, capabilities, first.msiVectors(), first.msixVectors(),
                    first.line());
        }

        @Override
        public void attach(PciContext to) {
            context = to;
            there().attach(to);
        }

        @Override
        public void detach() {
            there().detach();
        }

        @Override
        public void reset() {
            there().reset();
        }

        @Override
        public String name() {
            return there().name();
        }

        @Override
        public DeviceType type() {
            return there().type();
        }

        @Override
        public DeviceStatus status() {
            return there().status();
        }

        @Override
        public Map<String, String> info() {
            return there().info();
        }
    }

    private final class Part implements PciRegisters {
        private final int number;
        private final long size;

        Part(int number, long size) {
            this.number = number;
            this.size = size;
        }

        @Override
        public long size() {
            return size;
        }

        @Override
        public long read(long offset, int width) {
            return access(() -> registers.get(number).read(offset, width));
        }

        @Override
        public void write(long offset, int width, long value) {
            access(() -> {
                registers.get(number).write(offset, width, value);
                return 0;
            });
        }
    }
}
