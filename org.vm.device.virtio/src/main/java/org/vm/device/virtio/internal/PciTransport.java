package org.vm.device.virtio.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.pci.BusMaster;
import org.vm.api.pci.PciBar;
import org.vm.api.pci.PciContext;
import org.vm.api.pci.PciDescription;
import org.vm.api.pci.PciFunction;
import org.vm.api.pci.PciRegisters;
import org.vm.api.state.DeviceState;
import org.vm.device.virtio.VirtioDevice;

/**
 * Virtio over PCI, without the legacy interface (VirtIO 1.2, section 4.1). What MMIO has in one page is in four parts of a
 * BAR here, to which capabilities point; a fifth is a window to them in configuration space.
 */
public final class PciTransport implements VirtioTransport, PciFunction, BusMaster {
    /** The number of the BAR, and where in it each part begins. */
    static final int BAR = 4;
    static final int COMMON = 0x0000;
    static final int ISR = 0x1000;
    static final int DEVICE = 0x2000;
    static final int NOTIFY = 0x3000;
    private static final int PART = 0x1000;
    private static final int NOTIFY_OFF_MULTIPLIER = 4;

    private static final int VENDOR = 0x1af4;
    private static final int FIRST_DEVICE = 0x1040;
    private static final int REVISION = 1;
    /** What public virtual machines say; 0x40 or more, which keeps legacy drivers away (4.1.2.1). */
    private static final int SUBSYSTEM = 0x1100;
    private static final int VENDOR_SPECIFIC = 0x09;

    // struct virtio_pci_cap, cfg_type (4.1.4)
    private static final int COMMON_CFG = 1;
    private static final int NOTIFY_CFG = 2;
    private static final int ISR_CFG = 3;
    private static final int DEVICE_CFG = 4;

    private static final String KIND = "org.vm.device.virtio.pci";

    private final PciVectors vectors;
    private final DeviceControl control;
    private final PciCommonConfig common;
    private final Parts parts = new Parts();
    private final PciConfigWindow window = new PciConfigWindow(BAR, parts);

    public PciTransport(VirtioDevice device) {
        vectors = new PciVectors(device.queueSizes().length);
        control = new DeviceControl(device, vectors);
        common = new PciCommonConfig(control, vectors);
    }

    @Override
    public PciDescription description() {
        VirtioDevice device = control.device();
        PciDescription described = PciDescription.of(VENDOR, FIRST_DEVICE + device.deviceId(), classCode(device.type()))
                .revision(REVISION).subsystem(VENDOR, SUBSYSTEM).bar(BAR, PciBar.Kind.MEMORY_64, parts)
                .msix(vectors.count())
                .capability(VENDOR_SPECIFIC, capability(COMMON_CFG, COMMON, PciCommonConfig.SIZE))
                .capability(VENDOR_SPECIFIC, capability(ISR_CFG, ISR, 1))
                .capability(VENDOR_SPECIFIC, notifyCapability())
                .capability(VENDOR_SPECIFIC, window);
        return device.config().size() == 0 ? described
                : described.capability(VENDOR_SPECIFIC, capability(DEVICE_CFG, DEVICE, device.config().size()));
    }

    /** Class codes by which people and some firmware recognize a device; drivers do not look at them. */
    private static int classCode(DeviceType type) {
        return switch (type) {
            case BLOCK -> 0x010000;
            case NETWORK -> 0x020000;
            case GPU -> 0x038000;
            case AUDIO -> 0x040100;
            case SERIAL -> 0x078000;
            case INPUT -> 0x098000;
            default -> 0x00ff00;
        };
    }

    /** What follows the next pointer: cap_len, cfg_type, bar, id, padding[2], le32 offset, le32 length. */
    private static PciRegisters capability(int type, int offset, int length) {
        return PciRegisters.constant(ByteBuffer.allocate(14).order(ByteOrder.LITTLE_ENDIAN).put((byte) 16).put((byte) type)
                .put((byte) BAR).put((byte) 0).putShort((short) 0).putInt(offset).putInt(length).array());
    }

    private PciRegisters notifyCapability() {
        int length = NOTIFY_OFF_MULTIPLIER * Math.max(1, control.queueCount());
        return PciRegisters.constant(ByteBuffer.allocate(18).order(ByteOrder.LITTLE_ENDIAN).put((byte) 20)
                .put((byte) NOTIFY_CFG).put((byte) BAR).put((byte) 0).putShort((short) 0).putInt(NOTIFY).putInt(length)
                .putInt(NOTIFY_OFF_MULTIPLIER).array());
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
    public void attach(PciContext context) {
        vectors.connect(context);
        control.attach(context);
    }

    @Override
    public void detach() {
        control.detach();
    }

    @Override
    public void reset() {
        control.reset();
        common.reset();
    }

    @Override
    public DeviceControl control() {
        return control;
    }

    @Override
    public DeviceState capture() {
        DeviceState.Builder captured = DeviceState.of(KIND, 1);
        common.capture(captured);
        vectors.capture(captured);
        window.capture(captured);
        return captured.state("control", control.handover().capture()).build();
    }

    @Override
    public void restore(DeviceState state) {
        restore(state, KIND);
        common.restore(state);
        window.restore(state);
        vectors.restore(state);
    }

    @Override
    public void stopBusMaster() {
        control.stopAccess("its driver has switched bus mastering off");
    }

    /** The parts in their BAR. */
    private final class Parts implements PciRegisters {
        @Override
        public long size() {
            return NOTIFY + PART;
        }

        @Override
        public long read(long offset, int width) {
            int within = (int) offset & PART - 1;
            return switch ((int) offset & -PART) {
                case COMMON -> common.read(within, width);
                case ISR -> within == 0 && width == 1 ? vectors.takeIsr() : 0;
                case DEVICE -> control.config().get(within, width);
                default -> 0;
            };
        }

        /** Linux resets a device that was pulled, and waits for its status to read 0 as long as it takes (4.1.4.3.2). */
        @Override
        public long gone(int width) {
            return 0;
        }

        @Override
        public void write(long offset, int width, long value) {
            int within = (int) offset & PART - 1;
            switch ((int) offset & -PART) {
                case COMMON -> common.write(within, width, (int) value);
                case DEVICE -> control.config().write(within, width, value);
                case NOTIFY -> {
                    // Each queue has an address of its own, so what is written there does not matter.
                    if (width != 8 && within % NOTIFY_OFF_MULTIPLIER == 0) {
                        control.kick(within / NOTIFY_OFF_MULTIPLIER);
                    }
                }
                default -> { }
            }
        }
    }
}
