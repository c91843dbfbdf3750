package org.vm.device.virtio.internal;

import java.util.Map;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceTreeContributor;
import org.vm.api.device.DeviceTreeNode;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.device.Resettable;
import org.vm.api.irq.InterruptLine;
import org.vm.api.state.DeviceState;
import org.vm.device.virtio.VirtioDevice;

/**
 * Virtio over MMIO, version 2 (VirtIO 1.2, section 4.2). Registers are 32 bits wide and aligned; the configuration space
 * behind them takes any width.
 *
 * <p>A write of 0 to Status returns when the requests in flight have ended, as the specification wants it to look.
 */
public final class MmioTransport implements VirtioTransport, MmioDevice, DeviceTreeContributor, Resettable {
    static final int MAGIC_VALUE = 0x000; // R, "virt"
    static final int VERSION = 0x004; // R
    static final int DEVICE_ID = 0x008; // R
    static final int VENDOR_ID = 0x00c; // R
    static final int DEVICE_FEATURES = 0x010; // R
    static final int DEVICE_FEATURES_SEL = 0x014; // W
    static final int DRIVER_FEATURES = 0x020; // W
    static final int DRIVER_FEATURES_SEL = 0x024; // W
    static final int QUEUE_SEL = 0x030; // W
    static final int QUEUE_NUM_MAX = 0x034; // R
    static final int QUEUE_NUM = 0x038; // W
    static final int QUEUE_READY = 0x044; // RW
    static final int QUEUE_NOTIFY = 0x050; // W
    static final int INTERRUPT_STATUS = 0x060; // R
    static final int INTERRUPT_ACK = 0x064; // W
    static final int STATUS = 0x070; // RW
    static final int QUEUE_DESC_LOW = 0x080; // W
    static final int QUEUE_DESC_HIGH = 0x084; // W
    static final int QUEUE_DRIVER_LOW = 0x090; // W
    static final int QUEUE_DRIVER_HIGH = 0x094; // W
    static final int QUEUE_DEVICE_LOW = 0x0a0; // W
    static final int QUEUE_DEVICE_HIGH = 0x0a4; // W
    static final int SHM_LEN_LOW = 0x0b0; // R
    static final int SHM_BASE_HIGH = 0x0bc; // R
    static final int CONFIG_GENERATION = 0x0fc; // R
    static final int CONFIG = 0x100; // RW

    private static final int MAGIC = 0x74726976;
    private static final int VENDOR = 0x4d4d56; // "VMM"
    private static final int USED_BUFFER = 1;
    private static final int CONFIGURATION = 2;

    private static final String KIND = "org.vm.device.virtio.mmio";

    private final DeviceControl control;
    private final InterruptState interrupts = new InterruptState();
    private volatile int deviceFeaturesSel;
    private volatile int driverFeaturesSel;
    private volatile int queueSel;

    public MmioTransport(VirtioDevice device) {
        this.control = new DeviceControl(device, interrupts);
    }

    /** InterruptStatus and the level of the line, which must not part. */
    private static final class InterruptState implements DeviceControl.Interrupts {
        private InterruptLine line = level -> {};
        private volatile int status;

        synchronized void connect(InterruptLine to) {
            line = to;
        }

        @Override
        public void used(int queue) {
            add(USED_BUFFER);
        }

        @Override
        public void configChanged() {
            add(CONFIGURATION);
        }

        private synchronized void add(int bit) {
            status |= bit;
            line.raise();
        }

        @Override
        public void clear() {
            acknowledge(-1);
        }

        synchronized int status() {
            return status;
        }

        synchronized void restore(int bits) {
            status |= bits;
            line.set(status != 0);
        }

        synchronized void acknowledge(int bits) {
            status &= ~bits;
            if (status == 0) {
                line.lower();
            }
        }
    }

    @Override
    public String name() {
        return control.device().name();
    }

    @Override
    public DeviceType type() {
        return control.device().type();
    }

    @Override
    public DeviceStatus status() {
        return control.deviceStatus();
    }

    @Override
    public Map<String, String> info() {
        return control.info();
    }

    @Override
    public long size() {
        return 0x1000;
    }

    @Override
    public void attach(DeviceContext context) {
        interrupts.connect(context.interrupt());
        control.attach(context);
    }

    @Override
    public void detach() {
        control.detach();
    }

    @Override
    public void reset() {
        control.reset();
        deviceFeaturesSel = 0;
        driverFeaturesSel = 0;
        queueSel = 0;
    }

    @Override
    public DeviceControl control() {
        return control;
    }

    @Override
    public DeviceState capture() {
        return DeviceState.of(KIND, 1).number("deviceFeaturesSel", deviceFeaturesSel).number("driverFeaturesSel", driverFeaturesSel)
                .number("queueSel", queueSel).number("interruptStatus", interrupts.status()).state("control", control.handover().capture())
                .build();
    }

    @Override
    public void restore(DeviceState state) {
        restore(state, KIND);
        deviceFeaturesSel = (int) state.number("deviceFeaturesSel", 0);
        driverFeaturesSel = (int) state.number("driverFeaturesSel", 0);
        queueSel = (int) state.number("queueSel", 0);
        interrupts.restore((int) state.number("interruptStatus", 0) & (USED_BUFFER | CONFIGURATION));
    }

    @Override
    public String nodeName() {
        return "virtio_mmio";
    }

    @Override
    public void describe(DeviceTreeNode node) {
        node.text("compatible", "virtio,mmio").flag("dma-coherent");
    }

    @Override
    public long read(long offset, int width) {
        if (offset >= CONFIG) {
            return control.config().get(offset - CONFIG, width);
        }
        return width == 4 && offset >= 0 ? Integer.toUnsignedLong(register((int) offset)) : 0;
    }

    private int register(int offset) {
        return switch (offset) {
            case MAGIC_VALUE -> MAGIC;
            case VERSION -> 2;
            case DEVICE_ID -> control.device().deviceId();
            case VENDOR_ID -> VENDOR;
            case DEVICE_FEATURES -> control.deviceFeatures(deviceFeaturesSel);
            case QUEUE_NUM_MAX -> control.queueMax(queueSel);
            case QUEUE_READY -> control.queueReady(queueSel) ? 1 : 0;
            case INTERRUPT_STATUS -> interrupts.status;
            case STATUS -> control.status();
            // No shared memory regions: length and base read as -1.
            case SHM_LEN_LOW, SHM_LEN_LOW + 4, SHM_BASE_HIGH - 4, SHM_BASE_HIGH -> -1;
            case CONFIG_GENERATION -> control.configGeneration();
            default -> 0;
        };
    }

    @Override
    public void write(long offset, int width, long value) {
        if (offset >= CONFIG) {
            control.config().write(offset - CONFIG, width, value);
        } else if (width == 4 && offset >= 0) {
            register((int) offset, (int) value);
        }
    }

    private void register(int offset, int value) {
        switch (offset) {
            case DEVICE_FEATURES_SEL -> deviceFeaturesSel = value;
            case DRIVER_FEATURES_SEL -> driverFeaturesSel = value;
            case DRIVER_FEATURES -> control.driverFeatures(driverFeaturesSel, value);
            case QUEUE_SEL -> queueSel = value;
            case QUEUE_NUM -> control.queueSize(queueSel, value);
            case QUEUE_READY -> control.queueReady(queueSel, (value & 1) != 0);
            case QUEUE_NOTIFY -> control.kick(value);
            case INTERRUPT_ACK -> interrupts.acknowledge(value & (USED_BUFFER | CONFIGURATION));
            case STATUS -> control.status(value);
            case QUEUE_DESC_LOW -> control.setUp(queueSel, queue -> queue.descriptors(0, value));
            case QUEUE_DESC_HIGH -> control.setUp(queueSel, queue -> queue.descriptors(1, value));
            case QUEUE_DRIVER_LOW -> control.setUp(queueSel, queue -> queue.driverArea(0, value));
            case QUEUE_DRIVER_HIGH -> control.setUp(queueSel, queue -> queue.driverArea(1, value));
            case QUEUE_DEVICE_LOW -> control.setUp(queueSel, queue -> queue.deviceArea(0, value));
            case QUEUE_DEVICE_HIGH -> control.setUp(queueSel, queue -> queue.deviceArea(1, value));
            default -> { }
        }
    }
}
