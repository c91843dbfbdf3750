package org.vm.api.device;

import java.lang.foreign.MemorySegment;

/**
 * The end of a device that a DMA engine feeds: a FIFO, a line to an amplifier. As an OSGi service it carries the
 * properties {@code vm} (its machine) and {@code port} (the number that the guest knows it by). Any thread.
 */
public interface DmaPort {
    /** Takes bytes, as many as there is room for; never blocks, keeps nothing of {@code data}. @return bytes taken */
    int take(MemorySegment data);

    /** Calls {@code action} once when there is room, at once if there is already; replaces an earlier one. */
    void whenRoom(Runnable action);
}
