package org.vm.device.virtio.internal;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.device.virtio.ConfigSpace;
import org.vm.device.virtio.VirtioDevice;

/**
 * What every transport does with a device: status, features, queue set-up and life cycle (VirtIO 1.2, sections 2.1 to
 * 2.4 and 3.1). A transport decodes its registers into calls on this, and delivers its {@link Interrupts}. Whatever the
 * driver does wrong is ignored, or latches DEVICE_NEEDS_RESET.
 *
 * <p>{@code lock} is held during long steps (activation, reset); {@code state} for a few instructions only, and workers
 * take no other: a reset can wait for them. What is not private is also its {@link Handover}'s.
 */
final class DeviceControl {
    static final int ACKNOWLEDGE = 1;
    static final int DRIVER = 2;
    static final int DRIVER_OK = 4;
    static final int FEATURES_OK = 8;
    static final int NEEDS_RESET = 64;
    static final int FAILED = 128;

    /** Interrupts towards the driver; never block. */
    interface Interrupts {
        void used(int queue);

        void configChanged();

        /** Back to none. */
        void clear();
    }

    private static final Logger LOG = LoggerFactory.getLogger(DeviceControl.class);
    /** How long a reset waits for requests in flight before it lets the driver see DEVICE_NEEDS_RESET instead of 0. */
    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(10);

    final Interrupts interrupts;
    final LogLimit log = new LogLimit();
    final ReentrantLock lock = new ReentrantLock();
    final Object state = new Object();

    /** Another one after a replacement; written with {@link #lock}, as the queues are. */
    volatile VirtioDevice device;
    volatile QueueSetup[] queues;
    private volatile DeviceContext context;
    private final Handover handover = new Handover(this);
    private volatile DeviceStatus attachment = DeviceStatus.CREATED;
    /** Device status (2.1); written under {@link #state}. */
    volatile int status;
    volatile long driverFeatures;
    /** The activation that counts; written under {@link #state}. */
    volatile Session session;
    /** An activation that is over but has tasks which did not end in time. */
    volatile Session draining;
    volatile String failure = "";
    /** From suspend, or restore, to resume: nothing is done. */
    volatile boolean suspended;
    /** An interrupt that waits for the end of that; guarded by {@link #state}. */
    boolean owesChange;
    /** What the configuration's generation is larger by than the device says: it goes on counting with another device. */
    volatile int generations;

    DeviceControl(VirtioDevice device, Interrupts interrupts) {
        this.device = device;
        this.interrupts = interrupts;
        queues = setups(device);
    }

    static QueueSetup[] setups(VirtioDevice device) {
        int[] sizes = device.queueSizes();
        QueueSetup[] setups = new QueueSetup[sizes.length];
        for (int i = 0; i < sizes.length; i++) {
            setups[i] = new QueueSetup(sizes[i]);
        }
        return setups;
    }

    VirtioDevice device() {
        return device;
    }

    void attach(DeviceContext to) {
        lock.lock();
        try {
            suspended = device instanceof StandIn;
            context = to;
            attachment = DeviceStatus.ATTACHED;
        } finally {
            lock.unlock();
        }
    }

    void detach() {
        lock.lock();
        try {
            // What has handed over its place touches nothing there.
            end(!suspended || device instanceof StandIn);
            context = null;
            handover.end();
            attachment = DeviceStatus.DETACHED;
        } finally {
            lock.unlock();
        }
    }

    Handover handover() {
        return handover;
    }

    ConfigSpace config() {
        return device.config();
    }

    int configGeneration() {
        return generations + device.config().generation();
    }

    DeviceStatus deviceStatus() {
        int now = status;
        return attachment != DeviceStatus.ATTACHED ? attachment
                : (now & NEEDS_RESET) != 0 ? DeviceStatus.FAILED
                : (now & DRIVER_OK) != 0 ? DeviceStatus.ACTIVE : attachment;
    }

    // Features (2.2)

    int deviceFeatures(int select) {
        return half(offered(), select);
    }

    long offered() {
        return device.features() | RingFeatures.OFFERED;
    }

    static int half(long value, int select) {
        return select == 0 ? (int) value : select == 1 ? (int) (value >>> 32) : 0;
    }

    /** What the driver has accepted so far. */
    int driverFeatures(int select) {
        return half(driverFeatures, select);
    }

    void driverFeatures(int select, int bits) {
        lock.lock();
        try {
            if ((status & FEATURES_OK) == 0 && (select == 0 || select == 1)) {
                long mask = 0xFFFF_FFFFL << 32 * select;
                driverFeatures = driverFeatures & ~mask | Integer.toUnsignedLong(bits) << 32 * select;
            }
        } finally {
            lock.unlock();
        }
    }

    // Status (2.1)

    int status() {
        if (draining != null && lock.tryLock()) {
            try {
                finishDraining();
            } finally {
                lock.unlock();
            }
        }
        return status;
    }

    /** The driver writes the status: 0 resets, anything else adds bits, in the order of section 3.1.1. */
    void status(int value) {
        lock.lock();
        try {
            finishDraining();
            int now = status;
            int kept = now & ~NEEDS_RESET;
            if (value == 0) {
                reset();
            } else if (context == null || draining != null || (value & kept) != kept) {
                log.debug(LOG, "{}: driver wrote status 0x{}, which takes bits of 0x{} away; ignored", device.name(),
                        Integer.toHexString(value), Integer.toHexString(now));
            } else {
                advance(value);
            }
        } finally {
            lock.unlock();
        }
    }

    private void advance(int value) {
        // Not in the order of 3.1.1: U-Boot acknowledges, resets, and goes on with DRIVER.
        addStatus(value & (ACKNOWLEDGE | DRIVER | FAILED));
        if ((value & FEATURES_OK) != 0 && (status & DRIVER) != 0 && acceptable(driverFeatures)) {
            addStatus(FEATURES_OK);
        }
        if ((value & DRIVER_OK) != 0 && (status & (FEATURES_OK | DRIVER_OK | NEEDS_RESET | FAILED)) == FEATURES_OK) {
            activate();
        }
    }

    private boolean acceptable(long features) {
        return (features & ~offered()) == 0 && RingFeatures.has(features, RingFeatures.VERSION_1);
    }

    private void addStatus(int bits) {
        synchronized (state) {
            status |= bits;
        }
    }

    private void activate() {
        Session started;
        try {
            started = newSession();
        } catch (RingException e) {
            broken(e.getMessage(), null);
            return;
        }
        if (suspended) {
            started.pause();
            started.rest(0);
        }
        synchronized (state) {
            session = started;
            status |= DRIVER_OK;
        }
        try {
            device.activate(started);
        } catch (RingException e) {
            broken(e.getMessage(), null);
            return;
        } catch (RuntimeException | LinkageError | AssertionError e) {
            if (!handover.stoppedOnTrial(started, e)) {
                broken("it could not be activated: " + e, e);
            }
            return;
        }
        for (int i = 0; i < queues.length; i++) {
            // Buffers may have been made available before DRIVER_OK.
            started.kick(i);
        }
    }

    Session newSession() {
        LiveQueue[] live = new LiveQueue[queues.length];
        for (int i = 0; i < live.length; i++) {
            live[i] = queues[i].ready() ? open(i) : null;
        }
        return new Session(this, device, context, driverFeatures, live);
    }

    private LiveQueue open(int index) {
        return new RingQueue(context.memory(), RingFeatures.ring(context.memory(), queues[index], driverFeatures),
                RingFeatures.has(driverFeatures, RingFeatures.IN_ORDER), () -> interrupts.used(index));
    }

    // Queues (2.6)

    int queueCount() {
        return queues.length;
    }

    int queueMax(int index) {
        return exists(index) ? queues[index].max() : 0;
    }

    boolean queueReady(int index) {
        return exists(index) && queues[index].ready();
    }

    /** What the driver has said about a queue; 0 if there is no such queue. */
    long setting(int index, ToLongFunction<QueueSetup> field) {
        if (!exists(index)) {
            return 0;
        }
        lock.lock();
        try {
            return field.applyAsLong(queues[index]);
        } finally {
            lock.unlock();
        }
    }

    /** Changes the set-up of a queue; ignored if there is no such queue or it is ready. */
    void setUp(int index, Consumer<QueueSetup> change) {
        if (!exists(index)) {
            return;
        }
        lock.lock();
        try {
            change.accept(queues[index]);
        } finally {
            lock.unlock();
        }
    }

    /** Sets the size of a queue; any up to the maximum for packed rings, a power of two for split ones. */
    void queueSize(int index, int size) {
        setUp(index, queue -> {
            if (RingFeatures.has(driverFeatures, RingFeatures.RING_PACKED) || Integer.bitCount(size) == 1) {
                queue.size(size);
            }
        });
    }

    void queueReady(int index, boolean ready) {
        if (!exists(index)) {
            return;
        }
        lock.lock();
        try {
            QueueSetup queue = queues[index];
            if (ready == queue.ready() || context == null) {
                return;
            }
            if (!ready) {
                stop(index);
            } else if ((status & (DRIVER_OK | NEEDS_RESET)) == 0) {
                // Tells whether a ring can be there.
                RingFeatures.ring(context.memory(), queue, driverFeatures);
                queue.ready(true);
            }
        } catch (RingException e) {
            broken("queue " + index + ": " + e.getMessage(), null);
        } finally {
            lock.unlock();
        }
    }

    /** Returns when the queue is out of use. */
    private void stop(int index) {
        Session active = session;
        if (active != null && active.live(index) != null) {
            active.live(index).close();
            // The second wait is for tasks that those awaited first have started.
            if (!active.awaitQuiet(DRAIN_NANOS) || !active.awaitQuiet(DRAIN_NANOS)) {
                return;
            }
        }
        queues[index].ready(false);
    }

    private boolean exists(int index) {
        return index >= 0 && index < queues.length;
    }

    /** The driver's notification. Not before DRIVER_OK, not for a queue that is not there, not when broken. */
    void kick(int queue) {
        Session active = session;
        if (active != null) {
            active.kick(queue);
        }
    }

    // Failure and reset

    /** From a {@link Session}, on any thread; has no effect if it is over. */
    void failed(Session source, String reason, Throwable cause) {
        synchronized (state) {
            if (session != source || (status & NEEDS_RESET) != 0) {
                return;
            }
            latch(reason);
        }
        source.close();
        report(cause);
    }

    /** From a {@link Session}: the device threw. */
    void threw(Session source, Throwable cause) {
        if (!handover.stoppedOnTrial(source, cause)) {
            failed(source, "the device threw " + cause, cause);
        }
    }

    /** A device in use may not access guest memory any more; returns when it does not. */
    void stopAccess(String reason) {
        lock.lock();
        try {
            Session active = session;
            if (active != null) {
                failed(active, reason, null);
                active.awaitQuiet(DRAIN_NANOS);
            }
        } finally {
            lock.unlock();
        }
    }

    /** With the lock: what the driver asks for cannot be done. */
    void broken(String reason, Throwable cause) {
        Session active;
        synchronized (state) {
            active = session;
            latch(reason);
        }
        if (active != null) {
            active.close();
        }
        report(cause);
    }

    /** With {@link #state}. */
    private void latch(String reason) {
        failure = reason;
        status |= NEEDS_RESET;
        if ((status & DRIVER_OK) != 0 && suspended) {
            owesChange = true;
        } else if ((status & DRIVER_OK) != 0) {
            interrupts.configChanged();
        }
    }

    private void report(Throwable cause) {
        log.warn(LOG, "device {} is broken until its driver resets it: {}", device.name(), failure, cause);
    }

    void configChanged(Session source) {
        synchronized (state) {
            if (session == source && (status & NEEDS_RESET) == 0) {
                interrupts.configChanged();
            }
        }
    }

    /** Back to the start: after it no guest memory is written, no buffer used, no interrupt raised. */
    void reset() {
        end(true);
    }

    private void end(boolean ownsPlace) {
        lock.lock();
        try {
            Session ended;
            synchronized (state) {
                ended = session;
                session = null;
            }
            if (ended != null) {
                ended.close();
                deactivate(device);
                if (!ended.awaitQuiet(DRAIN_NANOS)) {
                    draining = ended;
                    log.warn(LOG, "device {} is not reset yet: requests in flight did not end within {} s",
                            device.name(), TimeUnit.NANOSECONDS.toSeconds(DRAIN_NANOS), null);
                }
            }
            for (QueueSetup queue : queues) {
                queue.clear();
            }
            driverFeatures = 0;
            failure = "";
            handover.forget();
            synchronized (state) {
                owesChange = false;
                if (ownsPlace) {
                    interrupts.clear();
                }
                status = draining == null ? 0 : NEEDS_RESET;
            }
        } finally {
            lock.unlock();
        }
    }

    void deactivate(VirtioDevice which) {
        try {
            which.deactivate();
        } catch (RuntimeException | LinkageError | AssertionError e) {
            log.warn(LOG, "device {} could not be deactivated: {}", which.name(), e.toString(), e);
        }
    }

    /** With the lock. */
    void finishDraining() {
        if (draining != null && draining.quiet()) {
            draining = null;
            synchronized (state) {
                status &= ~NEEDS_RESET;
            }
        }
    }

    /** Does something in one step, as others see it. */
    void locked(Runnable action) {
        lock.lock();
        try {
            action.run();
        } finally {
            lock.unlock();
        }
    }

    /** The activation that counts; {@code null} if there is none. */
    Session session() {
        return session;
    }

    /** Of one that is suspended: who stands there from now on, with the same registers. */
    void device(VirtioDevice other) {
        int generation = configGeneration();
        device = other;
        generations = generation - other.config().generation();
    }

    Map<String, String> info() {
        Map<String, String> info = new LinkedHashMap<>();
        int now = status;
        info.put("status", "0x" + Integer.toHexString(now) + words(now));
        if (!failure.isEmpty()) {
            info.put("broken by", failure);
        }
        info.put("features offered", "0x" + Long.toHexString(offered()));
        info.put("features agreed", "0x" + Long.toHexString(driverFeatures));
        Session active = session;
        for (int i = 0; i < queues.length; i++) {
            LiveQueue live = active == null ? null : active.live(i);
            info.put("queue " + i, live != null ? live.describe() : queues[i].ready() ? "ready" : "not in use");
        }
        info.putAll(device.info());
        return info;
    }

    private static String words(int status) {
        StringBuilder words = new StringBuilder();
        String[] names = {"ACKNOWLEDGE", "DRIVER", "DRIVER_OK", "FEATURES_OK", "", "", "NEEDS_RESET", "FAILED"};
        for (int bit = 0; bit < names.length; bit++) {
            words.append((status >>> bit & 1) != 0 ? " " + names[bit] : "");
        }
        return words.toString();
    }
}
