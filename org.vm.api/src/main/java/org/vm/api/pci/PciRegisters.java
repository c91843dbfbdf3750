package org.vm.api.pci;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Registers of a PCI function: what lies behind a BAR, or the body of a capability.
 *
 * <p>{@link #read} and {@link #write} are called on vCPU threads, several at once: they must not block, allocate, log
 * or throw. A register that does not exist, or an access of a wrong width, reads zero and ignores writes.
 */
@ConsumerType
public interface PciRegisters {
    /** Bytes; accesses lie wholly within them. */
    long size();

    /** @param width 1, 2, 4 or 8 bytes */
    long read(long offset, int width);

    /** @param value zero-extended from {@code width} bytes */
    void write(long offset, int width, long value);

    /**
     * What is read there once the function was pulled, until software has switched its slot off: all ones, as where nobody
     * answers. For drivers that would wait for ever because of that, something else.
     */
    default long gone(int width) {
        return width == 8 ? -1 : (1L << 8 * width) - 1;
    }

    /** Little-endian bytes that never change. */
    static PciRegisters constant(byte... bytes) {
        byte[] kept = bytes.clone();
        return new PciRegisters() {
            @Override
            public long size() {
                return kept.length;
            }

            @Override
            public long read(long offset, int width) {
                long value = 0;
                for (int i = width - 1; i >= 0; i--) {
                    value = value << 8 | kept[(int) offset + i] & 0xFF;
                }
                return value;
            }

            @Override
            public void write(long offset, int width, long value) {
                // Constant.
            }
        };
    }
}
