package org.vm.machine.internal;

import java.util.HashMap;
import java.util.Map;
import org.vm.api.irq.InterruptController;
import org.vm.api.irq.InterruptLine;

/** The wires of a machine by interrupt source, and the controller that they lead to at present. */
final class Wires {
    private final Map<Integer, Wire> wires = new HashMap<>();
    private InterruptController controller;

    /** The end of a source's wire for one more device; without effect for source 0. */
    synchronized InterruptLine input(int source) {
        return source <= 0 ? level -> { } : wires.computeIfAbsent(source, this::wire).input();
    }

    /** Leads all wires to another controller, or to none ({@code null}). */
    synchronized void connect(InterruptController next) {
        controller = next;
        wires.forEach((source, wire) -> wire.connect(target(source)));
    }

    private Wire wire(int source) {
        Wire wire = new Wire();
        wire.connect(target(source));
        return wire;
    }

    private InterruptLine target(int source) {
        return controller == null || source > controller.sources() ? null : controller.line(source);
    }
}
