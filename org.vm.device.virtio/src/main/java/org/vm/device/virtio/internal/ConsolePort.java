package org.vm.device.virtio.internal;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.vm.api.backend.AttachableConsole;
import org.vm.api.backend.ConsoleBackend;
import org.vm.api.backend.PortBackend;
import org.vm.api.state.DeviceState;
import org.vm.device.virtio.Buffers;
import org.vm.device.virtio.DescriptorChain;
import org.vm.device.virtio.Virtqueue;

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

    private static final String KIND = "org.vm.device.virtio.console.port";
    /** Behind a port that has gone while the driver was not told yet. */
    private static final ConsoleBackend NOBODY = new ConsoleBackend() {
        @Override
        public String description() {
            return "gone";
        }

        @Override
        public void connect(Listener listener) {
            // Nothing comes from here.
        }

        @Override
        public void disconnect(Listener listener) {
            // It never was connected.
        }

        @Override
        public int read(ByteBuffer into) {
            return 0;
        }

        @Override
        public void write(ByteBuffer from) {
            from.position(from.limit());
        }

        @Override
        public int columns() {
            return 0;
        }

        @Override
        public int rows() {
            return 0;
        }
    };

    static final int CONTROL_SIZE = 8;
    /** Most bytes moved for one chain of buffers, however large they are. */
    private static final long CAP = 1 << 20;

    /** Another one if a predecessor's had another; written under the port table's lock. */
    volatile int id;
    final String name;
    volatile ConsoleBackend backend;
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

    ConsolePort(int id, String name, ConsoleBackend backend, Function<ConsolePort, ConsoleBackend.Listener> listener) {
        this.id = id;
        this.name = name;
        this.backend = backend;
        this.listener = listener.apply(this);
    }

    /**
     * Who takes over a port that a predecessor had: the one of the same name, which leaves the list; if there is none, what is
     * left to say of it.
     *
     * @return {@code null} if nothing is
     */
    static ConsolePort successor(int id, DeviceState known, List<ConsolePort> others, boolean driverReady) {
        String name = known.text("name", "");
        boolean here = !known.flag("removed", false);
        for (ConsolePort port : others) {
            if (here && port.name.equals(name)) {
                others.remove(port);
                port.id = id;
                port.restore(known);
                return port;
            }
        }
        ConsolePort gone = new ConsolePort(id, name, NOBODY, port -> null);
        gone.restore(known);
        boolean unheardOf = !driverReady || gone.owed.contains(Event.DEVICE_ADD);
        gone.owed.clear();
        gone.owed.add(Event.DEVICE_REMOVE);
        gone.open = false;
        gone.removed = true;
        return unheardOf ? null : gone;
    }

    DeviceState capture() {
        long events = 0;
        for (Event event : owed) {
            events |= 1L << event.number;
        }
        return DeviceState.of(KIND, 1).number("id", id).text("name", name).flag("ready", ready).flag("open", open)
                .flag("removed", removed).number("owed", events).build();
    }

    void restore(DeviceState state) {
        ready = state.flag("ready", ready);
        open = state.flag("open", open);
        long events = state.number("owed", 0);
        for (Event event : Event.values()) {
            if ((events >>> event.number & 1) != 0) {
                owed.add(event);
            }
        }
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

    /** Without the port table's lock. */
    void tellOpen() {
        if (backend instanceof PortBackend port) {
            port.opened(open);
        }
    }

    /** Terminal to guest, on the receive queue's worker. */
    void input(Virtqueue queue) {
        while (open) {
            if (waiting == null) {
                waiting = queue.poll();
            }
            if (waiting == null) {
                return;
            }
            Buffers into = waiting.writable().seek(0);
            long read = fill(into);
            if (read == 0 && into.size() > 0) {
                return;
            }
            queue.complete(waiting, read);
            waiting = null;
        }
    }

    private long fill(Buffers into) {
        long total = 0;
        for (MemorySegment slice : into.slices(Math.min(into.size(), CAP))) {
            int read = read(slice.asByteBuffer());
            total += read;
            if (read < slice.byteSize()) {
                break;
            }
        }
        return total;
    }

    private synchronized int read(ByteBuffer into) {
        return backend.read(into);
    }

    /**
     * From now on another one is behind the port. It gets what was typed and not read, as much as it has room for, and before
     * that nobody reads it.
     *
     * @return the one before
     */
    synchronized ConsoleBackend exchange(ConsoleBackend next) {
        ConsoleBackend before = backend;
        if (next instanceof AttachableConsole keyboard) {
            ByteBuffer typed = ByteBuffer.allocate(256);
            while (before.read(typed.clear()) > 0 && keyboard.type(typed.flip()) > 0) {
                // The next ones.
            }
        }
        backend = next;
        return before;
    }

    /** Guest to terminal, on the transmit queue's worker; what goes to a port that is not there ({@code null}) is lost. */
    static void output(Virtqueue queue, ConsolePort port) {
        for (DescriptorChain chain = queue.poll(); chain != null; chain = queue.poll()) {
            Buffers from = chain.readable();
            for (MemorySegment slice : from.slices(Math.min(from.size(), CAP))) {
                if (port != null && !port.removed) {
                    port.backend.write(slice.asByteBuffer());
                }
            }
            queue.stage(chain, 0);
        }
        queue.publish();
    }

    /**
     * A control message about this port.
     *
     * <pre>
     * struct virtio_console_control { le32 id; le16 event; le16 value; };
     * struct virtio_console_resize  { le16 cols; le16 rows; };
     * </pre>
     */
    byte[] message(Event event, int columns, int rows) {
        byte[] text = event == Event.PORT_NAME ? name.getBytes(StandardCharsets.UTF_8) : new byte[0];
        int size = CONTROL_SIZE + (event == Event.RESIZE ? 4 : text.length);
        ByteBuffer message = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(id).putShort((short) event.number).putShort((short) 1);
        if (event == Event.RESIZE) {
            message.putShort((short) columns).putShort((short) rows);
        }
        return message.put(text).array();
    }
}
