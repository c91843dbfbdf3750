package org.vm.device.riscv.internal;

import java.util.Map;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;

/** Registers of an interrupt controller that are at an address of their own; the controller maps them. */
abstract class ControllerPart implements MmioDevice {
    private final String name;
    private final long size;

    ControllerPart(String name, long size) {
        this.name = name;
        this.size = size;
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final DeviceType type() {
        return DeviceType.INTERRUPT_CONTROLLER;
    }

    @Override
    public final DeviceStatus status() {
        return DeviceStatus.ATTACHED;
    }

    @Override
    public final Map<String, String> info() {
        return Map.of();
    }

    @Override
    public final long size() {
        return size;
    }

    @Override
    public final void attach(DeviceContext context) {
        throw new IllegalStateException(name + " is attached by its controller");
    }

    @Override
    public final void detach() {
        throw new IllegalStateException(name + " is detached by its controller");
    }
}
