package org.vm.testing.virtio;

import org.vm.api.bus.Mapping;
import org.vm.device.pci.internal.PciHost;

/**
 * Driver's side of virtio over PCI (VirtIO 1.2, section 4.1): finds the device behind the first root port, places its
 * BARs and follows its capabilities.
 */
public final class PciDriverTransport implements DriverTransport {
    private static final int PORT = 1 << 15;
    private static final int CARD = 1 << 20;
    private static final int COMMAND = 0x04;
    private static final int BARS = 0x10;
    private static final int BUS_NUMBERS = 0x18;
    private static final int MEMORY_WINDOW = 0x20;
    private static final int CAPABILITIES = 0x34;
    private static final int MEMORY_AND_MASTER = 6;
    private static final int VENDOR_SPECIFIC = 0x09;
    private static final int MSIX = 0x11;
    private static final long WINDOW = 0x4000_0000L;
    /** The vector of the configuration; those of queues follow. */
    private static final int CONFIG_VECTOR = 0;
    private static final int USED_BUFFER = 1;
    private static final int CONFIGURATION = 2;

    private final PciHost host;
    private final FakeBoard board;
    private final boolean messages;
    private final long[] bars = new long[6];
    private long common;
    private long notify;
    private int notifyMultiplier;
    private long isr;
    private long device;

    /** @param messages whether to use MSI-X */
    PciDriverTransport(PciHost host, FakeBoard board, boolean messages) {
        this.host = host;
        this.board = board;
        this.messages = messages;
    }

    /** What firmware and bus driver do: bus numbers, windows, BARs; then the capabilities are looked for. */
    void setUp() {
        host.write(PORT + BUS_NUMBERS, 4, 0x00010100);
        host.write(PORT + MEMORY_WINDOW, 4, 0x40004000);
        host.write(PORT + COMMAND, 2, MEMORY_AND_MASTER);
        long next = WINDOW;
        for (int bar = 0; bar < 6; bar++) {
            int register = BARS + 4 * bar;
            pci(register, 4, 0xFFFF_FFFFL);
            long mask = pci(register, 4);
            if (mask != 0) {
                long size = -(mask & ~15L) & 0xFFFF_FFFFL;
                next = next + size - 1 & -size;
                pci(register, 4, next);
                bars[bar] = next;
                next += size;
                if ((mask & 4) != 0) {
                    pci(BARS + 4 * ++bar, 4, 0);
                }
            }
        }
        pci(COMMAND, 2, MEMORY_AND_MASTER);
        for (int at = (int) pci(CAPABILITIES, 1); at != 0; at = (int) pci(at + 1, 1)) {
            switch ((int) pci(at, 1)) {
                case VENDOR_SPECIFIC -> part(at);
                case MSIX -> msix(at);
                default -> { }
            }
        }
    }

    private void part(int at) {
        long address = bars[(int) pci(at + 4, 1) % 6] + pci(at + 8, 4);
        switch ((int) pci(at + 3, 1)) {
            case 1 -> common = address;
            case 2 -> {
                notify = address;
                notifyMultiplier = (int) pci(at + 16, 4);
            }
            case 3 -> isr = address;
            case 4 -> device = address;
            default -> { }
        }
    }

    private void msix(int at) {
        if (!messages) {
            return;
        }
        int vectors = (int) (pci(at + 2, 2) & 0x7FF) + 1;
        long table = bars[(int) pci(at + 4, 4) & 7] + (pci(at + 4, 4) & ~7L);
        for (int vector = 0; vector < vectors; vector++) {
            write(table + 16L * vector, 8, FakeBoard.MESSAGES);
            write(table + 16L * vector + 8, 4, vector == CONFIG_VECTOR ? CONFIGURATION : USED_BUFFER);
            write(table + 16L * vector + 12, 4, 0);
        }
        pci(at + 2, 2, 0x8000);
    }

    /** A register of the device's configuration space, raw. */
    public long pci(int register, int width) {
        return host.read(CARD + register, width);
    }

    public void pci(int register, int width, long value) {
        host.write(CARD + register, width, value);
    }

    /** Where a capability of the device begins, 0 if it has none: of that ID, and if that is 9, of that virtio type. */
    public int capability(int id, int type) {
        int at = (int) pci(CAPABILITIES, 1);
        while (at != 0 && (pci(at, 1) != id || id == VENDOR_SPECIFIC && pci(at + 3, 1) != type)) {
            at = (int) pci(at + 1, 1);
        }
        return at;
    }

    private long read(long address, int width) {
        Mapping mapping = board.bus().find(address);
        return mapping == null ? 0 : mapping.device().read(address - mapping.base(), width);
    }

    private void write(long address, int width, long value) {
        Mapping mapping = board.bus().find(address);
        if (mapping != null) {
            mapping.device().write(address - mapping.base(), width, value & (width == 8 ? -1 : (1L << 8 * width) - 1));
        }
    }

    /** A field of the common configuration, raw. */
    public long common(int offset, int width) {
        return read(common + offset, width);
    }

    public void common(int offset, int width, long value) {
        write(common + offset, width, value);
    }

    @Override
    public int deviceId() {
        return (int) pci(2, 2) - 0x1040;
    }

    @Override
    public long deviceFeatures() {
        common(0x00, 4, 1);
        long high = common(0x04, 4);
        common(0x00, 4, 0);
        return high << 32 | common(0x04, 4);
    }

    @Override
    public void driverFeatures(long features) {
        common(0x08, 4, 0);
        common(0x0c, 4, features);
        common(0x08, 4, 1);
        common(0x0c, 4, features >>> 32);
        common(0x10, 2, messages ? CONFIG_VECTOR : 0xFFFF);
    }

    @Override
    public int status() {
        return (int) common(0x14, 1);
    }

    @Override
    public void status(int value) {
        common(0x14, 1, value);
    }

    @Override
    public int queueMax(int queue) {
        common(0x16, 2, queue);
        return (int) common(0x18, 2);
    }

    @Override
    public void queueSize(int queue, int size) {
        common(0x16, 2, queue);
        common(0x18, 2, size);
    }

    @Override
    public void enable(int queue, int size, long descriptors, long driverArea, long deviceArea) {
        queueSize(queue, size);
        common(0x1a, 2, messages ? queue + 1 : 0xFFFF);
        long[] areas = {descriptors, driverArea, deviceArea};
        for (int i = 0; i < 3; i++) {
            common(0x20 + 8 * i, 4, areas[i]);
            common(0x24 + 8 * i, 4, areas[i] >>> 32);
        }
        common(0x1c, 2, 1);
    }

    @Override
    public boolean enabled(int queue) {
        common(0x16, 2, queue);
        return common(0x1c, 2) == 1;
    }

    @Override
    public void notify(int queue) {
        common(0x16, 2, queue);
        long offset = queueMax(queue) > 0 ? common(0x1e, 2) : queue & 0x3FF;
        write(notify + offset * notifyMultiplier, 2, queue);
    }

    @Override
    public int takeInterrupts() {
        return messages ? board.takeMessages() : (int) read(isr, 1);
    }

    /** The ISR status, whatever interrupts. */
    public int isr() {
        return (int) read(isr, 1);
    }

    @Override
    public long config(int offset, int width) {
        return read(device + offset, width);
    }

    @Override
    public void config(int offset, int width, long value) {
        write(device + offset, width, value);
    }

    @Override
    public int configGeneration() {
        return (int) common(0x15, 1);
    }
}
