package org.vm.api.backend;

import java.lang.foreign.MemorySegment;

/** Random bytes for guests. */
public interface EntropySource {
    /** Fills the segment; may block; worker threads only. */
    void fill(MemorySegment into);
}
