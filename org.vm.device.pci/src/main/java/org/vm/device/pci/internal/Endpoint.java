package org.vm.device.pci.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.vm.api.DeviceException;
import org.vm.api.bus.Bus;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.irq.InterruptLine;
import org.vm.api.memory.GuestMemory;
import org.vm.api.pci.BusMaster;
import org.vm.api.pci.PciBar;
import org.vm.api.pci.PciCapability;
import org.vm.api.pci.PciContext;
import org.vm.api.pci.PciDescription;
import org.vm.api.pci.PciFunction;
import org.vm.api.pci.PciRegisters;
import org.vm.api.time.MachineClock;

/**
 * A {@link PciFunction} on the bus: its configuration space with a type 0 header, made as it describes itself. That of number
 * 0 stands for its card, with all functions that this has.
 */
final class Endpoint {
    private static final int MOST_OTHERS = 7;

    private final PciFunction function;
    private final ConfigSpace config = new ConfigSpace();
    private final PowerManagement power;
    private final Interrupts interrupts;
    private final List<Bar> bars = new ArrayList<>();
    private final Runnable decode;
    /** Those of numbers 1 to 7 on the same card. */
    private final List<Endpoint> others;
    /** Whether software lets the function access memory. */
    private final AtomicBoolean mastering = new AtomicBoolean();

    /**
     * @param pin    of its interrupt line, if it has one
     * @param decode what to do when it may answer to other addresses than before
     */
    Endpoint(PciFunction function, Express.Type type, int pin, Runnable decode) {
        this(function, function.others(), type, pin, decode);
    }

    private Endpoint(PciFunction function, List<PciFunction> others, Express.Type type, int pin, Runnable decode) {
        if (others.size() > MOST_OTHERS) {
            throw new DeviceException("a card has eight functions at most; '%s' has %d".formatted(function.name(), others.size() + 1));
        }
        this.function = function;
        this.decode = decode;
        this.others = others.stream().map(other -> new Endpoint(other, List.of(), type, pin, decode)).toList();
        PciDescription is = function.description();
        Header.define(config, is.vendorId(), is.deviceId(), is.classCode(), is.revisionId(),
                others.isEmpty() ? 0 : Header.MULTI_FUNCTION, is.line() ? pin : 0);
        config.define(Header.SUBSYSTEM_VENDOR_ID, is.subsystemVendorId()).define(Header.SUBSYSTEM_ID, is.subsystemId());
        power = new PowerManagement(config, decode);
        Msi msi = is.msiVectors() == 0 ? null : new Msi(config, is.msiVectors());
        MsiX msix = is.msixVectors() == 0 ? null : msix(is);
        new Express(config, type, 0).onFunctionLevelReset(this::resetFunction);
        interrupts = new Interrupts(config, msi, msix);
        is.bars().forEach(this::add);
        if (msix != null) {
            add(new PciBar(spareBar(is), PciBar.Kind.MEMORY, msix));
        }
        for (PciCapability capability : is.capabilities()) {
            PciRegisters body = capability.body();
            int at = config.capability(capability.id(), (int) body.size() + 2);
            config.delegate(at + 2, body);
        }
        config.onWrite(Header.COMMAND, written -> commanded());
    }

    private void commanded() {
        boolean allowed = (config.get(Header.COMMAND) & Header.BUS_MASTER) != 0;
        if (mastering.getAndSet(allowed) && !allowed && function instanceof BusMaster master) {
            master.stopBusMaster();
        }
        decode.run();
    }

    private MsiX msix(PciDescription is) {
        return new MsiX(config, is.msixVectors(), spareBar(is), this::unmasked);
    }

    private void unmasked() {
        interrupts.changed();
    }

    private static int spareBar(PciDescription is) {
        return IntStream.range(0, 6).filter(number -> is.bars().stream()
                .noneMatch(bar -> bar.number() == number || bar.wide() && bar.number() + 1 == number)).findFirst().orElseThrow();
    }

    private void add(PciBar declared) {
        Bar bar = new Bar(config, declared);
        bars.add(bar);
        config.onWrite(bar.field(), written -> decode.run());
    }

    /** Calls {@code action} when software may have begun or ceased to use the function. Before it is on the bus only. */
    void watch(Runnable action) {
        config.onWrite(Header.COMMAND, written -> action.run());
        others.forEach(other -> other.watch(action));
    }

    /** Whether a driver uses the card, as far as can be seen. */
    boolean used() {
        return mastering.get() || function.status() == DeviceStatus.ACTIVE || others.stream().anyMatch(Endpoint::used);
    }

    /** How many functions the card has. */
    int functions() {
        return 1 + others.size();
    }

    /** Configuration space of one of them, or {@code null}. */
    ConfigSpace config(int number) {
        return number == 0 ? config : number < functions() ? others.get(number - 1).config : null;
    }

    PciFunction function() {
        return function;
    }

    /** @param source of its interrupts; each function has an end of the wire */
    void attach(DeviceContext host, int source) {
        int done = 0;
        try {
            for (; done < others.size(); done++) {
                others.get(done).attach(host, source);
            }
            interrupts.connect(new Messages(host.bus(), host.memory()), host.interrupt(source));
            function.attach(new Context(host, interrupts));
        } catch (RuntimeException | LinkageError e) {
            others.subList(0, done).forEach(Endpoint::detach);
            throw e;
        }
    }

    void detach() {
        try {
            function.detach();
        } finally {
            interrupts.disconnect();
            others.forEach(Endpoint::detach);
        }
    }

    /** The whole card. */
    void reset() {
        others.forEach(Endpoint::reset);
        resetFunction();
    }

    private void resetFunction() {
        function.reset();
        mastering.set(false);
        config.reset();
        interrupts.reset();
        decode.run();
    }

    /** What the BARs of the card answer to at present. */
    List<Claim> claims() {
        return others.isEmpty() ? ownClaims() : Stream.concat(ownClaims().stream(),
                others.stream().flatMap(other -> other.ownClaims().stream())).toList();
    }

    private List<Claim> ownClaims() {
        long command = config.get(Header.COMMAND);
        if (!power.awake()) {
            return List.of();
        }
        return bars.stream().map(Bar::claim)
                .filter(claim -> (command & (claim.io() ? Header.IO_SPACE : Header.MEMORY_SPACE)) != 0).toList();
    }

    /** What the host bridge was given, but for the interrupt. */
    private record Context(DeviceContext host, Interrupts interrupts) implements PciContext {
        @Override
        public InterruptLine interrupt() {
            return interrupts;
        }

        @Override
        public boolean messages() {
            return interrupts.useMessages();
        }

        @Override
        public void send(int vector) {
            interrupts.send(vector);
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
}
