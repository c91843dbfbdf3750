package org.vm.device.virtio.internal;

import static org.vm.device.virtio.internal.DeviceControl.DRIVER_OK;
import static org.vm.device.virtio.internal.DeviceControl.FEATURES_OK;
import static org.vm.device.virtio.internal.DeviceControl.NEEDS_RESET;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.DeviceException;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;
import org.vm.device.virtio.VirtioDevice;

/**
 * What a {@link DeviceControl} gives to its successor, and takes from its predecessor; in between, a device and its rings are
 * at rest. Works on the control's own fields, under its locks.
 */
final class Handover {
    private static final String KIND = "org.vm.device.virtio";
    private static final Logger LOG = LoggerFactory.getLogger(Handover.class);

    private final DeviceControl control;
    private volatile Stateful.Trial trial;
    /** Why a device on trial has stopped. */
    private volatile Throwable stopped;
    /** The own state that a device on trial has taken over. */
    private DeviceState taken;

    Handover(DeviceControl control) {
        this.control = control;
    }

    /** The device is attached nowhere any more. */
    void end() {
        onTrial(null);
        stopped = null;
    }

    /** The driver has reset the device. */
    void forget() {
        stopped = null;
    }

    /** Whether a device on trial goes again because of a fault: until then it does nothing, and keeps what it has taken. */
    boolean stoppedOnTrial(Session source, Throwable cause) {
        Stateful.Trial watching = trial;
        if (watching == null || control.session != source || (control.status & NEEDS_RESET) != 0) {
            return false;
        }
        source.pause();
        if (!watching.fault(cause)) {
            return false;
        }
        stopped = cause;
        return true;
    }

    void onTrial(Stateful.Trial watching) {
        trial = watching;
        if (watching == null) {
            taken = null;
        }
    }

    /** As {@link Stateful#suspend}; one on trial does not fail: what does not end in time is given up, and handed over. */
    void suspend(Duration limit) {
        control.lock.lock();
        try {
            long deadline = System.nanoTime() + limit.toNanos();
            Session active = control.session;
            if (active != null) {
                active.pause();
            }
            try {
                if (control.device instanceof Stateful stateful) {
                    stateful.suspend(limit);
                }
                settle(active, deadline);
            } catch (RuntimeException | LinkageError | AssertionError e) {
                if (trial == null) {
                    goOn();
                    throw e instanceof DeviceException known ? known
                            : new DeviceException("device '" + control.device.name() + "' cannot be suspended: " + e, e);
                }
                control.log.warn(LOG, "device {}, which is to go again, does not end what it has begun: {}", control.device.name(),
                        e.toString(), e);
                if (active != null) {
                    active.abandon();
                }
            }
            control.suspended = true;
        } finally {
            control.lock.unlock();
        }
    }

    private void settle(Session active, long deadline) {
        Session old = control.draining;
        if (old != null && !old.awaitQuiet(deadline - System.nanoTime())
                || active != null && !active.rest(deadline - System.nanoTime())) {
            throw new DeviceException("device '" + control.device.name() + "' has requests in flight that did not end in time");
        }
        control.finishDraining();
    }

    /** What was suspended, or has been restored, goes on. */
    void resume() {
        control.lock.lock();
        try {
            synchronized (control.state) {
                control.suspended = false;
                if (control.owesChange) {
                    control.owesChange = false;
                    control.interrupts.configChanged();
                }
            }
            goOn();
        } finally {
            control.lock.unlock();
        }
    }

    private void goOn() {
        Session active = control.session;
        Throwable cause = stopped;
        stopped = null;
        if (active != null && cause != null) {
            // Nobody has come in its place after all.
            control.failed(active, "the device threw " + cause, cause);
            return;
        }
        try {
            if (control.device instanceof Stateful stateful) {
                stateful.resume();
            }
        } catch (RuntimeException | LinkageError | AssertionError e) {
            if (active != null) {
                control.threw(active, e);
            }
            return;
        }
        if (active != null) {
            active.wake();
        }
    }

    DeviceState capture() {
        control.lock.lock();
        try {
            DeviceState.Builder captured = DeviceState.of(KIND, 1).number("deviceId", control.device.deviceId())
                    .number("status", control.status).number("features", control.driverFeatures).text("failure", control.failure)
                    .number("generation", control.configGeneration()).bytes("config", control.config().bytes());
            List<DeviceState> setups = new ArrayList<>();
            for (int i = 0; i < control.queues.length; i++) {
                LiveQueue live = control.session == null || (control.status & NEEDS_RESET) != 0 ? null : control.session.live(i);
                DeviceState.Builder queue = control.queues[i].capture();
                setups.add((live == null || live.closed() ? queue : queue.state("ring", live.capture())).build());
            }
            DeviceState own = own();
            captured.states("queues", setups);
            return (own == null ? captured : captured.state("device", own)).build();
        } finally {
            control.lock.unlock();
        }
    }

    /** The device's own state; {@code null} if it has none. */
    DeviceState own() {
        try {
            return control.device instanceof StandIn standIn ? standIn.own()
                    : control.device instanceof Stateful stateful ? stateful.capture() : null;
        } catch (RuntimeException | LinkageError | AssertionError e) {
            if (trial == null) {
                throw new DeviceException("device '" + control.device.name() + "' does not give its state: " + e, e);
            }
            // What it has answered is in its rings; of all else the latest that is known has to do.
            control.log.warn(LOG, "device {}, which is to go again, does not give its state: {}", control.device.name(),
                    e.toString(), e);
            return taken;
        }
    }

    /** As {@link Stateful#restore}. */
    void restore(DeviceState from) {
        restore(from, null);
    }

    /** @param before kept what the driver wrote into the configuration; {@code null}: nothing */
    private void restore(DeviceState from, StandIn before) {
        control.lock.lock();
        try {
            control.suspended = true;
            stopped = null;
            if (!from.kind().equals(KIND)) {
                throw new DeviceException("the state of '" + from.kind() + "' is not that of a virtio device");
            }
            takeOver(from, before);
        } catch (DeviceException e) {
            throw new DeviceException("device '" + control.device.name() + "' cannot take over: " + e.getMessage(), e);
        } catch (RuntimeException | LinkageError | AssertionError e) {
            throw new DeviceException("device '" + control.device.name() + "' cannot take over, it threw " + e, e);
        } finally {
            control.lock.unlock();
        }
    }

    private void takeOver(DeviceState from, StandIn before) {
        long features = from.number("features", 0);
        int was = (int) from.number("status", 0) & 0xFF;
        long id = from.number("deviceId", control.device.deviceId());
        if (id != control.device.deviceId()) {
            throw new DeviceException("its predecessor has device ID " + id + ", it has " + control.device.deviceId());
        }
        if ((was & (DRIVER_OK | FEATURES_OK)) == DRIVER_OK) {
            throw new DeviceException("no driver gets to status 0x" + Integer.toHexString(was));
        }
        if ((was & FEATURES_OK) != 0 && (features & ~control.offered()) != 0) {
            throw new DeviceException("it does not offer features that its driver uses: 0x"
                    + Long.toHexString(features & ~control.offered()));
        }
        List<DeviceState> setups = from.states("queues");
        for (int i = 0; i < setups.size(); i++) {
            if (i < control.queues.length) {
                control.queues[i].restore(setups.get(i));
            } else if (setups.get(i).flag("ready", false)) {
                throw new DeviceException("its driver uses queue " + i + ", and it has " + control.queues.length);
            }
        }
        control.driverFeatures = features;
        control.failure = from.text("failure", "");
        synchronized (control.state) {
            control.status = was;
        }
        if ((was & (DRIVER_OK | FEATURES_OK | NEEDS_RESET)) == (DRIVER_OK | FEATURES_OK)) {
            takeOverQueues(setups);
        }
        Optional<DeviceState> own = from.state("device");
        taken = own.orElse(null);
        if (own.isPresent() && control.device instanceof Stateful stateful) {
            stateful.restore(own.get());
        }
        if (before != null) {
            before.replay(control.config());
        }
        int generation = (int) from.number("generation", 0);
        byte[] config = control.config().bytes();
        boolean changed = !Arrays.equals(config, from.bytes("config", config));
        control.generations = generation + (changed ? 1 : 0) - control.config().generation();
        Session active = control.session;
        if (changed && active != null) {
            active.configChanged();
        }
    }

    private void takeOverQueues(List<DeviceState> setups) {
        Session next;
        try {
            next = control.newSession();
        } catch (RingException e) {
            control.broken(e.getMessage(), null);
            return;
        }
        next.pause();
        next.rest(0);
        for (int i = 0; i < Math.min(control.queues.length, setups.size()); i++) {
            Optional<DeviceState> ring = setups.get(i).state("ring");
            if (next.live(i) != null && ring.isPresent()) {
                next.live(i).restore(ring.get());
            }
        }
        synchronized (control.state) {
            control.session = next;
        }
        control.device.activate(next);
    }

    /**
     * Puts a device where a {@link StandIn} is; still suspended.
     *
     * @throws DeviceException if it cannot take over; then nothing has changed
     */
    void exchange(VirtioDevice successor) {
        control.lock.lock();
        StandIn before = (StandIn) control.device;
        QueueSetup[] setups = control.queues;
        Session held = control.session;
        int oldStatus = control.status;
        int oldGenerations = control.generations;
        String oldFailure = control.failure;
        try {
            DeviceState now = capture();
            control.device = successor;
            control.queues = DeviceControl.setups(successor);
            control.session = null;
            restore(now, before);
            if (held != null) {
                held.close();
            }
        } catch (RuntimeException | LinkageError | AssertionError e) {
            if (control.session != null && control.session != held) {
                control.session.close();
                control.deactivate(successor);
            }
            control.device = before;
            control.queues = setups;
            control.failure = oldFailure;
            control.generations = oldGenerations;
            synchronized (control.state) {
                control.session = held;
                control.status = oldStatus;
            }
            throw e instanceof DeviceException known ? known : new DeviceException("it threw " + e, e);
        } finally {
            control.lock.unlock();
        }
    }
}
