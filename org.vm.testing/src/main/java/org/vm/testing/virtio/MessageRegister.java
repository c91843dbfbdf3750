package org.vm.testing.virtio;

import java.util.Map;
import java.util.function.IntConsumer;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;
import org.vm.api.irq.MessageSink;

/** The least of an interrupt controller that takes messages: hands on what is written to it. */
record MessageRegister(IntConsumer listener) implements MmioDevice, MessageSink {
    @Override
    public void message(long offset, int data) {
        listener.accept(data);
    }

    @Override
    public String name() {
        return "messages";
    }

    @Override
    public DeviceType type() {
        return DeviceType.INTERRUPT_CONTROLLER;
    }

    @Override
    public DeviceStatus status() {
        return DeviceStatus.ATTACHED;
    }

    @Override
    public Map<String, String> info() {
        return Map.of();
    }

    @Override
    public long size() {
        return 0x1000;
    }

    @Override
    public void attach(DeviceContext context) {
        // It needs nothing.
    }

    @Override
    public void detach() {
        // It has nothing.
    }

    @Override
    public long read(long offset, int width) {
        return 0;
    }

    @Override
    public void write(long offset, int width, long value) {
        // Messages come by another way than CPUs' stores.
    }
}
