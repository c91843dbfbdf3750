package org.vm.testing.virtio;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.MmioDevice;
import org.vm.device.virtio.VirtioDevice;

/**
 * A driver in Java: brings a device up as VirtIO 1.2, section 3.1, says, owns its rings and buffers in guest RAM, and
 * waits for used buffers by interrupt.
 */
public final class FakeDriver implements AutoCloseable {
    public static final int ACKNOWLEDGE = 1;
    public static final int DRIVER = 2;
    public static final int DRIVER_OK = 4;
    public static final int FEATURES_OK = 8;
    public static final int NEEDS_RESET = 64;

    public static final long INDIRECT_DESC = 1L << 28;
    public static final long EVENT_IDX = 1L << 29;
    public static final long VERSION_1 = 1L << 32;
    public static final long RING_PACKED = 1L << 34;
    public static final long IN_ORDER = 1L << 35;

    /** How long to wait for what should happen at once. */
    public static final Duration SOON = Duration.ofSeconds(20);

    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final long RAM_BYTES = 4 << 20;

    private final PlainMemory memory;
    private final FakeBoard board;
    private final Connection connection;
    private final DriverTransport transport;
    private final List<DriverQueue> queues = new ArrayList<>();
    private final long unknown;
    private long features;
    private long nextFree = PlainMemory.RAM;

    /** Plugs a device into a board of its own. */
    public FakeDriver(Wiring wiring, VirtioDevice device) {
        this(wiring, device, RAM_BYTES);
    }

    public FakeDriver(Wiring wiring, VirtioDevice device, long ramBytes) {
        this(ramBytes, wiring.unknown(), board -> Connection.of(wiring, device, board));
    }

    /** Attaches a device that is behind its transport already. */
    public FakeDriver(MmioDevice device) {
        this(RAM_BYTES, Wiring.MMIO.unknown(), board -> new Connection.Mmio(device, board));
    }

    /** A device that is connected in a way of its own. */
    FakeDriver(Wiring wiring, Function<FakeBoard, Connection> connect) {
        this(RAM_BYTES, wiring.unknown(), connect);
    }

    private FakeDriver(long ramBytes, long unknown, Function<FakeBoard, Connection> connect) {
        this.unknown = unknown;
        memory = new PlainMemory(ramBytes);
        board = new FakeBoard(memory);
        connection = connect.apply(board);
        connection.plug();
        transport = connection.transport();
    }

    public DriverTransport transport() {
        return transport;
    }

    /** What the device says of itself. */
    public DeviceStatus deviceStatus() {
        return connection.status();
    }

    /** Takes the device away. */
    public void unplug() {
        connection.unplug();
    }

    /** Puts it back. */
    public void plug() {
        connection.plug();
    }

    public PlainMemory memory() {
        return memory;
    }

    public FakeBoard board() {
        return board;
    }

    /** Resets the device, agrees on all features but {@code without}, and enables all queues at 16 entries at most. */
    public FakeDriver start(long without) {
        return start(without, 16);
    }

    public FakeDriver start(long without, int queueSize) {
        prepare(without, queueSize);
        transport.status(ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
        return this;
    }

    /** All of {@link #start} but DRIVER_OK. */
    public void prepare(long without, int queueSize) {
        transport.status(0);
        queues.clear();
        transport.status(ACKNOWLEDGE);
        transport.status(ACKNOWLEDGE | DRIVER);
        features = transport.deviceFeatures() & ~unknown & ~without;
        transport.driverFeatures(features);
        transport.status(ACKNOWLEDGE | DRIVER | FEATURES_OK);
        if ((transport.status() & FEATURES_OK) == 0) {
            throw new IllegalStateException("the device refuses features 0x" + Long.toHexString(features));
        }
        for (int i = 0; transport.queueMax(i) != 0; i++) {
            int size = Math.min(queueSize, transport.queueMax(i));
            boolean eventIdx = (features & EVENT_IDX) != 0;
            DriverQueue queue = (features & RING_PACKED) != 0 ? new PackedDriverQueue(this, i, size, eventIdx)
                    : new SplitDriverQueue(this, i, size, eventIdx);
            queues.add(queue);
            queue.enable(transport);
        }
    }

    public DriverQueue queue(int index) {
        return queues.get(index);
    }

    /** A queue with a split ring. */
    public SplitDriverQueue split(int index) {
        return (SplitDriverQueue) queues.get(index);
    }

    /** A queue with a packed ring. */
    public PackedDriverQueue packed(int index) {
        return (PackedDriverQueue) queues.get(index);
    }

    /** What driver and device have agreed on. */
    public long features() {
        return features;
    }

    public boolean needsReset() {
        return (transport.status() & NEEDS_RESET) != 0;
    }

    /** Waits until the device has latched itself broken. */
    public boolean awaitNeedsReset() {
        return board.await(this::needsReset, SOON);
    }

    /** Kicks, and waits for the next used chain. */
    public DriverQueue.Used complete(DriverQueue queue) {
        queue.kick();
        return await(queue);
    }

    /** Waits for the next used chain; acknowledges interrupts. */
    public DriverQueue.Used await(DriverQueue queue) {
        if (!board.await(queue::hasUsed, SOON)) {
            throw new AssertionError("nothing used in queue " + queue.index() + " within " + SOON.toSeconds()
                    + " s; status 0x" + Integer.toHexString(transport.status()));
        }
        transport.takeInterrupts();
        return queue.poll();
    }

    /** Zeroed guest RAM, 16-byte aligned. */
    public long allocate(long bytes) {
        long at = nextFree;
        nextFree += bytes + 15 & ~15L;
        memory.slice(at, bytes).fill((byte) 0);
        return at;
    }

    /** Guest RAM that holds these bytes. */
    public long place(byte[] bytes) {
        long at = allocate(bytes.length);
        put(at, bytes);
        return at;
    }

    public void put(long address, byte[] bytes) {
        MemorySegment.copy(bytes, 0, at(address, bytes.length), ValueLayout.JAVA_BYTE, 0, bytes.length);
    }

    public byte[] get(long address, int length) {
        return at(address, length).toArray(ValueLayout.JAVA_BYTE);
    }

    public void put8(long address, int value) {
        at(address, 1).set(ValueLayout.JAVA_BYTE, 0, (byte) value);
    }

    public void put16(long address, int value) {
        at(address, 2).set(U16, 0, (short) value);
    }

    public void put32(long address, int value) {
        at(address, 4).set(U32, 0, value);
    }

    public void put64(long address, long value) {
        at(address, 8).set(U64, 0, value);
    }

    public int get8(long address) {
        return at(address, 1).get(ValueLayout.JAVA_BYTE, 0) & 0xFF;
    }

    public int get16(long address) {
        return at(address, 2).get(U16, 0) & 0xFFFF;
    }

    public int get32(long address) {
        return at(address, 4).get(U32, 0);
    }

    private MemorySegment at(long address, long length) {
        MemorySegment slice = memory.slice(address, length);
        if (slice == null) {
            throw new IllegalArgumentException("0x" + Long.toHexString(address) + " is not in guest RAM");
        }
        return slice;
    }

    /** Takes the device away. */
    @Override
    public void close() {
        connection.unplug();
        board.awaitQuiet(SOON);
        memory.close();
    }
}
