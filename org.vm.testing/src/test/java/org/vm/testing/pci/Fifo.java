package org.vm.testing.pci;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.vm.api.device.DmaPort;

/** A FIFO that takes a few bytes at a time, when it is told that it may. */
final class Fifo implements DmaPort {
    private final ByteArrayOutputStream taken = new ByteArrayOutputStream();
    private int room;
    private Runnable waiting;
    RuntimeException failure;

    @Override
    public synchronized int take(MemorySegment data) {
        if (failure != null) {
            throw failure;
        }
        int length = (int) Math.min(room, data.byteSize());
        taken.writeBytes(data.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
        room -= length;
        return length;
    }

    @Override
    public synchronized void whenRoom(Runnable action) {
        waiting = action;
        call();
    }

    synchronized void makeRoom(int bytes) {
        room += bytes;
        call();
    }

    private void call() {
        if (room > 0 && waiting != null) {
            Runnable action = waiting;
            waiting = null;
            action.run();
        }
    }

    synchronized byte[] bytes() {
        return taken.toByteArray();
    }
}
