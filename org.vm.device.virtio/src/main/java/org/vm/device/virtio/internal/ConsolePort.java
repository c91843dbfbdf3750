package org.vm.device.virtio.internal;

import java.util.EnumSet;
import java.util.Set;
import org.vm.api.backend.ConsoleBackend;
import org.vm.device.virtio.DescriptorChain;

/** A port of a {@link Console}. Fields are guarded by the console's port table, but for those of one worker. */
final class ConsolePort {
    /** Control messages, in the order in which a port's are sent (VirtIO 1.2, section 5.3.6.2). */
    enum Event {
        DEVICE_REMOVE(2), DEVICE_ADD(1), CONSOLE_PORT(4), PORT_NAME(7), PORT_OPEN(6), RESIZE(5);

        final int number;

        Event(int number) {
            this.number = number;
        }
    }

    final int id;
    final String name;
    final ConsoleBackend backend;
    final ConsoleBackend.Listener listener;
    /** What the driver has still to be told; bounded, however often it asks. */
    final Set<Event> owed = EnumSet.noneOf(Event.class);
    /** The driver has made its side of the port. */
    boolean ready;
    /** A program in the guest has the port open. */
    volatile boolean open;
    volatile boolean removed;
    /** A buffer that waits for input; the receive queue's worker's own. */
    DescriptorChain waiting;

    ConsolePort(int id, String name, ConsoleBackend backend, ConsoleBackend.Listener listener) {
        this.id = id;
        this.name = name;
        this.backend = backend;
        this.listener = listener;
    }

    /** Port 0 is the console (hvc0); the others are byte streams (/dev/virtio-ports/NAME). */
    boolean isConsole() {
        return id == 0;
    }

    void forgetDriver(boolean nowOpen) {
        owed.clear();
        ready = false;
        open = nowOpen;
        waiting = null;
    }
}
