package org.vm.device.pci.internal;

import java.util.List;
import org.vm.api.DeviceException;
import org.vm.api.pci.PciBar;
import org.vm.api.pci.PciDescription;

/**
 * What software has seen of a function and relies upon. A successor must have the same identity, and registers that fit to
 * where its predecessor's are. Nothing here is the function's own, which may be of a bundle that is no more.
 */
record Shape(int vendorId, int deviceId, int classCode, int subsystemVendorId, int subsystemId, List<BarShape> bars,
        List<CapabilityShape> capabilities, int msiVectors, int msixVectors, boolean line) {
    /** @param size of the registers */
    record BarShape(int number, PciBar.Kind kind, long size) {}

    record CapabilityShape(int id, long size) {}

    static Shape of(PciDescription is) {
        return new Shape(is.vendorId(), is.deviceId(), is.classCode(), is.subsystemVendorId(), is.subsystemId(),
                is.bars().stream().map(bar -> new BarShape(bar.number(), bar.kind(), bar.registers().size())).toList(),
                is.capabilities().stream().map(each -> new CapabilityShape(each.id(), each.body().size())).toList(),
                is.msiVectors(), is.msixVectors(), is.line());
    }

    /** @throws DeviceException if a function like that cannot be where this one was; says what differs */
    void require(Shape next, String device) {
        same(device, "vendor", hex(vendorId), hex(next.vendorId));
        same(device, "device ID", hex(deviceId), hex(next.deviceId));
        same(device, "class", hex(classCode), hex(next.classCode));
        same(device, "subsystem", hex(subsystemVendorId) + ":" + hex(subsystemId),
                hex(next.subsystemVendorId) + ":" + hex(next.subsystemId));
        same(device, "number of BARs", bars.size(), next.bars.size());
        for (int i = 0; i < bars.size(); i++) {
            BarShape here = bars.get(i);
            BarShape there = next.bars.get(i);
            same(device, "BAR", here.number + " (" + here.kind + ")", there.number + " (" + there.kind + ")");
            atMost(device, "registers of BAR " + here.number, here.size, there.size);
        }
        same(device, "capabilities", capabilities, next.capabilities);
        vectors(device, "MSI vectors", msiVectors, next.msiVectors);
        vectors(device, "MSI-X vectors", msixVectors, next.msixVectors);
        same(device, "use of an interrupt line", line, next.line);
    }

    private static void vectors(String device, String what, int here, int there) {
        same(device, what, here > 0, there > 0);
        atMost(device, what, here, there);
    }

    private static String hex(int value) {
        return "0x" + Integer.toHexString(value);
    }

    private static void same(String device, String what, Object here, Object there) {
        if (!here.equals(there)) {
            throw new DeviceException("device '%s' differs from the one whose place it would take: %s %s, and not %s as the guest has seen"
                    .formatted(device, what, there, here));
        }
    }

    private static void atMost(String device, String what, long here, long there) {
        if (there > here) {
            throw new DeviceException("device '%s' differs from the one whose place it would take: %s %d, and there is room for %d"
                    .formatted(device, what, there, here));
        }
    }
}
