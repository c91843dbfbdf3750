package org.vm.api.cpu;

import java.util.List;
import org.vm.api.time.MachineClock;

/** What a CPU may ask of the machine around it (timers, firmware calls, power). */
public interface CpuPlatform {
    MachineClock clock();

    /** Ticks a second of the architecture's time counter. */
    long timebase();

    /** All CPUs of the machine, by {@link Cpu#id}; complete once the machine runs. */
    List<? extends Cpu> cpus();

    /** Whether the monitor itself answers firmware calls (built-in SBI), or firmware runs in the guest. */
    boolean builtinFirmware();

    /** Ends the machine. Returns at once. @param status 0 for an orderly power-off */
    void powerOff(int status);

    /** Restarts the machine. Returns at once. */
    void reset();

    /** Writes a byte to the firmware's console. Never blocks. */
    void debugWrite(byte value);

    /** Reads a byte from the firmware's console, or -1. Never blocks. */
    int debugRead();
}
