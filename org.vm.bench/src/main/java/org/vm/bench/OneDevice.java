package org.vm.bench;

import java.util.List;
import java.util.Map;
import org.vm.api.bus.Bus;
import org.vm.api.bus.Mapping;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;

/** A bus with one device, which is one register. */
record OneDevice(Mapping mapping) implements Bus {
    static OneDevice at(long base) {
        return new OneDevice(new Mapping(base, 0x1000, new Register()));
    }

    @Override
    public Mapping find(long address) {
        return mapping.contains(address) ? mapping : null;
    }

    @Override
    public List<Mapping> mappings() {
        return List.of(mapping);
    }

    @Override
    public Mapping map(long base, MmioDevice device) {
        throw new UnsupportedOperationException("the map is fixed");
    }

    @Override
    public void unmap(Mapping mapping) {
        throw new UnsupportedOperationException("the map is fixed");
    }

    private static final class Register implements MmioDevice {
        private long value;

        @Override
        public long size() {
            return 0x1000;
        }

        @Override
        public long read(long offset, int width) {
            return value;
        }

        @Override
        public void write(long offset, int width, long written) {
            value = written;
        }

        @Override
        public void attach(DeviceContext context) {
            // Needs nothing.
        }

        @Override
        public void detach() {
            // Has nothing.
        }

        @Override
        public String name() {
            return "register";
        }

        @Override
        public DeviceType type() {
            return DeviceType.CUSTOM;
        }

        @Override
        public DeviceStatus status() {
            return DeviceStatus.ATTACHED;
        }

        @Override
        public Map<String, String> info() {
            return Map.of();
        }
    }
}
