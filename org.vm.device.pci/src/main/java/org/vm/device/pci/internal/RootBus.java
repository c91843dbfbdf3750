package org.vm.device.pci.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.vm.api.device.DeviceContext;

/**
 * Bus 0: the host bridge itself is device 0, then come the root ports, then what is put there directly. Knows who answers
 * to which request.
 */
final class RootBus {
    static final int DEVICES = 32;
    /** I/O windows of bridges are 4 KiB at least; some space is left for bus 0 itself. */
    private static final int PORTS_WITH_IO = 12;
    /** The identity of the host bridge that public virtual machines have; it has no registers of its own. */
    private static final int VENDOR = 0x1b36;
    private static final int DEVICE = 0x0008;
    private static final int CLASS_HOST_BRIDGE = 0x060000;

    private final ConfigSpace bridge = new ConfigSpace();
    private final RootPort[] ports;
    private final AtomicReferenceArray<Endpoint> integrated = new AtomicReferenceArray<>(DEVICES);
    private final Object decoding = new Object();
    private volatile List<AddressWindow> windows = List.of();
    private volatile List<Claim> unanswered = List.of();

    RootBus(int rootPorts) {
        Header.define(bridge, VENDOR, DEVICE, CLASS_HOST_BRIDGE, 0, 0, 0);
        // The one function without capabilities.
        bridge.define(Header.STATUS, 0);
        ports = new RootPort[rootPorts];
        for (int i = 0; i < rootPorts; i++) {
            ports[i] = new RootPort(i + 1, i < PORTS_WITH_IO, this::decode);
        }
    }

    /** Windows that lead here. */
    void windows(List<AddressWindow> all) {
        windows = all;
        decode();
    }

    List<RootPort> ports() {
        return List.of(ports);
    }

    /** The port at a device number, or {@code null}. */
    RootPort port(int device) {
        return device >= 1 && device <= ports.length ? ports[device - 1] : null;
    }

    /** Puts an endpoint on the bus itself. */
    void insert(int device, Endpoint endpoint) {
        integrated.set(device, endpoint);
        decode();
    }

    void remove(int device) {
        integrated.set(device, null);
        decode();
    }

    /** Gives the ports their interrupts. */
    void attach(DeviceContext context, int firstSource) {
        for (RootPort port : ports) {
            port.attach(context, context.interrupt(Intx.source(firstSource, port.number(), Intx.ofPort(port.number()))));
        }
    }

    void detach() {
        for (RootPort port : ports) {
            port.detach();
        }
    }

    void reset() {
        bridge.reset();
        for (RootPort port : ports) {
            port.reset();
        }
        integrated().forEach(Endpoint::reset);
    }

    private Stream<Endpoint> integrated() {
        return IntStream.range(0, DEVICES).mapToObj(integrated::get).filter(Objects::nonNull);
    }

    /** Finds out anew who answers to which addresses. */
    void decode() {
        synchronized (decoding) {
            // Who is there comes before who was.
            List<Claim> claims = Stream.of(Stream.of(ports).flatMap(port -> port.claims().stream()),
                    integrated().flatMap(endpoint -> endpoint.claims().stream()),
                    Stream.of(ports).flatMap(port -> port.pulled().stream())).flatMap(all -> all).toList();
            List<Claim> left = new ArrayList<>();
            for (AddressWindow window : windows) {
                left.addAll(window.assign(claims.stream().filter(window::holds).toList()));
            }
            unanswered = left.stream().filter(claim -> !claim.gone()).toList();
        }
    }

    /** BARs that do not answer because another one is where they are. */
    List<Claim> unanswered() {
        return unanswered;
    }

    /**
     * Waits until what is written to a function there can be done, which is not while its card, or that of a root port, is
     * being replaced.
     *
     * @return false: the write is to end without effect
     */
    boolean pass(int bus, int device) {
        RootPort port = bus == 0 ? port(device) : null;
        Endpoint endpoint = bus != 0 ? device == 0 ? card(bus) : null : port != null ? port.card() : integrated.get(device);
        return endpoint == null || endpoint.gate().pass();
    }

    /** The configuration space of a function, or {@code null}. */
    ConfigSpace find(int bus, int device, int function) {
        Endpoint endpoint = bus == 0 ? integrated.get(device) : device == 0 ? card(bus) : null;
        if (bus == 0 && endpoint == null) {
            RootPort port = port(device);
            return function != 0 ? null : port != null ? port.config() : device == 0 ? bridge : null;
        }
        return endpoint == null ? null : endpoint.config(function);
    }

    /** The one device at the end of the link whose bus that is. */
    private Endpoint card(int bus) {
        for (RootPort port : ports) {
            if (port.secondaryBus() == bus) {
                return port.reachable();
            }
        }
        return null;
    }
}
