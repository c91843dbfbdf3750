package org.vm.machine.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.DeviceException;
import org.vm.api.InvalidAddressException;
import org.vm.api.VmException;
import org.vm.api.bus.Mapping;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceHost;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.MmioDevice;
import org.vm.api.device.Resettable;
import org.vm.api.hotplug.HotplugManager;
import org.vm.api.irq.InterruptController;
import org.vm.api.irq.InterruptLine;
import org.vm.api.machine.DeviceManager;
import org.vm.api.replace.ReplacementException;
import org.vm.api.replace.Successors;

/** Attaches devices to a machine: finds their place, maps them, wires their interrupts. */
public final class DeviceRegistry implements DeviceManager {
    private static final Logger LOG = LoggerFactory.getLogger(DeviceRegistry.class);
    private static final long PLUGGED_LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final String machine;
    private final Board board;
    private final PhysicalBus bus;
    private final BiFunction<InterruptLine, IntFunction<InterruptLine>, DeviceContext> contexts;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    /** Changed under the lock; looking takes none, for a device may keep the lock as long as it likes. */
    private final List<Offer> offers = new CopyOnWriteArrayList<>();
    private final Watched calls = new Watched(Watched.LIMIT);
    private final Wires wires = new Wires();
    private final List<DeviceHold> holds = new CopyOnWriteArrayList<>();
    private final Consumer<Runnable> standstill;
    private final Runnable wake;
    private volatile InterruptController controller;
    private volatile Successors<MmioDevice> successors = Successors.none();

    /**
     * @param contexts   makes what a device is given, from its interrupt line and those of other sources
     * @param standstill runs something while no vCPU runs
     * @param wake       makes vCPUs that wait for a device look again
     */
    DeviceRegistry(String machine, Board board, PhysicalBus bus,
            BiFunction<InterruptLine, IntFunction<InterruptLine>, DeviceContext> contexts, Consumer<Runnable> standstill, Runnable wake) {
        this.machine = machine;
        this.board = board;
        this.bus = bus;
        this.contexts = contexts;
        this.standstill = standstill;
        this.wake = wake;
    }

    // For devices that are being replaced

    String machine() {
        return machine;
    }

    PhysicalBus bus() {
        return bus;
    }

    Watched calls() {
        return calls;
    }

    void standstill(Runnable action) {
        standstill.accept(action);
    }

    void wake() {
        wake.run();
    }

    void locked(Runnable action) {
        lock.lock();
        try {
            action.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** As {@link org.vm.api.replace.DeviceKeeper#hold}, for devices. */
    public DeviceHold hold(Collection<? extends MmioDevice> devices, Duration limit) {
        lock.lock();
        try {
            DeviceHold hold = new DeviceHold(this, offers.stream().filter(o -> o.attachment != null && o.kept == null && devices.contains(o.device))
                    .toList(), limit);
            holds.removeIf(DeviceHold::over);
            holds.add(hold);
            return hold;
        } finally {
            lock.unlock();
        }
    }

    /** As {@link org.vm.api.replace.DeviceKeeper#prepare}, for devices and who comes after them. */
    public Supplier<List<String>> prepare(Collection<? extends MmioDevice> leaving, long coming) {
        Successors<MmioDevice> next = new Successors<>(coming, offers.stream()
                .filter(o -> o.attachment != null && leaving.contains(o.device)).map(o -> o.device.name()).toList());
        successors = next;
        return () -> next.awaited().stream().map(name -> machine + "/" + name).toList();
    }

    /** A device of that bundle has come. @return whether it waits for a place, and is not to be offered */
    public boolean waits(long bundle, MmioDevice device) {
        return successors.offer(bundle, device.name(), device);
    }

    /** Under the lock. */
    void admit(Kept kept) {
        MmioDevice next = successors.take(kept.name);
        if (next != null) {
            kept.leave();
            succeed(kept, next);
        }
    }

    /** Places that are kept no more. */
    void given(List<Kept> places) {
        offers.removeIf(o -> o.kept == null && o.device instanceof Place);
        retry();
        changed.signalAll();
    }

    Leads leads(int source, OwnWindows windows) {
        return new Leads(contexts.apply(wires.input(source), wires::input), windows);
    }

    private DeviceHold hold(Kept kept) {
        return holds.stream().filter(hold -> hold.has(kept)).findFirst().orElseThrow();
    }

    /** Names of devices whose places are kept. */
    @Override
    public List<String> kept() {
        return offers.stream().filter(o -> o.device instanceof Place).map(o -> o.device.name()).toList();
    }

    Optional<InterruptController> controller() {
        return Optional.ofNullable(controller);
    }

    @Override
    public List<Attachment> attachments() {
        return offers.stream().map(o -> o.attachment).filter(Objects::nonNull)
                .sorted(Comparator.comparingLong(Attachment::base)).toList();
    }

    @Override
    public List<Refusal> refusals() {
        return Stream.concat(
                offers.stream().filter(o -> o.attachment == null && o.refusal != null).map(o -> new Refusal(o.device.name(), o.refusal)),
                hosts().flatMap(host -> host.refused().entrySet().stream()).map(e -> new Refusal(e.getKey(), e.getValue())))
                .toList();
    }

    @Override
    public List<DeviceHost.Plugged> plugged() {
        return hosts().flatMap(host -> host.plugged().stream()).toList();
    }

    @Override
    public Map<Integer, List<String>> interruptOwners() {
        Map<Integer, List<String>> owners = new TreeMap<>();
        for (Attachment attachment : attachments()) {
            if (attachment.irq() != 0) {
                owners.computeIfAbsent(attachment.irq(), source -> new ArrayList<>()).add(attachment.device().name());
            }
        }
        hosts().flatMap(host -> host.interruptOwners().entrySet().stream()).forEach(
                e -> owners.computeIfAbsent(e.getKey(), source -> new ArrayList<>()).addAll(e.getValue()));
        return owners;
    }

    @Override
    public Optional<HotplugManager> hotplug() {
        return hosts().flatMap(host -> host.hotplug().stream()).findFirst();
    }

    private Stream<DeviceHost> hosts() {
        return attachments().stream().map(a -> a.device() instanceof DeviceHost host ? host : null).filter(Objects::nonNull);
    }

    @Override
    public Optional<Attachment> find(String name) {
        return attachments().stream().filter(a -> a.device().name().equals(name)).findFirst();
    }

    @Override
    public Optional<Attachment> route(long address) {
        Mapping mapping = bus.find(address);
        return mapping == null ? Optional.empty()
                : attachments().stream().filter(a -> a.base() == mapping.base()).findFirst();
    }

    @Override
    public Attachment register(MmioDevice device, long base, int irq) {
        lock.lock();
        try {
            Offer offer = new Offer(device, base, irq);
            attach(offer);
            offers.add(offer);
            changed.signalAll();
            return offer.attachment;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void unregister(String name, boolean force) {
        lock.lock();
        try {
            Offer offer = offers.stream().filter(o -> o.device.name().equals(name)).findFirst().orElseThrow(
                    () -> new DeviceException("machine '%s' has no device '%s'".formatted(machine, name)));
            if (offer.attachment != null && offer.device.status() == DeviceStatus.ACTIVE && !force) {
                throw new DeviceException(("device '%s' of machine '%s' is in use by the guest; "
                        + "let the guest give it up, or force it").formatted(name, machine));
            }
            remove(offer);
        } finally {
            lock.unlock();
        }
    }

    /** Makes a device with somebody else's code, which must not take for ever. */
    public <T> T make(String name, Supplier<T> maker) {
        return calls.get("device '" + name + "' to be made", maker);
    }

    /** As {@link #register}, but a device that cannot be attached is kept, with the reason, and tried again later. */
    public void offer(MmioDevice device, long base, int irq) {
        lock.lock();
        try {
            Optional<Kept> kept = offers.stream().map(o -> o.kept).filter(k -> k != null && !k.filled() && k.name.equals(device.name()))
                    .findFirst();
            if (kept.isPresent()) {
                succeed(kept.get(), device);
                return;
            }
            Offer offer = new Offer(device, base, irq);
            offers.add(offer);
            List<Offer> displaced = part(offer) ? displaced(offer) : List.of();
            displaced.forEach(this::detach);
            tryAttach(offer);
            displaced.forEach(this::tryAttach);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void succeed(Kept kept, MmioDevice device) {
        try {
            hold(kept).fill(kept, device);
            LOG.info("machine '{}': device '{}' is there again", machine, kept.name);
        } catch (ReplacementException e) {
            LOG.warn("machine '{}': {}", machine, e.getMessage(), e.getCause());
            refuse(device, e.getMessage());
        }
        changed.signalAll();
    }

    /** Whether it is what the board has at that place: without it the machine would not be one. */
    private boolean part(Offer offer) {
        return board.parts().stream().anyMatch(part -> part.base() == offer.base && part.name().equals(offer.device.name()));
    }

    /** Devices that came before one of the board's and are in its way. */
    private List<Offer> displaced(Offer part) {
        return offers.stream().filter(o -> o != part && o.attachment != null && !part(o))
                .filter(o -> o.device.name().equals(part.device.name())
                        || o.mapping.base() < part.base + part.device.size() && part.base < o.mapping.end()).toList();
    }

    /** Keeps a device that cannot be attached whatever changes, with the reason. */
    public void refuse(MmioDevice device, String reason) {
        lock.lock();
        try {
            Offer offer = new Offer(device, -1, -1);
            offer.refusal = reason;
            offer.hopeless = true;
            offers.add(offer);
        } finally {
            lock.unlock();
        }
    }

    /** Takes an offered device away, in use or not. */
    public void withdraw(MmioDevice device) {
        lock.lock();
        try {
            if (successors.withdraw(waiting -> waiting == device)) {
                return;
            }
            Optional<Kept> kept = offers.stream().map(o -> o.kept).filter(k -> k != null && k.had(device)).findFirst();
            if (kept.isPresent()) {
                kept.get().leave();
                return;
            }
            offers.stream().filter(o -> o.device == device).findFirst().ifPresent(this::remove);
        } finally {
            lock.unlock();
        }
    }

    /** Takes every device away; the controller last, so that lines can still be lowered. */
    void clear() {
        lock.lock();
        try {
            offers.stream().map(o -> o.kept).filter(Objects::nonNull).forEach(this::drop);
            List<Offer> all = new ArrayList<>(offers);
            all.sort(Comparator.comparing(o -> o.device instanceof InterruptController));
            offers.removeIf(o -> o.attachment == null);
            all.stream().filter(o -> o.attachment != null).forEach(this::detach);
            offers.clear();
        } finally {
            lock.unlock();
        }
    }

    /** What devices do that they must not, a sentence each. */
    List<String> warnings() {
        return Stream.of(calls.late().stream(), bus.failures().stream(), offers.stream().map(o -> o.warning).filter(Objects::nonNull))
                .flatMap(sentences -> sentences).toList();
    }

    /** Resets the devices that can be; the machine goes on without those that fail. Only while no vCPU runs. */
    void reset() {
        lock.lock();
        try {
            offers.stream().map(o -> o.kept).filter(k -> k != null && !k.filled()).forEach(Kept::reset);
            resetDevices();
        } finally {
            lock.unlock();
        }
    }

    private void resetDevices() {
        for (Offer offer : offers.stream().filter(o -> o.attachment != null).sorted(Comparator.comparingLong(o -> o.attachment.base())).toList()) {
            if (offer.device instanceof Resettable resettable) {
                offer.warning = null;
                try {
                    resettable.reset();
                } catch (RuntimeException | LinkageError e) {
                    offer.warning = "device '%s' failed to reset: %s".formatted(offer.device.name(), e);
                    LOG.warn("machine '{}': {}", machine, offer.warning, e);
                }
            }
        }
    }

    /** Waits until all of the named devices are attached or plugged into one that is. @return the names of those that are not */
    List<String> await(Collection<String> names, long nanos) throws InterruptedException {
        lock.lock();
        try {
            long left = nanos;
            while (true) {
                List<String> absent = names.stream().filter(name -> offers.stream()
                        .noneMatch(o -> o.attachment != null && !(o.device instanceof Place) && o.device.name().equals(name))
                        && plugged().stream().noneMatch(p -> p.device().name().equals(name))).toList();
                if (absent.isEmpty() || left <= 0) {
                    return absent;
                }
                // Other buses do not say that something was plugged into them.
                long look = Math.min(left, PLUGGED_LOOK_NANOS);
                left += changed.awaitNanos(look) - look;
            }
        } finally {
            lock.unlock();
        }
    }

    private void tryAttach(Offer offer) {
        try {
            attach(offer);
            offer.refusal = null;
        } catch (VmException e) {
            if (!e.getMessage().equals(offer.refusal)) {
                LOG.warn("machine '{}': {}", machine, e.getMessage(), e.getCause());
            }
            offer.refusal = e.getMessage();
        }
    }

    private void attach(Offer offer) {
        MmioDevice device = offer.device;
        if (offers.stream().anyMatch(o -> o != offer && o.attachment != null && o.device.name().equals(device.name()))) {
            throw new DeviceException("machine '%s' has a device '%s' already; give one of them another name"
                    .formatted(machine, device.name()));
        }
        Board.Place place;
        try {
            place = place(offer);
            bus.check(place.base(), device);
        } catch (VmException e) {
            throw e;
        } catch (RuntimeException | LinkageError e) {
            throw new DeviceException("device '%s' of machine '%s' does not say how large it is: %s"
                    .formatted(device.name(), machine, e), e);
        }
        OwnWindows windows = new OwnWindows(bus, List.of());
        Leads leads = leads(place.irq(), windows);
        try {
            calls.run("device '" + device.name() + "' to attach", () -> device.attach(leads));
        } catch (RuntimeException | LinkageError e) {
            leads.release(null);
            throw new DeviceException("device '%s' of machine '%s' failed to attach: %s"
                    .formatted(device.name(), machine, e), e);
        }
        offer.mapping = bus.map(place.base(), device);
        offer.leads = leads;
        offer.windows = windows;
        offer.attachment = new Attachment(device, place.base(), place.irq());
        LOG.info("machine '{}': device '{}' at {}, interrupt {}", machine, device.name(),
                PhysicalBus.range(place.base(), device.size()), place.irq());
        if (controller == null) {
            controllerThere(device);
        }
    }

    /** Leads all wires to a device, if it is a controller. */
    void controllerThere(MmioDevice device) {
        if (device instanceof InterruptController found) {
            controller = found;
            wires.connect(found);
        }
    }

    /** Leads all wires to another controller, if there is one, in place of a device. */
    void controllerGone(MmioDevice device) {
        if (device == controller) {
            controller = offers.stream().filter(o -> o.attachment != null && o.device != device)
                    .filter(o -> o.device instanceof InterruptController).map(o -> (InterruptController) o.device)
                    .findFirst().orElse(null);
            wires.connect(controller);
        }
    }

    private Board.Place place(Offer offer) {
        long size = offer.device.size();
        if (offer.base >= 0) {
            int irq = offer.irq;
            if (irq < 0) {
                // The source that belongs to the place, if it is one of the board's.
                irq = board.places().stream().filter(p -> p.base() == offer.base).mapToInt(Board.Place::irq).findFirst()
                        .orElseGet(this::freeSource);
            }
            return new Board.Place(offer.base, size, irq);
        }
        for (Board.Place place : board.places()) {
            if (size <= place.size() && bus.free(place.base(), place.size())) {
                return new Board.Place(place.base(), size, offer.irq < 0 ? place.irq() : offer.irq);
            }
        }
        Board.Place window = board.window();
        long step = Math.max(0x1000, Long.highestOneBit(Math.max(1, size * 2 - 1)));
        for (long base = window.base(); base + size <= window.base() + window.size(); base += step) {
            if (bus.free(base, size)) {
                return new Board.Place(base, size, offer.irq < 0 ? freeSource() : offer.irq);
            }
        }
        throw new InvalidAddressException("machine '%s' has no room for device '%s' (%d bytes); remove another one"
                .formatted(machine, offer.device.name(), size));
    }

    private int freeSource() {
        int source = board.window().irq();
        while (taken(source)) {
            source++;
        }
        return source;
    }

    private boolean taken(int source) {
        return offers.stream().anyMatch(o -> o.attachment != null && o.attachment.irq() == source);
    }

    private void remove(Offer offer) {
        if (offer.kept != null) {
            drop(offer.kept);
        }
        offers.remove(offer);
        if (offer.attachment != null) {
            detach(offer);
        }
        retry();
        changed.signalAll();
    }

    /** What was refused may fit now. */
    private void retry() {
        offers.stream().filter(o -> o.attachment == null && !o.hopeless).forEach(this::tryAttach);
    }

    /** A device's replacement is over, because its place is, or somebody takes the successor away. */
    private void drop(Kept kept) {
        hold(kept).drop(kept);
        offers.removeIf(o -> o.attachment == null && o.device instanceof Place);
    }

    private void detach(Offer offer) {
        bus.unmap(offer.mapping);
        offer.left.values().forEach(place -> place.open(null));
        offer.attachment = null;
        controllerGone(offer.device);
        end(offer.device);
        offer.leads.release(null);
        LOG.info("machine '{}': device '{}' left", machine, offer.device.name());
    }

    /** The end of a device, which may be anybody's. */
    void end(MmioDevice device) {
        try {
            calls.run("device '" + device.name() + "' to detach", device::detach);
        } catch (RuntimeException | LinkageError e) {
            LOG.warn("machine '{}': device '{}' failed to detach", machine, device.name(), e);
        }
    }
}
