package org.vm.testing.pci;

import java.util.Map;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.pci.PciBar;
import org.vm.api.pci.PciContext;
import org.vm.api.pci.PciDescription;
import org.vm.api.pci.PciFunction;
import org.vm.api.pci.PciRegisters;

/** The smallest useful function: one register that keeps what is written, and raises the line while it is not zero. */
final class ScratchCard implements PciFunction, PciRegisters {
    private final String name;
    private PciContext context;
    private volatile long scratch;

    ScratchCard(String name) {
        this.name = name;
    }

    @Override
    public PciDescription description() {
        return PciDescription.of(0x1234, 0x0001, 0xff0000).bar(0, PciBar.Kind.MEMORY, this)
                .bar(2, PciBar.Kind.PREFETCHABLE, this).bar(4, PciBar.Kind.IO, this).msix(1);
    }

    @Override
    public void attach(PciContext given) {
        context = given;
    }

    @Override
    public void detach() {
        context.interrupt().lower();
    }

    @Override
    public void reset() {
        write(0, 4, 0);
    }

    @Override
    public long size() {
        return 16;
    }

    @Override
    public long read(long offset, int width) {
        return offset == 0 && width == 4 ? scratch : 0;
    }

    @Override
    public void write(long offset, int width, long value) {
        if (offset == 0 && width == 4) {
            scratch = value;
            context.interrupt().set(value != 0);
        }
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
        return DeviceStatus.ATTACHED;
    }

    @Override
    public Map<String, String> info() {
        return Map.of("scratch", Long.toString(scratch));
    }
}
