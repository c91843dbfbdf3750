package org.vm.device.virtio.internal;

import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.ConfigurationException;
import org.vm.api.backend.BlockBackend;
import org.vm.api.device.DeviceType;
import org.vm.api.state.DeviceState;
import org.vm.api.state.Stateful;
import org.vm.api.time.MachineClock;
import org.vm.device.virtio.Activation;
import org.vm.device.virtio.ConfigSpace;
import org.vm.device.virtio.DescriptorChain;
import org.vm.device.virtio.VirtioDevice;
import org.vm.device.virtio.Virtqueue;

/**
 * Block device (VirtIO 1.2, section 5.2). Requests run on workers, several at once, straight between guest RAM and the
 * backend.
 */
public final class Blk implements VirtioDevice, Stateful {
    /**
     * @param blockSize logical block size that the guest is told, a power of two from 512 to 4096
     * @param serial    what GET_ID answers, 20 characters at most
     * @param queues    number of request queues
     * @param inFlight  most requests worked on at a time
     */
    public record Settings(int blockSize, String serial, int queues, int inFlight) {
        public static final Settings DEFAULT = new Settings(512, "", 1, 32);

        public Settings {
            if (Integer.bitCount(blockSize) != 1 || blockSize < 512 || blockSize > PHYSICAL_BLOCK) {
                throw new ConfigurationException("block size " + blockSize + " must be 512, 1024, 2048 or 4096");
            }
            if (queues < 1 || queues > 16 || inFlight < 1 || inFlight > 1024) {
                throw new ConfigurationException("a block device has 1 to 16 queues and 1 to 1024 requests in flight, not "
                        + queues + " and " + inFlight);
            }
        }
    }

    // Feature bits (5.2.3)
    static final int SEG_MAX = 2;
    static final int GEOMETRY = 4;
    static final int RO = 5;
    static final int BLK_SIZE = 6;
    static final int FLUSH = 9;
    static final int TOPOLOGY = 10;
    static final int CONFIG_WCE = 11;
    static final int MQ = 12;
    static final int DISCARD = 13;
    static final int WRITE_ZEROES = 14;

    // struct virtio_blk_config (5.2.4)
    private static final int CAPACITY = 0; // le64
    private static final int CONFIG_SEG_MAX = 12; // le32
    private static final int CYLINDERS = 16; // le16, then u8 heads, u8 sectors
    private static final int CONFIG_BLK_SIZE = 20; // le32
    private static final int PHYSICAL_BLOCK_EXP = 24; // u8, then u8 alignment_offset
    private static final int MIN_IO_SIZE = 26; // le16, then le32 opt_io_size
    private static final int WRITEBACK = 32; // u8, RW
    private static final int NUM_QUEUES = 34; // le16
    private static final int MAX_DISCARD_SECTORS = 36; // le32, then le32 max_discard_seg
    private static final int DISCARD_SECTOR_ALIGNMENT = 44; // le32
    private static final int MAX_WRITE_ZEROES_SECTORS = 48; // le32, then le32 max_write_zeroes_seg
    private static final int WRITE_ZEROES_MAY_UNMAP = 56; // u8
    private static final int CONFIG_SIZE = 60;

    private static final String KIND = "org.vm.device.virtio.blk";
    private static final int QUEUE_SIZE = 256;
    private static final int PHYSICAL_BLOCK = 4096;
    private static final int MAX_RANGES = 16;
    private static final int DISCARD_SECTORS = 1 << 22;
    private static final int ZERO_SECTORS = 1 << 16;
    private static final long SIZE_CHECK_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final Logger LOG = LoggerFactory.getLogger(Blk.class);

    private final String name;
    private final BlockBackend backend;
    private final Settings settings;
    private final BlkExecutor executor;
    private final ConfigSpace config = new ConfigSpace(CONFIG_SIZE);
    private final LogLimit log = new LogLimit();
    private final LongAdder requests = new LongAdder();
    private final LongAdder errors = new LongAdder();
    private volatile BlkRequest.Limits limits;
    private volatile Run run;

    /**
     * What lives from activation to reset.
     *
     * @param starved whether a queue was left with requests in it because there was no room
     */
    private record Run(Activation activation, Semaphore room, AtomicBoolean starved, MachineClock.Timer sizeCheck) {
        boolean tryEnter() {
            if (room.tryAcquire()) {
                return true;
            }
            starved.set(true);
            return room.tryAcquire();
        }

        void leave(int queues) {
            room.release();
            if (starved.getAndSet(false)) {
                for (int i = 0; i < queues; i++) {
                    activation.kick(i);
                }
            }
        }
    }

    public Blk(String name, BlockBackend backend, Settings settings) {
        this.name = name;
        this.backend = backend;
        this.settings = settings;
        this.executor = new BlkExecutor(backend, settings.serial.isEmpty() ? name : settings.serial);
        config.set(CONFIG_SEG_MAX, 4, QUEUE_SIZE - 2)
                .set(CYLINDERS + 2, 1, 16).set(CYLINDERS + 3, 1, 63)
                .set(CONFIG_BLK_SIZE, 4, settings.blockSize)
                .set(PHYSICAL_BLOCK_EXP, 1, Integer.numberOfTrailingZeros(PHYSICAL_BLOCK / settings.blockSize))
                .set(MIN_IO_SIZE, 2, PHYSICAL_BLOCK / settings.blockSize)
                .set(WRITEBACK, 1, 1).writable(WRITEBACK, 1, value -> { })
                .set(NUM_QUEUES, 2, settings.queues)
                .set(MAX_DISCARD_SECTORS, 4, DISCARD_SECTORS).set(MAX_DISCARD_SECTORS + 4, 4, MAX_RANGES)
                .set(DISCARD_SECTOR_ALIGNMENT, 4, settings.blockSize / BlkRequest.SECTOR)
                .set(MAX_WRITE_ZEROES_SECTORS, 4, ZERO_SECTORS).set(MAX_WRITE_ZEROES_SECTORS + 4, 4, MAX_RANGES)
                .set(WRITE_ZEROES_MAY_UNMAP, 1, 1);
        measure(features());
    }

    /** Takes over the backend's size. @return whether it has changed */
    private synchronized boolean measure(long negotiated) {
        long sectors = backend.size() / settings.blockSize * (settings.blockSize / BlkRequest.SECTOR);
        boolean trim = RingFeatures.has(negotiated, DISCARD) || RingFeatures.has(negotiated, WRITE_ZEROES);
        boolean changed = limits == null || limits.sectors() != sectors;
        limits = new BlkRequest.Limits(sectors, backend.readOnly(), trim, MAX_RANGES, DISCARD_SECTORS, ZERO_SECTORS);
        if (changed) {
            config.set(CAPACITY, 8, sectors).set(CYLINDERS, 2, Math.min(sectors / (16 * 63), 0xFFFF));
        }
        return changed;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceType type() {
        return DeviceType.BLOCK;
    }

    @Override
    public int deviceId() {
        return 2;
    }

    @Override
    public long features() {
        long features = 1L << SEG_MAX | 1L << GEOMETRY | 1L << BLK_SIZE | 1L << FLUSH | 1L << TOPOLOGY
                | 1L << CONFIG_WCE | (settings.queues > 1 ? 1L << MQ : 0);
        return features | (backend.readOnly() ? 1L << RO : 1L << DISCARD | 1L << WRITE_ZEROES);
    }

    @Override
    public int[] queueSizes() {
        int[] sizes = new int[settings.queues];
        Arrays.fill(sizes, QUEUE_SIZE);
        return sizes;
    }

    @Override
    public ConfigSpace config() {
        return config;
    }

    @Override
    public void activate(Activation activation) {
        // 5.2.5: without a way to say so, a driver that cannot flush must be able to rely on written data.
        config.set(WRITEBACK, 1, activation.has(FLUSH) ? 1 : 0);
        MachineClock.Timer timer = activation.clock().timer(() -> activation.execute(this::lookAgain));
        run = new Run(activation, new Semaphore(settings.inFlight), new AtomicBoolean(), timer);
        // The driver may have read the capacity long before it was ready.
        storageChanged();
        timer.arm(activation.clock().nanos() + SIZE_CHECK_NANOS);
    }

    @Override
    public void deactivate() {
        run.sizeCheck.cancel();
        config.set(WRITEBACK, 1, 1);
    }

    @Override
    public DeviceState capture() {
        return DeviceState.of(KIND, 1).flag("writeBack", config.get(WRITEBACK, 1) != 0)
                .number("requests", requests.sum()).number("errors", errors.sum()).build();
    }

    /** The capacity is not taken over: if it is another one now, the driver is told. */
    @Override
    public void restore(DeviceState state) {
        Fields.require(state, KIND, name);
        config.set(WRITEBACK, 1, state.flag("writeBack", config.get(WRITEBACK, 1) != 0) ? 1 : 0);
        requests.add(Math.max(0, state.number("requests", 0)));
        errors.add(Math.max(0, state.number("errors", 0)));
    }

    private void lookAgain() {
        storageChanged();
        Run now = run;
        now.sizeCheck.arm(now.activation.clock().nanos() + SIZE_CHECK_NANOS);
    }

    /** The storage may have another size. What nobody says is seen a little later. */
    public void storageChanged() {
        Run now = run;
        if (measure(now == null ? features() : now.activation.features()) && now != null) {
            now.activation.configChanged();
        }
    }

    @Override
    public void notify(int queue) {
        Run now = run;
        Virtqueue requests = now.activation.queue(queue);
        while (now.tryEnter()) {
            DescriptorChain chain = requests.poll();
            if (chain == null) {
                now.room.release();
                return;
            }
            now.activation.execute(() -> {
                try {
                    serve(now.activation, requests, chain);
                } finally {
                    now.leave(settings.queues);
                }
            });
        }
    }

    private void serve(Activation activation, Virtqueue queue, DescriptorChain chain) {
        requests.increment();
        long last = chain.writable().size() - 1;
        if (last < 0) {
            errors.increment();
            queue.complete(chain, 0);
            return;
        }
        if (!chain.writable().inRam(last)) {
            activation.fail("the status byte of a request is not in RAM");
            return;
        }
        BlkExecutor.Outcome outcome = attempt(chain);
        if (outcome.status() != BlkRequest.S_OK) {
            errors.increment();
        }
        chain.writable().seek(last).put8(outcome.status());
        queue.complete(chain, outcome.written() + 1);
    }

    private BlkExecutor.Outcome attempt(DescriptorChain chain) {
        try {
            return executor.execute(BlkRequest.parse(chain, limits), config.get(WRITEBACK, 1) == 0);
        } catch (IOException | RuntimeException e) {
            log.warn(LOG, "block device {}: {} failed: {}", name, backend.description(), e.toString(), e);
            return new BlkExecutor.Outcome(BlkRequest.S_IOERR, 0);
        }
    }

    @Override
    public Map<String, String> info() {
        Map<String, String> info = new LinkedHashMap<>();
        info.put("backend", backend.description());
        info.put("capacity", limits.sectors() + " sectors of 512 bytes" + (backend.readOnly() ? ", read-only" : ""));
        info.put("block size", Integer.toString(settings.blockSize));
        info.put("cache", config.get(WRITEBACK, 1) == 0 ? "write-through" : "write-back");
        info.put("requests", requests + ", " + errors + " failed");
        return info;
    }
}
