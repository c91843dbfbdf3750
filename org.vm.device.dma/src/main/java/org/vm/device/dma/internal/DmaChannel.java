package org.vm.device.dma.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.vm.api.device.DmaPort;
import org.vm.api.memory.BufferPool;
import org.vm.api.memory.GuestMemory;
import org.vm.api.memory.ScatterGatherList;
import org.vm.api.state.DeviceState;

/**
 * One channel of a {@link DmaEngine}: its registers, and the transfer that goes on. A transfer moves slice by slice under
 * the channel's lock, so that whoever stops or resets the channel knows that nothing is written after that.
 */
final class DmaChannel {
    private static final String KIND = "org.vm.device.dma.channel";
    static final int SOURCE = 0x00; // RW 8
    static final int TARGET = 0x08; // RW 8
    static final int LENGTH = 0x10; // RW 8
    static final int CONTROL = 0x18; // RW 4
    static final int STATUS = 0x1c; // R 4, DONE and ERROR W1C
    static final int COUNT = 0x20; // R 8
    static final int ROUNDS = 0x28; // R 4

    // Control
    static final int START = 1;
    static final int STOP = 1 << 1;
    static final int INTERRUPT = 1 << 2;
    static final int RELOAD = 1 << 3;
    static final int TO_DEVICE = 1 << 4;
    static final int LIST = 1 << 5;

    // Status
    static final int BUSY = 1;
    static final int DONE = 1 << 1;
    static final int ERROR = 1 << 2;

    private static final int KEPT = INTERRUPT | RELOAD | TO_DEVICE | LIST;
    static final long SLICE = 64 << 10;
    /** Ranges of a list: le64 address, le64 length. */
    private static final int MOST_RANGES = 1024;
    private static final int RANGE = 16;
    private static final ValueLayout.OfLong LE64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final DmaEngine engine;
    private final int number;
    private long source;
    private long target;
    private long length;
    private int control;
    private int status;
    private int rounds;
    /** The transfer that goes on: what the registers said when it began. */
    private long from;
    private long to;
    private long size;
    private long done;
    private boolean toDevice;
    private boolean listed;
    /** Where its data is: addresses and lengths; {@code null}: not looked at yet. */
    private long[] ranges;
    private ScatterGatherList data;
    private boolean suspended;
    /** The transfer began at another instance, and its port may come after this one. */
    private boolean inherited;
    /** Tells transfers apart, so that a worker of one that was stopped does not touch the next. */
    private int transfer;
    /** What a port has thrown, for people who look. */
    private String failure = "";
    private volatile boolean interrupting;

    DmaChannel(DmaEngine engine, int number) {
        this.engine = engine;
        this.number = number;
    }

    /** Whether it wants an interrupt. */
    boolean interrupting() {
        return interrupting;
    }

    synchronized void reset() {
        transfer++;
        source = 0;
        target = 0;
        length = 0;
        control = 0;
        status = 0;
        rounds = 0;
        done = 0;
        ranges = null;
        data = null;
        interrupting = false;
    }

    /** When this returns no slice is being moved. */
    synchronized void suspend() {
        suspended = true;
    }

    synchronized DeviceState capture() {
        DeviceState.Builder state = DeviceState.of(KIND, 1).number("SOURCE", source).number("TARGET", target)
                .number("LENGTH", length).number("CONTROL", control).number("STATUS", status).number("COUNT", done)
                .number("ROUNDS", rounds).number("from", from).number("to", to).number("size", size)
                .flag("to-device", toDevice).flag("listed", listed);
        if (ranges != null) {
            ByteBuffer bytes = ByteBuffer.allocate(ranges.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asLongBuffer().put(ranges);
            state.bytes("ranges", bytes.array());
        }
        return state.build();
    }

    synchronized void restore(DeviceState state) {
        source = state.number("SOURCE", 0);
        target = state.number("TARGET", 0);
        length = state.number("LENGTH", 0);
        control = (int) state.number("CONTROL", 0) & KEPT;
        status = (int) state.number("STATUS", 0) & (BUSY | DONE | ERROR);
        rounds = (int) state.number("ROUNDS", 0);
        from = state.number("from", 0);
        to = state.number("to", 0);
        size = state.number("size", 0);
        done = Math.max(0, state.number("COUNT", 0));
        toDevice = state.flag("to-device", false);
        listed = state.flag("listed", false);
        ranges(state.bytes("ranges", new byte[0]));
        inherited = true;
    }

    private void ranges(byte[] bytes) {
        data = null;
        ranges = null;
        if (bytes.length > 0 && bytes.length % RANGE == 0 && bytes.length <= MOST_RANGES * RANGE) {
            ranges = new long[bytes.length / Long.BYTES];
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(ranges);
        }
    }

    /** What was going on goes on. */
    synchronized void resume() {
        suspended = false;
        interrupting = (control & INTERRUPT) != 0 && (status & (DONE | ERROR)) != 0;
        proceed();
    }

    /** Has a transfer go on that may wait for something that is there now. */
    synchronized void proceed() {
        if ((status & BUSY) != 0 && !suspended) {
            int which = transfer;
            engine.execute(() -> work(which));
        }
    }

    synchronized int read(int register) {
        return switch (register) {
            case SOURCE -> (int) source;
            case SOURCE + 4 -> (int) (source >>> 32);
            case TARGET -> (int) target;
            case TARGET + 4 -> (int) (target >>> 32);
            case LENGTH -> (int) length;
            case LENGTH + 4 -> (int) (length >>> 32);
            case CONTROL -> control;
            case STATUS -> status;
            case COUNT -> (int) done;
            case COUNT + 4 -> (int) (done >>> 32);
            case ROUNDS -> rounds;
            default -> 0;
        };
    }

    synchronized void write(int register, int value) {
        switch (register) {
            case SOURCE -> source = low(source, value);
            case SOURCE + 4 -> source = high(source, value);
            case TARGET -> target = low(target, value);
            case TARGET + 4 -> target = high(target, value);
            case LENGTH -> length = low(length, value);
            case LENGTH + 4 -> length = high(length, value);
            case CONTROL -> control(value);
            case STATUS -> acknowledge(value);
            default -> { }
        }
    }

    private static long low(long old, int value) {
        return old & 0xffff_ffff_0000_0000L | Integer.toUnsignedLong(value);
    }

    private static long high(long old, int value) {
        return old & 0xffff_ffffL | (long) value << 32;
    }

    private void control(int value) {
        control = value & KEPT;
        if ((value & STOP) != 0) {
            transfer++;
            status &= ~BUSY;
        } else if ((value & START) != 0 && (status & BUSY) == 0) {
            start();
        }
        signal();
    }

    private void acknowledge(int value) {
        boolean again = (value & status & DONE) != 0 && (control & RELOAD) != 0 && (status & BUSY) == 0;
        status &= ~(value & (DONE | ERROR));
        if (again) {
            // The next round waits for software to have seen the last one, so that it can never run away.
            start();
        }
        signal();
    }

    private void start() {
        from = source;
        to = target;
        size = length;
        toDevice = (control & TO_DEVICE) != 0;
        listed = (control & LIST) != 0;
        inherited = false;
        ranges = null;
        data = null;
        done = 0;
        status = status & ~(DONE | ERROR) | BUSY;
        int begun = ++transfer;
        engine.execute(() -> work(begun));
    }

    private void work(int which) {
        while (slice(which)) {
            // Between slices others get the lock.
        }
    }

    /** Moves one slice. @return whether to go on */
    private synchronized boolean slice(int which) {
        if (which != transfer || (status & BUSY) == 0 || suspended) {
            return false;
        }
        if (data == null && (!collect(engine.memory()) || done > size)) {
            return end(ERROR);
        }
        long step = Math.min(SLICE, size - done);
        long moved = toDevice ? feed(step, which) : store(step);
        if (moved < 0) {
            return end(ERROR);
        }
        done += moved;
        return moved > 0 && (done < size || end(DONE));
    }

    /** Looks where the data is, once: what the guest changes in a list after that has no effect. @return whether all of it is RAM */
    private boolean collect(GuestMemory memory) {
        if (ranges == null) {
            ranges = listed ? list(memory) : new long[] {from, size};
        }
        data = new ScatterGatherList(memory);
        for (int i = 0; i < ranges.length; i += 2) {
            if (!data.add(ranges[i], ranges[i + 1])) {
                return false;
            }
        }
        size = data.size();
        return size > 0;
    }

    private long[] list(GuestMemory memory) {
        MemorySegment table = size < 1 || size > MOST_RANGES ? null : memory.slice(from, size * RANGE);
        long[] list = new long[table == null ? 0 : (int) size * 2];
        for (int i = 0; i < list.length; i++) {
            list[i] = table.get(LE64, (long) i * Long.BYTES);
        }
        return list;
    }

    /** @return bytes that went to memory; -1: the target is not RAM */
    private long store(long step) {
        MemorySegment target = engine.memory().slice(to + done, step);
        return target == null ? -1 : data.copyTo(done, target);
    }

    /** @return bytes that went to a device; 0: it has no room and will call; -1: there is no such device */
    private long feed(long step, int which) {
        DmaPort port = engine.port(to);
        if (port == null) {
            return inherited ? 0 : -1;
        }
        try {
            long taken = Math.clamp(give(port, data.segments(done, step), step), 0, step);
            if (taken == 0) {
                port.whenRoom(() -> engine.execute(() -> work(which)));
            }
            return taken;
        } catch (RuntimeException e) {
            failure = e.toString();
            return -1;
        }
    }

    /** A port takes what is in one piece in place; what is in several is gathered for it. */
    private int give(DmaPort port, List<MemorySegment> pieces, long step) {
        if (pieces.size() == 1) {
            return port.take(pieces.getFirst());
        }
        try (BufferPool.Loan loan = engine.buffers().lend()) {
            if (loan == null) {
                return port.take(pieces.getFirst());
            }
            MemorySegment whole = loan.buffer().asSlice(0, step);
            data.copyTo(done, whole);
            return port.take(whole);
        }
    }

    private boolean end(int how) {
        status = status & ~BUSY | how;
        ranges = null;
        data = null;
        rounds += how == DONE ? 1 : 0;
        boolean before = interrupting;
        signal();
        if (interrupting && !before) {
            engine.send(number);
        }
        return false;
    }

    private void signal() {
        interrupting = (control & INTERRUPT) != 0 && (status & (DONE | ERROR)) != 0;
        engine.changed();
    }

    synchronized String describe() {
        return (status & BUSY) != 0 ? "%d of %d bytes from 0x%x to %s".formatted(done, size, from,
                toDevice ? "port " + to : "0x" + Long.toHexString(to)) : (status & ERROR) != 0 ? "ended with an error " + failure
                : rounds + " transfers done";
    }
}
