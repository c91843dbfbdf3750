package org.vm.device.pci.internal;

import org.vm.api.pci.PciRegisters;

/** Registers of whichever function is at a place: behind a BAR of it, or in a capability. */
final class FunctionRegisters implements PciRegisters {
    private final Gate gate;
    private final long size;
    /** {@code null}: nobody is there. */
    private volatile PciRegisters now;

    FunctionRegisters(Gate gate, PciRegisters first) {
        this.gate = gate;
        size = first.size();
        now = first;
    }

    /** @param next {@code null}: nobody's */
    void of(PciRegisters next) {
        now = next;
    }

    /** Those of the first function; no successor has more. */
    @Override
    public long size() {
        return size;
    }

    @Override
    public long read(long offset, int width) {
        while (gate.pass()) {
            PciRegisters there = now;
            if (there == null) {
                break;
            }
            try {
                return offset <= there.size() - width ? there.read(offset, width) : 0;
            } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
                if (!gate.fault(e)) {
                    throw e;
                }
            }
        }
        return gone(width);
    }

    @Override
    public void write(long offset, int width, long value) {
        while (gate.pass()) {
            PciRegisters there = now;
            if (there == null) {
                return;
            }
            try {
                if (offset <= there.size() - width) {
                    there.write(offset, width, value);
                }
                return;
            } catch (RuntimeException | LinkageError | StackOverflowError | AssertionError e) {
                if (!gate.fault(e)) {
                    throw e;
                }
            }
        }
    }

    @Override
    public long gone(int width) {
        PciRegisters there = now;
        return there == null ? AddressWindow.allOnes(width) : there.gone(width);
    }
}
