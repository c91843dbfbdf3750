package org.vm.device.virtio.internal;

import org.vm.api.state.DeviceState;

/**
 * Common configuration of virtio over PCI (VirtIO 1.2, section 4.1.4.3). Each field is accessed at its own width; 64-bit
 * ones in two halves.
 */
final class PciCommonConfig {
    static final int DEVICE_FEATURE_SELECT = 0x00; // RW 4
    static final int DEVICE_FEATURE = 0x04; // R 4
    static final int DRIVER_FEATURE_SELECT = 0x08; // RW 4
    static final int DRIVER_FEATURE = 0x0c; // RW 4
    static final int CONFIG_MSIX_VECTOR = 0x10; // RW 2
    static final int NUM_QUEUES = 0x12; // R 2
    static final int DEVICE_STATUS = 0x14; // RW 1
    static final int CONFIG_GENERATION = 0x15; // R 1
    static final int QUEUE_SELECT = 0x16; // RW 2
    static final int QUEUE_SIZE = 0x18; // RW 2
    static final int QUEUE_MSIX_VECTOR = 0x1a; // RW 2
    static final int QUEUE_ENABLE = 0x1c; // RW 2
    static final int QUEUE_NOTIFY_OFF = 0x1e; // R 2
    static final int QUEUE_DESC = 0x20; // RW 8
    static final int QUEUE_DRIVER = 0x28; // RW 8
    static final int QUEUE_DEVICE = 0x30; // RW 8
    static final int SIZE = 0x38;

    private final DeviceControl control;
    private final PciVectors vectors;
    private volatile int deviceFeatureSelect;
    private volatile int driverFeatureSelect;
    private volatile int queueSelect;

    PciCommonConfig(DeviceControl control, PciVectors vectors) {
        this.control = control;
        this.vectors = vectors;
    }

    void reset() {
        deviceFeatureSelect = 0;
        driverFeatureSelect = 0;
        queueSelect = 0;
    }

    void capture(DeviceState.Builder into) {
        into.number("deviceFeatureSelect", deviceFeatureSelect).number("driverFeatureSelect", driverFeatureSelect)
                .number("queueSelect", queueSelect);
    }

    void restore(DeviceState state) {
        deviceFeatureSelect = (int) state.number("deviceFeatureSelect", 0);
        driverFeatureSelect = (int) state.number("driverFeatureSelect", 0);
        queueSelect = (int) state.number("queueSelect", 0) & 0xFFFF;
    }

    long read(int offset, int width) {
        return switch (width) {
            case 1 -> read8(offset);
            case 2 -> read16(offset);
            case 4 -> Integer.toUnsignedLong(read32(offset));
            default -> 0;
        };
    }

    private int read8(int offset) {
        return switch (offset) {
            case DEVICE_STATUS -> control.status();
            case CONFIG_GENERATION -> control.configGeneration() & 0xFF;
            default -> 0;
        };
    }

    private int read16(int offset) {
        int queue = queueSelect;
        return switch (offset) {
            case CONFIG_MSIX_VECTOR -> vectors.config();
            case NUM_QUEUES -> control.queueCount();
            case QUEUE_SELECT -> queue;
            case QUEUE_SIZE -> (int) control.setting(queue, QueueSetup::size);
            case QUEUE_MSIX_VECTOR -> vectors.queue(queue);
            case QUEUE_ENABLE -> control.queueReady(queue) ? 1 : 0;
            case QUEUE_NOTIFY_OFF -> control.queueMax(queue) > 0 ? queue : 0;
            default -> 0;
        };
    }

    private int read32(int offset) {
        int queue = queueSelect;
        return switch (offset) {
            case DEVICE_FEATURE_SELECT -> deviceFeatureSelect;
            case DEVICE_FEATURE -> control.deviceFeatures(deviceFeatureSelect);
            case DRIVER_FEATURE_SELECT -> driverFeatureSelect;
            case DRIVER_FEATURE -> control.driverFeatures(driverFeatureSelect);
            case QUEUE_DESC -> (int) control.setting(queue, QueueSetup::descriptors);
            case QUEUE_DESC + 4 -> (int) (control.setting(queue, QueueSetup::descriptors) >>> 32);
            case QUEUE_DRIVER -> (int) control.setting(queue, QueueSetup::driverArea);
            case QUEUE_DRIVER + 4 -> (int) (control.setting(queue, QueueSetup::driverArea) >>> 32);
            case QUEUE_DEVICE -> (int) control.setting(queue, QueueSetup::deviceArea);
            case QUEUE_DEVICE + 4 -> (int) (control.setting(queue, QueueSetup::deviceArea) >>> 32);
            default -> 0;
        };
    }

    void write(int offset, int width, int value) {
        switch (width) {
            case 1 -> write8(offset, value);
            case 2 -> write16(offset, value);
            case 4 -> write32(offset, value);
            default -> { }
        }
    }

    private void write8(int offset, int value) {
        if (offset == DEVICE_STATUS) {
            control.status(value);
        }
    }

    private void write16(int offset, int value) {
        int queue = queueSelect;
        switch (offset) {
            case CONFIG_MSIX_VECTOR -> vectors.config(value);
            case QUEUE_SELECT -> queueSelect = value;
            case QUEUE_SIZE -> control.queueSize(queue, value);
            case QUEUE_MSIX_VECTOR -> vectors.queue(queue, value);
            // A queue that is enabled stays so until reset: writing 0 means nothing.
            case QUEUE_ENABLE -> {
                if (value == 1) {
                    control.queueReady(queue, true);
                }
            }
            default -> { }
        }
    }

    private void write32(int offset, int value) {
        int queue = queueSelect;
        switch (offset) {
            case DEVICE_FEATURE_SELECT -> deviceFeatureSelect = value;
            case DRIVER_FEATURE_SELECT -> driverFeatureSelect = value;
            case DRIVER_FEATURE -> control.driverFeatures(driverFeatureSelect, value);
            case QUEUE_DESC -> control.setUp(queue, setup -> setup.descriptors(0, value));
            case QUEUE_DESC + 4 -> control.setUp(queue, setup -> setup.descriptors(1, value));
            case QUEUE_DRIVER -> control.setUp(queue, setup -> setup.driverArea(0, value));
            case QUEUE_DRIVER + 4 -> control.setUp(queue, setup -> setup.driverArea(1, value));
            case QUEUE_DEVICE -> control.setUp(queue, setup -> setup.deviceArea(0, value));
            case QUEUE_DEVICE + 4 -> control.setUp(queue, setup -> setup.deviceArea(1, value));
            default -> { }
        }
    }
}
