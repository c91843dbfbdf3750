package org.vm.api.pci;

import java.util.ArrayList;
import java.util.List;

/**
 * What a function tells of itself in configuration space (PCI Express Base Specification 5.0, section 7.5.1). Made by
 * {@link #of} and the methods that add to it; what every function must have (power management, PCI Express) is not
 * declared, the host adds it.
 *
 * @param classCode    base class, sub-class and programming interface: {@code 0x010802}
 * @param capabilities of the function's own
 * @param msiVectors   interrupt messages by MSI, a power of two up to 32; 0: none
 * @param msixVectors  interrupt messages by MSI-X, up to 2048; 0: none. Their table is in a BAR that the host adds
 * @param line         whether it uses an interrupt line
 */
public record PciDescription(int vendorId, int deviceId, int classCode, int revisionId, int subsystemVendorId,
        int subsystemId, List<PciBar> bars, List<PciCapability> capabilities, int msiVectors, int msixVectors,
        boolean line) {

    public PciDescription {
        bars = List.copyOf(bars);
        capabilities = List.copyOf(capabilities);
        int taken = 0;
        for (PciBar bar : bars) {
            int numbers = (bar.wide() ? 3 : 1) << bar.number();
            if ((taken & numbers) != 0) {
                throw new IllegalArgumentException("BAR " + bar.number() + " overlaps another one");
            }
            taken |= numbers;
        }
        if (msiVectors < 0 || msiVectors > 32 || Integer.bitCount(msiVectors) > 1) {
            throw new IllegalArgumentException(msiVectors + " MSI vectors; a power of two up to 32 is possible");
        }
        if (msixVectors < 0 || msixVectors > 2048) {
            throw new IllegalArgumentException(msixVectors + " MSI-X vectors; up to 2048 are possible");
        }
        if (msixVectors > 0 && taken == 0x3F) {
            throw new IllegalArgumentException("no BAR is left for the MSI-X table");
        }
    }

    /** A function without BARs that interrupts by its line. */
    public static PciDescription of(int vendorId, int deviceId, int classCode) {
        return new PciDescription(vendorId, deviceId, classCode, 0, 0, 0, List.of(), List.of(), 0, 0, true);
    }

    public PciDescription revision(int id) {
        return new PciDescription(vendorId, deviceId, classCode, id, subsystemVendorId, subsystemId, bars, capabilities,
                msiVectors, msixVectors, line);
    }

    public PciDescription subsystem(int vendor, int id) {
        return new PciDescription(vendorId, deviceId, classCode, revisionId, vendor, id, bars, capabilities, msiVectors,
                msixVectors, line);
    }

    public PciDescription bar(int number, PciBar.Kind kind, PciRegisters registers) {
        return new PciDescription(vendorId, deviceId, classCode, revisionId, subsystemVendorId, subsystemId,
                with(bars, new PciBar(number, kind, registers)), capabilities, msiVectors, msixVectors, line);
    }

    public PciDescription capability(int id, PciRegisters body) {
        return new PciDescription(vendorId, deviceId, classCode, revisionId, subsystemVendorId, subsystemId, bars,
                with(capabilities, new PciCapability(id, body)), msiVectors, msixVectors, line);
    }

    public PciDescription msi(int vectors) {
        return new PciDescription(vendorId, deviceId, classCode, revisionId, subsystemVendorId, subsystemId, bars,
                capabilities, vectors, msixVectors, line);
    }

    public PciDescription msix(int vectors) {
        return new PciDescription(vendorId, deviceId, classCode, revisionId, subsystemVendorId, subsystemId, bars,
                capabilities, msiVectors, vectors, line);
    }

    public PciDescription withoutLine() {
        return new PciDescription(vendorId, deviceId, classCode, revisionId, subsystemVendorId, subsystemId, bars,
                capabilities, msiVectors, msixVectors, false);
    }

    private static <T> List<T> with(List<T> list, T one) {
        List<T> longer = new ArrayList<>(list);
        longer.add(one);
        return longer;
    }
}
