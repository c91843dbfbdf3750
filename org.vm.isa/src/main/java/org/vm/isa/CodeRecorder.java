package org.vm.isa;

import java.util.Arrays;
import org.vm.api.isa.CodeReader;

/**
 * Reads each parcel of some code once, and remembers it: so what was decoded is what is compared with memory later, even
 * if somebody stores there meanwhile.
 */
public final class CodeRecorder implements CodeReader {
    private final CodeReader memory;
    private final long start;
    private short[] parcels = new short[32];
    private int count;

    /** @param start address of the first parcel; none before it is read */
    public CodeRecorder(CodeReader memory, long start) {
        this.memory = memory;
        this.start = start;
    }

    @Override
    public int fetch16(long address) {
        int i = (int) (address - start >> 1);
        while (count <= i) {
            int parcel = memory.fetch16(start + 2L * count);
            if (count == parcels.length) {
                parcels = Arrays.copyOf(parcels, 2 * count);
            }
            parcels[count++] = (short) parcel;
        }
        return parcels[i] & 0xFFFF;
    }

    /** The address behind what was read. */
    public long end() {
        return start + 2L * count;
    }

    /** The parcels before {@code end}. */
    public short[] parcels(long end) {
        return Arrays.copyOf(parcels, (int) (end - start >> 1));
    }
}
