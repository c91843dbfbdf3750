package org.vm.machine.internal;

import org.vm.api.irq.InterruptController;
import org.vm.api.irq.InterruptLine;

/** A controller that shows the levels of its lines. */
final class FakeController extends FakeDevice implements InterruptController {
    final boolean[] levels = new boolean[128];

    FakeController(String name) {
        super(name, 0x1000);
    }

    @Override
    public int sources() {
        return levels.length - 1;
    }

    @Override
    public InterruptLine line(int source) {
        return level -> levels[source] = level;
    }

    @Override
    public Source source(int source) {
        return new Source(source, levels[source], false, false, true, 1, 0);
    }
}
