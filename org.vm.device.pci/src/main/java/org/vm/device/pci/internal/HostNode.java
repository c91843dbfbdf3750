package org.vm.device.pci.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.vm.api.device.DeviceTreeNode;

/** The device-tree node of a host bridge (Devicetree binding "PCI bus", IEEE 1275; "pci-host-ecam-generic"). */
final class HostNode {
    /** What a range leads to: the high cell of a PCI address. */
    private static final int IO = 0x0100_0000;
    private static final int MEMORY = 0x0200_0000;
    /** Prefetchable: all of it may be, and Linux warns of a window as large as this that is not. */
    private static final int MEMORY_64 = 0x4300_0000;
    private static final long FOUR_GIB = 1L << 32;
    private static final int DEVICE_NUMBER = 11;

    private final DeviceTreeNode node;

    HostNode(DeviceTreeNode node) {
        this.node = node;
    }

    /** @param cpuAddresses of the windows, one for each */
    void describe(List<AddressWindow> windows, long[] cpuAddresses, int firstSource) {
        node.text("compatible", "pci-host-ecam-generic").text("device_type", "pci").cells("#address-cells", 3)
                .cells("#size-cells", 2).cells("#interrupt-cells", 1).cells("linux,pci-domain", 0)
                .cells("bus-range", 0, 0xff).flag("dma-coherent").cells("ranges", ranges(windows, cpuAddresses));
        if (node.interrupt(firstSource).length > 0) {
            node.cells("interrupt-map-mask", 3 << DEVICE_NUMBER, 0, 0, 7).cells("interrupt-map", map(firstSource));
        }
        if (node.messageController() != 0) {
            node.cells("msi-parent", node.messageController());
        }
    }

    private static int[] ranges(List<AddressWindow> windows, long[] cpuAddresses) {
        List<Integer> cells = new ArrayList<>();
        for (int i = 0; i < cpuAddresses.length; i++) {
            AddressWindow window = windows.get(i);
            cells.add(window.io() ? IO : window.first() < FOUR_GIB ? MEMORY : MEMORY_64);
            for (long value : new long[] {window.first(), cpuAddresses[i], window.size()}) {
                cells.add((int) (value >>> 32));
                cells.add((int) value);
            }
        }
        return array(cells);
    }

    /** Four device numbers by four pins; the mask says that the pattern repeats. */
    private int[] map(int firstSource) {
        List<Integer> cells = new ArrayList<>();
        for (int device = 0; device < 4; device++) {
            for (int pin = 1; pin <= 4; pin++) {
                cells.addAll(List.of(device << DEVICE_NUMBER, 0, 0, pin));
                IntStream.of(node.interrupt(Intx.source(firstSource, device, pin))).forEach(cells::add);
            }
        }
        return array(cells);
    }

    private static int[] array(List<Integer> cells) {
        return cells.stream().mapToInt(Integer::intValue).toArray();
    }
}
