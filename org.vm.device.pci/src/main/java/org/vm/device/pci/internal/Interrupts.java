package org.vm.device.pci.internal;

import org.vm.api.DeviceException;
import org.vm.api.irq.InterruptLine;
import org.vm.api.state.DeviceState;

/**
 * How a function interrupts: MSI-X if that is enabled, else MSI, else its line (PCI Express Base Specification 5.0,
 * section 6.1). Never takes a lock of the bus: workers interrupt while a vCPU waits for them.
 */
final class Interrupts implements InterruptLine {
    private final ConfigSpace config;
    private final Msi msi;
    private final MsiX msix;
    private volatile Messages messages;
    private InterruptLine line = level -> { };
    private boolean level;

    /** @param msi {@code null}: it has none; so for {@code msix} */
    Interrupts(ConfigSpace config, Msi msi, MsiX msix) {
        this.config = config;
        this.msi = msi;
        this.msix = msix;
        config.onWrite(Header.COMMAND, written -> changed());
        if (msi != null) {
            config.onWrite(msi.control(), written -> changed());
            config.onWrite(msi.mask(), written -> changed());
        }
        if (msix != null) {
            config.onWrite(msix.control(), written -> changed());
        }
    }

    /** Gives it ways out. */
    synchronized void connect(Messages way, InterruptLine wire) {
        messages = way;
        line = wire;
    }

    void disconnect() {
        synchronized (this) {
            line.lower();
            line = unused -> { };
        }
        messages = null;
    }

    /** After the configuration space was reset. */
    void reset() {
        if (msix != null) {
            msix.reset();
        }
        set(false);
    }

    void capture(DeviceState.Builder into) {
        if (msix != null) {
            into.state("msix", msix.capture());
        }
    }

    /** After configuration space. */
    void restore(DeviceState state) {
        if (msix != null) {
            msix.restore(state.state("msix").orElseThrow(() -> new DeviceException("its table of MSI-X vectors is not there")));
        }
    }

    boolean useMessages() {
        return msix != null && msix.enabled() || msi != null && msi.enabled();
    }

    void send(int vector) {
        Messages way = messages;
        // A message is a memory write, which the function may not do before software allows it.
        if (way == null || (config.get(Header.COMMAND) & Header.BUS_MASTER) == 0) {
            return;
        }
        if (msix != null && msix.enabled()) {
            msix.send(vector, way);
        } else if (msi != null && msi.enabled()) {
            msi.send(vector, way);
        }
    }

    /** Masks, enables or the command register may have changed. */
    void changed() {
        synchronized (this) {
            apply();
        }
        Messages way = messages;
        if (way == null || (config.get(Header.COMMAND) & Header.BUS_MASTER) == 0) {
            return;
        }
        if (msix != null && msix.enabled()) {
            msix.flush(way);
        } else if (msi != null && msi.enabled()) {
            msi.flush(way);
        }
    }

    /** The line: what the function wants. */
    @Override
    public synchronized void set(boolean wanted) {
        level = wanted;
        config.set(Header.STATUS, Header.INTERRUPT_STATUS, wanted);
        apply();
    }

    private void apply() {
        line.set(level && (config.get(Header.COMMAND) & Header.INTERRUPT_DISABLE) == 0 && !useMessages());
    }
}
