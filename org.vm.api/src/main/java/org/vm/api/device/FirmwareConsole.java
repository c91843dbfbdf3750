package org.vm.api.device;

/** A device that the monitor's built-in firmware can print on and read from, beside the guest's driver. Any thread; never blocks. */
public interface FirmwareConsole {
    void debugWrite(byte value);

    /** @return the next byte that was typed, or -1 */
    int debugRead();
}
