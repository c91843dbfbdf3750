package org.vm.device.pci.internal;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.vm.api.device.DeviceContext;
import org.vm.api.device.DeviceStatus;
import org.vm.api.device.DeviceType;
import org.vm.api.device.MmioDevice;

/**
 * A range of the machine's address map that leads to PCI addresses. What no BAR claims reads all ones and takes writes to
 * nowhere, as on the bus: a driver whose card was pulled finds that out, and no trap.
 *
 * <p>Look-ups read a sorted snapshot that is replaced when a BAR moves.
 */
final class AddressWindow implements MmioDevice {
    private final String name;
    private final boolean io;
    private final long first;
    private final long size;
    private volatile Claim[] claims = {};

    /**
     * @param io    I/O space; else memory
     * @param first PCI address of the first byte
     */
    AddressWindow(String name, boolean io, long first, long size) {
        this.name = name;
        this.io = io;
        this.first = first;
        this.size = size;
    }

    boolean io() {
        return io;
    }

    long first() {
        return first;
    }

    /** What is read where nobody answers. */
    static long allOnes(int width) {
        return width == 8 ? -1 : (1L << 8 * width) - 1;
    }

    /** Whether it leads to the whole of the range. */
    boolean holds(Claim claim) {
        return claim.io() == io && claim.base() - first >= 0 && claim.base() - first <= size - claim.size();
    }

    /** Hands the addresses to new owners. Where two claim the same, it is the earlier one's. @return those left out */
    List<Claim> assign(List<Claim> wanted) {
        List<Claim> accepted = new ArrayList<>();
        List<Claim> refused = new ArrayList<>();
        for (Claim claim : wanted) {
            (accepted.stream().anyMatch(claim::overlaps) ? refused : accepted).add(claim);
        }
        accepted.sort(Comparator.comparingLong(Claim::base));
        claims = accepted.toArray(Claim[]::new);
        return refused;
    }

    private Claim find(long address) {
        Claim[] all = claims;
        int low = 0;
        int high = all.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Claim claim = all[middle];
            if (address < claim.base()) {
                high = middle - 1;
            } else if (address - claim.base() >= claim.size()) {
                low = middle + 1;
            } else {
                return claim;
            }
        }
        return null;
    }

    @Override
    public long read(long offset, int width) {
        Claim claim = find(first + offset);
        if (claim == null) {
            return allOnes(width);
        }
        return claim.read(first + offset - claim.base(), width);
    }

    @Override
    public void write(long offset, int width, long value) {
        Claim claim = find(first + offset);
        if (claim != null) {
            claim.write(first + offset - claim.base(), width, value);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public DeviceType type() {
        return DeviceType.BUS;
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
        return size;
    }

    @Override
    public void attach(DeviceContext context) {
        // A part of the host bridge, which maps it itself.
    }

    @Override
    public void detach() {
        // As above.
    }
}
