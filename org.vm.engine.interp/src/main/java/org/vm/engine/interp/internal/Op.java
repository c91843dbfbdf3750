package org.vm.engine.interp.internal;

import org.vm.api.cpu.Cpu;

/**
 * One operation of a block. Its classes are generated, one for each shape ({@link Shape}); what differs between two
 * operations of a shape (register slots, immediates, addresses) is in the final fields of the object.
 */
public abstract class Op {
    /**
     * Does it.
     *
     * @return the next pc if this operation ends its block; otherwise nothing in particular
     * @throws org.vm.api.cpu.GuestTrap from one of its rows; see {@link #position()}
     */
    public abstract long exec(long[] registers, Cpu cpu);

    /** Another operation of this shape. */
    public abstract Op create(int[] slots, long[] values);

    /** After a trap: which of the operation's rows raised it. */
    public int position() {
        return 0;
    }
}
