package org.vm.machine.internal;

import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceTreeContributor;
import org.vm.api.device.DeviceTreeNode;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.device.Resettable;

/** A device that notes what is done to it. */
class FakeDevice implements MmioDevice, DeviceTreeContributor, Resettable {
    final AtomicLong attached = new AtomicLong();
    final AtomicLong detached = new AtomicLong();
    final AtomicLong resets = new AtomicLong();
    volatile DeviceStatus status = DeviceStatus.CREATED;
    volatile DeviceContext context;
    private final String name;
    private final long size;

    FakeDevice(String name, long size) {
        this.name = name;
        this.size = size;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceType type() {
        return DeviceType.CUSTOM;
    }

    @Override
    public DeviceStatus status() {
        return status;
    }

    @Override
    public Map<String, String> info() {
        return Map.of();
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void attach(DeviceContext given) {
        attached.incrementAndGet();
        context = given;
        status = DeviceStatus.ATTACHED;
    }

    @Override
    public void detach() {
        detached.incrementAndGet();
        status = DeviceStatus.DETACHED;
    }

    @Override
    public void reset() {
        resets.incrementAndGet();
    }

    @Override
    public long read(long offset, int width) {
        return offset;
    }

    @Override
    public void write(long offset, int width, long value) {
        // no registers
    }

    @Override
    public String nodeName() {
        return name;
    }

    @Override
    public void describe(DeviceTreeNode node) {
        node.text("compatible", "test," + name);
    }
}
