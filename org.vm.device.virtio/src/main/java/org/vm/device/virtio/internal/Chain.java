package org.vm.device.virtio.internal;

import java.util.Arrays;
import org.vm.api.DeviceException;
import org.vm.api.memory.GuestMemory;
import org.vm.api.state.DeviceState;
import org.vm.device.virtio.Buffers;
import org.vm.device.virtio.DescriptorChain;

/** A chain of any ring format; belongs to its queue and is used again and again. Of two the one that was taken earlier comes first. */
final class Chain implements DescriptorChain, Comparable<Chain> {
    private static final String KIND = "org.vm.device.virtio.chain";
    private static final long MAX_BYTES = 0xFFFF_FFFFL;

    private final GuestMemory memory;
    private final Buffers readable;
    private final Buffers writable;
    /** Address and length of each buffer, as the driver wrote them. */
    private long[] copied = new long[8];
    private boolean wellFormed;
    /** The driver's name for the chain: for a split ring the number of its first descriptor. */
    int id;
    /** Entries of the ring that it takes: in a packed one its descriptors. */
    int span;
    /** Bytes that the device has written, when it has given the chain back. */
    long written;
    /** Whether the device has it at present; guarded by the queue. */
    boolean taken;
    /** Chains are taken in the order of these. */
    long turn;

    Chain(GuestMemory memory) {
        this.memory = memory;
        readable = new Buffers(memory.segment());
        writable = new Buffers(memory.segment());
    }

    void start(int newId) {
        id = newId;
        span = 1;
        readable.clear();
        writable.clear();
        wellFormed = true;
    }

    /** @throws RingException if a readable buffer follows a writable one */
    void add(long address, long length, boolean forDevice) {
        if (!forDevice && writable.count() > 0) {
            throw new RingException("a readable buffer after a writable one in chain " + id);
        }
        int at = 2 * (readable.count() + writable.count());
        if (at == copied.length) {
            copied = Arrays.copyOf(copied, 2 * at);
        }
        copied[at] = address;
        copied[at + 1] = length;
        long offset = length == 0 ? -1 : memory.writableOffset(address, length);
        (forDevice ? writable : readable).add(offset, length);
        wellFormed &= offset >= 0 && readable.size() + writable.size() <= MAX_BYTES;
    }

    /** The descriptors as they were copied: those in the ring may be others by now. */
    DeviceState capture() {
        int buffers = readable.count() + writable.count();
        return DeviceState.of(KIND, 1).number("id", id).number("span", span)
                .flag("done", !taken).number("written", taken ? 0 : written)
                .number("readable", readable.count()).bytes("buffers", Fields.of(Arrays.copyOf(copied, 2 * buffers))).build();
    }

    /** @param most buffers that a chain can have */
    void restore(DeviceState state, int most) {
        start((int) state.number("id", 0) & 0xFFFF);
        span = (int) Math.clamp(state.number("span", 1), 1, most);
        taken = !state.flag("done", false);
        long[] buffers = Fields.read(state.bytes("buffers", new byte[0]));
        long readables = state.number("readable", 0);
        if (buffers.length / 2 > most) {
            throw new DeviceException("chain " + id + " has " + buffers.length / 2 + " buffers; at most " + most + " are possible");
        }
        for (int i = 0; i + 1 < buffers.length; i += 2) {
            add(buffers[i], buffers[i + 1] & 0xFFFF_FFFFL, i / 2 >= readables);
        }
        written = taken ? 0 : Math.clamp(state.number("written", 0), 0, writable.size());
    }

    @Override
    public Buffers readable() {
        return readable;
    }

    @Override
    public Buffers writable() {
        return writable;
    }

    @Override
    public boolean wellFormed() {
        return wellFormed;
    }

    @Override
    public int compareTo(Chain other) {
        return Long.compare(turn, other.turn);
    }
}
