package org.vm.device.virtio.internal;

import java.time.Duration;
import java.util.Dictionary;
import org.vm.api.DeviceException;
import org.vm.api.state.Stateful;
import org.vm.device.virtio.VirtioDevice;

/**
 * A virtio device's place behind its transport. While the device is replaced a {@link StandIn} is in it: registers answer, and
 * requests wait in their rings.
 */
final class TransportPlace {
    private final String name;
    private final Dictionary<String, Object> where;
    private final DeviceControl control;
    private final Runnable unplug;
    /** While the place is kept; {@code null}: it goes with its device. */
    private TransportHold hold;
    /** Who was here before, is still there, and would go on; with the activation that it has. */
    private VirtioDevice predecessor;
    /** Who came to be here, and could not. */
    private VirtioDevice refused;
    private Session activation;
    private boolean vacant;
    private boolean unplugged;

    /**
     * @param name   machine and device
     * @param where  by which a successor is recognized
     * @param unplug takes the transport away
     */
    TransportPlace(String name, Dictionary<String, Object> where, DeviceControl control, Runnable unplug) {
        this.name = name;
        this.where = where;
        this.control = control;
        this.unplug = unplug;
    }

    String name() {
        return name;
    }

    VirtioDevice device() {
        return control.device();
    }

    /** Keeps the place. @throws DeviceException if its device cannot be suspended, or does not give its state; it goes on then */
    synchronized void keep(TransportHold by, Duration limit) {
        control.locked(() -> {
            control.handover().suspend(limit);
            VirtioDevice leaving = control.device();
            try {
                control.device(new StandIn(leaving, control.handover().own()));
            } catch (RuntimeException | LinkageError | AssertionError e) {
                control.handover().resume();
                throw e;
            }
            predecessor = leaving;
            activation = control.session();
        });
        hold = by;
    }

    /** The device goes on; if it has gone nevertheless, so does its place. */
    void callOff() {
        synchronized (this) {
            if (predecessor != null) {
                goOn();
                return;
            }
        }
        giveUp();
    }

    private void goOn() {
        control.locked(() -> {
            VirtioDevice back = predecessor;
            if (control.session() == activation) {
                ((StandIn) control.device()).replay(back.config());
                control.device(back);
            } else {
                // The driver has reset it, and perhaps begun anew.
                endPredecessor();
                control.handover().exchange(back);
            }
            control.handover().resume();
        });
        forget();
    }

    /** Who is suspended here; {@code null}: nobody. */
    synchronized VirtioDevice predecessor() {
        return predecessor;
    }

    /** A device has gone. One that another one has taken this place from has nothing to do with it any more. */
    void leave(VirtioDevice leaving) {
        synchronized (this) {
            if (leaving != predecessor && leaving != refused && leaving != control.device()) {
                return;
            }
            if (hold != null) {
                control.locked(this::endPredecessor);
                vacant = true;
                return;
            }
        }
        unplug();
    }

    private void unplug() {
        synchronized (this) {
            if (unplugged) {
                return;
            }
            unplugged = true;
        }
        // Not with the lock: the guest may have to let go of it first.
        unplug.run();
    }

    private void endPredecessor() {
        if (predecessor != null && activation != null) {
            control.deactivate(predecessor);
        }
        predecessor = null;
        activation = null;
    }

    /**
     * A device of that name has come.
     *
     * @return whether it belongs here, even if it cannot be taken; the hold knows then
     */
    synchronized boolean offer(VirtioDevice device, Dictionary<String, Object> asks) {
        if (hold == null || !vacant) {
            return false;
        }
        vacant = false;
        refused = device;
        if (!asks.equals(where)) {
            hold.refused(this, new DeviceException("it asks for another place, " + asks + " instead of " + where));
            return true;
        }
        try {
            control.handover().exchange(device);
        } catch (DeviceException e) {
            hold.refused(this, e);
            return true;
        }
        refused = null;
        Stateful.Trial trial = hold.trial();
        control.handover().onTrial(trial);
        control.handover().resume();
        hold.filled(this);
        return true;
    }

    /** Whether a successor is here. */
    synchronized boolean filled() {
        return !(control.device() instanceof StandIn);
    }

    /** The successor is to go again. */
    synchronized void retake(Duration limit) {
        if (filled()) {
            keep(hold, limit);
            control.handover().onTrial(null);
        }
    }

    /** The successor is trusted. */
    synchronized void accept() {
        control.handover().onTrial(null);
        forget();
    }

    /** Takes the transport away if nobody is behind it. */
    void giveUp() {
        synchronized (this) {
            if (filled()) {
                return;
            }
            control.locked(this::endPredecessor);
            forget();
        }
        unplug();
    }

    private void forget() {
        hold = null;
        predecessor = null;
        activation = null;
        refused = null;
        vacant = false;
    }
}
