package org.vm.machine.internal;

import org.vm.api.irq.InterruptLine;

/**
 * The wire from devices to one interrupt source. It outlives controllers: whichever is there gets the level. Several devices
 * may share it; it is up while one of them raises it.
 */
final class Wire {
    private InterruptLine target;
    private int raised;

    /** The end of the wire for one more device. */
    Input input() {
        return new Input();
    }

    /** Connects it to a controller's input, or to nothing ({@code null}). */
    synchronized void connect(InterruptLine next) {
        if (target != null && raised > 0) {
            target.lower();
        }
        target = next;
        if (target != null) {
            target.set(raised > 0);
        }
    }

    private synchronized void change(int by) {
        raised += by;
        if (target != null) {
            target.set(raised > 0);
        }
    }

    final class Input implements InterruptLine {
        private boolean level;

        @Override
        public void set(boolean next) {
            synchronized (Wire.this) {
                if (level != next) {
                    level = next;
                    change(next ? 1 : -1);
                }
            }
        }
    }
}
