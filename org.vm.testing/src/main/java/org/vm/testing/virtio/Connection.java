package org.vm.testing.virtio;

import org.vm.api.device.DeviceStatus;
import org.vm.api.device.MmioDevice;
import org.vm.api.pci.PciFunction;
import org.vm.device.pci.internal.PciHost;
import org.vm.device.virtio.VirtioDevice;
import org.vm.device.virtio.internal.MmioTransport;
import org.vm.device.virtio.internal.PciTransport;

/** A device in its place on a board, from which it can be taken and put back. */
interface Connection {
    DriverTransport transport();

    DeviceStatus status();

    void plug();

    void unplug();

    /** Not plugged yet. */
    static Connection of(Wiring wiring, VirtioDevice device, FakeBoard board) {
        return wiring.pci() ? new Pci(new PciTransport(device), board, wiring.messages())
                : new Mmio(new MmioTransport(device), board);
    }

    /** A page of registers. */
    final class Mmio implements Connection {
        private final MmioDevice device;
        private final FakeBoard board;
        private final MmioDriverTransport transport;

        Mmio(MmioDevice device, FakeBoard board) {
            this.device = device;
            this.board = board;
            transport = new MmioDriverTransport(device);
        }

        @Override
        public MmioDriverTransport transport() {
            return transport;
        }

        @Override
        public DeviceStatus status() {
            return device.status();
        }

        @Override
        public void plug() {
            device.attach(board);
        }

        @Override
        public void unplug() {
            device.detach();
        }
    }

    /** A card in the first slot of a host bridge. */
    final class Pci implements Connection {
        private final PciFunction device;
        private final PciHost host = new PciHost("pci");
        private final PciDriverTransport transport;

        Pci(PciFunction device, FakeBoard board, boolean messages) {
            this.device = device;
            host.attach(board);
            transport = new PciDriverTransport(host, board, messages);
        }

        @Override
        public PciDriverTransport transport() {
            return transport;
        }

        @Override
        public DeviceStatus status() {
            return device.status();
        }

        @Override
        public void plug() {
            host.plug(device, "slot1");
            transport.setUp();
        }

        @Override
        public void unplug() {
            host.unplug(device);
        }
    }
}
