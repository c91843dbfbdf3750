package org.vm.device.riscv.internal;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import org.vm.api.backend.ConsoleBackend;

/** A terminal that a test types on and reads from. */
final class FakeConsole implements ConsoleBackend {
    final StringBuilder printed = new StringBuilder();
    final ArrayDeque<Byte> typed = new ArrayDeque<>();
    Listener listener;

    void type(String text) {
        for (byte b : text.getBytes(StandardCharsets.ISO_8859_1)) {
            typed.add(b);
        }
        listener.inputAvailable();
    }

    @Override
    public String description() {
        return "test console";
    }

    @Override
    public void connect(Listener given) {
        listener = given;
    }

    @Override
    public void disconnect(Listener given) {
        listener = null;
    }

    @Override
    public int read(ByteBuffer into) {
        int count = 0;
        while (into.hasRemaining() && !typed.isEmpty()) {
            into.put(typed.remove());
            count++;
        }
        return count;
    }

    @Override
    public void write(ByteBuffer from) {
        while (from.hasRemaining()) {
            printed.append((char) (from.get() & 0xFF));
        }
    }

    @Override
    public int columns() {
        return 80;
    }

    @Override
    public int rows() {
        return 24;
    }
}
