package org.vm.api.device;

/**
 * A device with registers in physical address space. It sees offsets, never addresses.
 *
 * <p>As an OSGi service it carries the properties {@code vm} (name of its machine), {@code base} (address, or absent:
 * the machine chooses) and {@code irq} (interrupt source, absent: the machine chooses, 0: none).
 *
 * <p>{@link #read} and {@link #write} are called on vCPU threads, several at once: they must not block, allocate, log
 * or throw. A register that does not exist, or an access of a wrong width, reads zero and ignores writes.
 */
public interface MmioDevice extends Device {
    /** Bytes of address space. */
    long size();

    /** Called once before the first access, with all that the device may touch. */
    void attach(DeviceContext context);

    /** Called once after the last access: stop workers, lower lines, let go of everything. */
    void detach();

    /** @param width 1, 2, 4 or 8 bytes; {@code offset} need not be a multiple of it */
    long read(long offset, int width);

    /** @param value zero-extended from {@code width} bytes */
    void write(long offset, int width, long value);
}
