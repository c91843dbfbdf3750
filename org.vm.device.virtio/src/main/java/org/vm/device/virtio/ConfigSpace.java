package org.vm.device.virtio;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * A device's configuration space (VirtIO 1.2, section 2.5): little-endian fields at the offsets of the specification's
 * struct. Readers never see half a change, and the generation tells them whether two reads belong together. Any thread.
 */
public final class ConfigSpace {
    /** For devices without one. */
    public static final ConfigSpace NONE = new ConfigSpace(0);

    /** Hears of a field that the driver has written. */
    @FunctionalInterface
    public interface WriteListener {
        void written(int offset, int width, long value);
    }

    private record Contents(byte[] bytes, int generation) {}

    private record Writable(int offset, int width, LongConsumer listener) {}

    private volatile Contents contents;
    private volatile List<Writable> writable = List.of();

    public ConfigSpace(int size) {
        contents = new Contents(new byte[size], 0);
    }

    public int size() {
        return contents.bytes.length;
    }

    /** Changes with every {@link #set}. */
    public int generation() {
        return contents.generation;
    }

    /** Sets a field of {@code width} bytes (1, 2, 4 or 8). */
    public synchronized ConfigSpace set(int offset, int width, long value) {
        byte[] bytes = contents.bytes.clone();
        for (int i = 0; i < width; i++) {
            bytes[offset + i] = (byte) (value >>> 8 * i);
        }
        contents = new Contents(bytes, contents.generation + 1);
        return this;
    }

    /**
     * Lets the driver write a field, whole. The listener runs on a vCPU thread and must not block; the field has its new
     * value then.
     */
    public synchronized ConfigSpace writable(int offset, int width, LongConsumer listener) {
        List<Writable> fields = new ArrayList<>(writable);
        fields.add(new Writable(offset, width, listener));
        writable = List.copyOf(fields);
        return this;
    }

    /** All of it. */
    public byte[] bytes() {
        return contents.bytes.clone();
    }

    /** A copy that stands in for this one: what the driver writes is in the copy only, and goes to the listener. */
    public synchronized ConfigSpace standIn(WriteListener listener) {
        ConfigSpace copy = new ConfigSpace(0);
        copy.contents = contents;
        copy.writable = writable.stream().map(field -> new Writable(field.offset, field.width,
                value -> listener.written(field.offset, field.width, value))).toList();
        return copy;
    }

    /** A field of {@code width} bytes; 0 if it is not wholly inside. */
    public long get(long offset, int width) {
        byte[] bytes = contents.bytes;
        if (offset < 0 || offset > bytes.length - width) {
            return 0;
        }
        long value = 0;
        for (int i = width - 1; i >= 0; i--) {
            value = value << 8 | bytes[(int) offset + i] & 0xFF;
        }
        return value;
    }

    /** What the driver writes; ignored unless it is a writable field. */
    public void write(long offset, int width, long value) {
        List<Writable> fields = writable;
        for (int i = 0; i < fields.size(); i++) {
            Writable field = fields.get(i);
            if (field.offset == offset && field.width == width) {
                set(field.offset, width, value);
                field.listener.accept(value);
            }
        }
    }
}
