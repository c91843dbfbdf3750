package org.vm.device.pci.internal;

import java.util.List;
import java.util.Map;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.pci.PciContext;
import org.vm.api.pci.PciDescription;
import org.vm.api.pci.PciFunction;
import org.vm.api.pci.PciRegisters;

/** A function that notes what is done to it. */
final class FakeCard implements PciFunction {
    static final int VENDOR = 0x1234;
    static final int DEVICE = 0x5678;

    /** Registers that remember the last write, and read as its value plus the offset. */
    static final class Cells implements PciRegisters {
        private final long size;
        long last;
        int writes;

        Cells(long size) {
            this.size = size;
        }

        @Override
        public long size() {
            return size;
        }

        @Override
        public long read(long offset, int width) {
            check(offset, width);
            return last + offset;
        }

        @Override
        public void write(long offset, int width, long value) {
            check(offset, width);
            last = value;
            writes++;
        }

        private void check(long offset, int width) {
            if (offset < 0 || offset + width > size) {
                throw new AssertionError("an access of " + width + " bytes at " + offset + " of " + size);
            }
        }
    }

    private final String name;
    private final PciDescription description;
    PciContext context;
    int attached;
    int detached;
    int resets;
    RuntimeException failure;
    List<PciFunction> others = List.of();

    FakeCard(String name, PciDescription description) {
        this.name = name;
        this.description = description;
    }

    static PciDescription plain() {
        return PciDescription.of(VENDOR, DEVICE, 0xff0000).revision(3).subsystem(0x1111, 0x2222);
    }

    @Override
    public PciDescription description() {
        return description;
    }

    @Override
    public List<PciFunction> others() {
        return others;
    }

    @Override
    public void attach(PciContext given) {
        if (failure != null) {
            throw failure;
        }
        context = given;
        attached++;
    }

    @Override
    public void detach() {
        detached++;
    }

    @Override
    public void reset() {
        resets++;
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
        return context == null ? DeviceStatus.CREATED : DeviceStatus.ATTACHED;
    }

    @Override
    public Map<String, String> info() {
        return Map.of();
    }
}
