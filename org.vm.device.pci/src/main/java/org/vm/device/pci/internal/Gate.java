package org.vm.device.pci.internal;

import java.util.concurrent.CompletableFuture;
import org.vm.api.device.DeviceContext;
import org.vm.api.state.Stateful;

/**
 * What all accesses of software to a card's functions pass. It is closed while the card's place is kept: then they wait,
 * and a function that comes on trial is watched here. Any thread.
 */
final class Gate {
    private volatile CompletableFuture<Void> closed;
    private volatile Stateful.Trial trial;
    private volatile DeviceContext host;

    /** Where vCPUs can wait. */
    void machine(DeviceContext context) {
        host = context;
    }

    boolean closed() {
        return closed != null;
    }

    /** Waits until the gate is open. @return false: the access is to end without effect */
    boolean pass() {
        for (CompletableFuture<Void> first = closed; first != null; first = closed) {
            if (!host.await(first)) {
                return false;
            }
        }
        return true;
    }

    /** Accesses wait from now on; who is inside already stays there. */
    synchronized void close() {
        if (closed == null) {
            closed = new CompletableFuture<>();
        }
    }

    /** @param watch over functions on trial; {@code null}: they are trusted */
    synchronized void open(Stateful.Trial watch) {
        trial = watch;
        CompletableFuture<Void> waiting = closed;
        closed = null;
        if (waiting != null) {
            waiting.complete(null);
        }
    }

    void trust() {
        trial = null;
    }

    /** A function has failed. @return whether another one will be here: what was to be done is to be done there */
    boolean fault(Throwable cause) {
        Stateful.Trial watch = trial;
        return watch != null && watch.fault(cause);
    }
}
