package org.vm.testing.virtio;

import org.vm.api.device.MmioDevice;

/** Driver's side of virtio over MMIO (VirtIO 1.2, section 4.2.2). */
public final class MmioDriverTransport implements DriverTransport {
    private final MmioDevice device;

    public MmioDriverTransport(MmioDevice device) {
        this.device = device;
    }

    /** A 32-bit register by its offset. */
    public int read(int register) {
        return (int) device.read(register, 4);
    }

    public void write(int register, int value) {
        device.write(register, 4, Integer.toUnsignedLong(value));
    }

    @Override
    public int deviceId() {
        return read(0x008);
    }

    @Override
    public long deviceFeatures() {
        write(0x014, 1);
        long high = read(0x010);
        write(0x014, 0);
        return high << 32 | Integer.toUnsignedLong(read(0x010));
    }

    @Override
    public void driverFeatures(long features) {
        write(0x024, 0);
        write(0x020, (int) features);
        write(0x024, 1);
        write(0x020, (int) (features >>> 32));
    }

    @Override
    public int status() {
        return read(0x070);
    }

    @Override
    public void status(int value) {
        write(0x070, value);
    }

    @Override
    public int queueMax(int queue) {
        write(0x030, queue);
        return read(0x034);
    }

    @Override
    public void queueSize(int queue, int size) {
        write(0x030, queue);
        write(0x038, size);
    }

    @Override
    public void enable(int queue, int size, long descriptors, long driverArea, long deviceArea) {
        queueSize(queue, size);
        write(0x080, (int) descriptors);
        write(0x084, (int) (descriptors >>> 32));
        write(0x090, (int) driverArea);
        write(0x094, (int) (driverArea >>> 32));
        write(0x0a0, (int) deviceArea);
        write(0x0a4, (int) (deviceArea >>> 32));
        write(0x044, 1);
    }

    @Override
    public boolean enabled(int queue) {
        write(0x030, queue);
        return read(0x044) == 1;
    }

    @Override
    public void notify(int queue) {
        write(0x050, queue);
    }

    @Override
    public int takeInterrupts() {
        int pending = read(0x060);
        write(0x064, pending);
        return pending;
    }

    @Override
    public long config(int offset, int width) {
        return device.read(0x100 + offset, width);
    }

    @Override
    public void config(int offset, int width, long value) {
        device.write(0x100 + offset, width, value);
    }

    @Override
    public int configGeneration() {
        return read(0x0fc);
    }
}
