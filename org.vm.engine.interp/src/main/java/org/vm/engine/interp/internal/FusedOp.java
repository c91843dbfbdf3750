package org.vm.engine.interp.internal;

/** An operation of several rows. */
public abstract class FusedOp extends Op {
    /** Row that raised the last trap; written on that path only. */
    public int position;

    @Override
    public final int position() {
        return position;
    }
}
