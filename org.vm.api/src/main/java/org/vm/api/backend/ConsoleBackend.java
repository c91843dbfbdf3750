package org.vm.api.backend;

import java.nio.ByteBuffer;

/** A terminal behind a serial port or console. One device at a time is connected to it. */
public interface ConsoleBackend {
    String description();

    /** Connects a device; what was typed before is delivered now. @throws org.vm.api.DeviceException if one is connected */
    void connect(Listener listener);

    void disconnect(Listener listener);

    /** Takes what was typed, as much as fits; never blocks. @return bytes taken */
    int read(ByteBuffer into);

    /** Accepts all bytes of {@code from}; never blocks: what the terminal cannot take yet is kept within a bound, the oldest dropped. */
    void write(ByteBuffer from);

    int columns();

    int rows();

    interface Listener {
        /** There is something to {@link ConsoleBackend#read}. Any thread; must not block. */
        void inputAvailable();

        /** The terminal's size changed. */
        void resized(int columns, int rows);
    }
}
