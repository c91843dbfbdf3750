package org.vm.device.pci.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.vm.api.DeviceException;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.pci.BusMaster;
import org.vm.api.pci.PciBar;
import org.vm.api.pci.PciCapability;
import org.vm.api.pci.PciDescription;
import org.vm.api.pci.PciFunction;
import org.vm.api.pci.PciRegisters;
import org.vm.api.state.DeviceState;

/**
 * The place of a {@link PciFunction} on the bus: its configuration space with a type 0 header, made as the first one that came
 * here describes itself. That of number 0 stands for its card, with all functions that this has. The function may be exchanged
 * for another one of the same {@link Shape}, without any effect on configuration space.
 */
final class Endpoint {
    private static final String KIND = "org.vm.device.pci.place";
    private static final int MOST_OTHERS = 7;

    private final String name;
    private final Shape shape;
    private final Gate gate;
    /** {@code null}: nobody is here, because the one that was has left its place to another that is yet to come. */
    private volatile PciFunction function;
    private volatile FunctionContext context;
    private final ConfigSpace config = new ConfigSpace();
    private final PowerManagement power;
    private final Interrupts interrupts;
    private final List<Bar> bars = new ArrayList<>();
    /** The function's own registers: behind its BARs, then in its capabilities. */
    private final List<FunctionRegisters> registers = new ArrayList<>();
    private final Runnable decode;
    /** Those of numbers 1 to 7 on the same card. */
    private final List<Endpoint> others;
    /** Whether software lets the function access memory. */
    private final AtomicBoolean mastering = new AtomicBoolean();
    /** What was done to the place while nobody was here, or only one that failed: to be done to whoever comes. */
    private volatile boolean anew;
    private volatile boolean stopped;
    private volatile boolean wasActive;
    private volatile DeviceContext host;

    /**
     * @param pin    of its interrupt line, if it has one
     * @param decode what to do when it may answer to other addresses than before
     */
    Endpoint(PciFunction function, Express.Type type, int pin, Runnable decode) {
        this(function, function.others(), new Gate(), type, pin, decode);
    }

    private Endpoint(PciFunction function, List<PciFunction> others, Gate gate, Express.Type type, int pin, Runnable decode) {
        if (others.size() > MOST_OTHERS) {
            throw new DeviceException("a card has eight functions at most; '%s' has %d".formatted(function.name(), others.size() + 1));
        }
        this.function = function;
        this.gate = gate;
        this.decode = decode;
        this.others = others.stream().map(other -> new Endpoint(other, List.of(), gate, type, pin, decode)).toList();
        name = function.name();
        PciDescription is = function.description();
        shape = Shape.of(is);
        Header.define(config, is.vendorId(), is.deviceId(), is.classCode(), is.revisionId(),
                others.isEmpty() ? 0 : Header.MULTI_FUNCTION, is.line() ? pin : 0);
        config.define(Header.SUBSYSTEM_VENDOR_ID, is.subsystemVendorId()).define(Header.SUBSYSTEM_ID, is.subsystemId());
        power = new PowerManagement(config, decode);
        Msi msi = is.msiVectors() == 0 ? null : new Msi(config, is.msiVectors());
        MsiX msix = is.msixVectors() == 0 ? null : msix(is);
        new Express(config, type, 0).onFunctionLevelReset(this::resetFunction);
        interrupts = new Interrupts(config, msi, msix);
        for (PciBar bar : is.bars()) {
            add(new PciBar(bar.number(), bar.kind(), own(bar.registers())));
        }
        if (msix != null) {
            add(new PciBar(spareBar(is), PciBar.Kind.MEMORY, msix));
        }
        for (PciCapability capability : is.capabilities()) {
            int at = config.capability(capability.id(), (int) capability.body().size() + 2);
            config.delegate(at + 2, own(capability.body()));
        }
        config.onWrite(Header.COMMAND, written -> commanded());
    }

    private FunctionRegisters own(PciRegisters first) {
        FunctionRegisters place = new FunctionRegisters(gate, first);
        registers.add(place);
        return place;
    }

    private void commanded() {
        boolean allowed = (config.get(Header.COMMAND) & Header.BUS_MASTER) != 0;
        if (mastering.getAndSet(allowed) && !allowed) {
            stopMaster();
        }
        decode.run();
    }

    private void stopMaster() {
        if (function instanceof BusMaster master) {
            stopped = !done(master::stopBusMaster);
        }
    }

    /** Has the function do something that software wants. @return whether it is done; else it is to be done to another one */
    private boolean done(Runnable action) {
        if (gate.closed()) {
            return false;
        }
        try {
            action.run();
            return true;
        } catch (RuntimeException | LinkageError e) {
            if (!gate.fault(e)) {
                throw e;
            }
            return false;
        }
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
        PciFunction there = gate.closed() ? null : function;
        return mastering.get() || (there == null ? wasActive : there.status() == DeviceStatus.ACTIVE)
                || others.stream().anyMatch(Endpoint::used);
    }

    /** How many functions the card has. */
    int functions() {
        return 1 + others.size();
    }

    /** Configuration space of one of them, or {@code null}. */
    ConfigSpace config(int number) {
        return number == 0 ? config : number < functions() ? others.get(number - 1).config : null;
    }

    String name() {
        return name;
    }

    /** The function, or {@code null}. */
    PciFunction function() {
        return function;
    }

    Gate gate() {
        return gate;
    }

    /** The places of all functions of the card, that of number 0 first. */
    List<Endpoint> all() {
        return Stream.concat(Stream.of(this), others.stream()).toList();
    }

    /** @param source of its interrupts; each function has an end of the wire */
    void attach(DeviceContext to, int source) {
        int done = 0;
        try {
            for (; done < others.size(); done++) {
                others.get(done).attach(to, source);
            }
            host = to;
            gate.machine(to);
            interrupts.connect(new Messages(to.bus(), to.memory()), to.interrupt(source));
            context = new FunctionContext(to, interrupts, FunctionContext.Reach.ALL);
            function.attach(context);
        } catch (RuntimeException | LinkageError e) {
            others.subList(0, done).forEach(Endpoint::detach);
            throw e;
        }
    }

    void detach() {
        PciFunction there = function;
        try {
            if (there != null) {
                there.detach();
            }
        } finally {
            interrupts.disconnect();
            others.forEach(Endpoint::detach);
        }
    }

    // Exchange: the gate is closed, or about to be

    /** Remembers what a function is like that cannot be asked for a while. */
    void keep() {
        PciFunction there = function;
        wasActive = there != null && there.status() == DeviceStatus.ACTIVE;
    }

    /** Cuts the function off, or lets it reach out again. */
    void reach(FunctionContext.Reach far) {
        FunctionContext given = context;
        if (given != null) {
            given.reach(far);
        }
    }

    /** The function is no more. */
    void vacate() {
        function = null;
        context = null;
        registers.forEach(each -> each.of(null));
    }

    /**
     * Attaches a function that is to be here. It reaches messages only, until {@link #reach} lets it set the line.
     *
     * @throws DeviceException if software would notice
     */
    void enter(PciFunction next) {
        PciDescription is = next.description();
        shape.require(Shape.of(is), next.name());
        FunctionContext given = new FunctionContext(host, interrupts, FunctionContext.Reach.MESSAGES);
        next.attach(given);
        context = given;
        function = next;
        List<PciRegisters> theirs = Stream.concat(is.bars().stream().map(PciBar::registers),
                is.capabilities().stream().map(PciCapability::body)).toList();
        for (int i = 0; i < theirs.size(); i++) {
            registers.get(i).of(theirs.get(i));
        }
    }

    /** Of the place, without its function. */
    DeviceState capture() {
        DeviceState.Builder state = DeviceState.of(KIND, 1).state("config", config.capture());
        interrupts.capture(state);
        return state.build();
    }

    /** Configuration space as it was with another host bridge. @throws DeviceException if it cannot be */
    void restore(DeviceState state) {
        config.restore(state.state("config").orElseThrow(() -> new DeviceException("device '%s' lacks its configuration space"
                .formatted(name))));
        interrupts.restore(state);
        mastering.set((config.get(Header.COMMAND) & Header.BUS_MASTER) != 0);
    }

    /** Whether the place was reset while nobody was here: no state from before is worth anything. */
    boolean anew() {
        return anew;
    }

    /** Does to the function what it has missed; the last step before the gate opens. */
    void catchUp() {
        PciFunction there = function;
        if (anew && there != null) {
            there.reset();
        } else if (stopped && there instanceof BusMaster master) {
            master.stopBusMaster();
        }
        anew = false;
        stopped = false;
    }

    /** The whole card. */
    void reset() {
        others.forEach(Endpoint::reset);
        resetFunction();
    }

    private void resetFunction() {
        PciFunction there = function;
        if (there == null || !done(there::reset)) {
            anew = true;
        }
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
}
