package org.vm.isa.riscv.internal;

/**
 * {@code mcycle} and {@code minstret}, who may read the counters, and which stand still (Volume II, 3.1.10 to 3.1.12). A
 * cycle is an instruction; the hardware performance counters 3 to 31 are fixed at zero.
 */
public final class Counters {
    static final int CYCLE = 0;
    static final int TIME = 1;
    static final int INSTRET = 2;
    private static final long INHIBITABLE = 1 << CYCLE | 1 << INSTRET;

    private final Hart hart;
    private final Counter cycle = new Counter();
    private final Counter instret = new Counter();
    private long machineEnable;
    private long supervisorEnable;
    private long inhibit;

    Counters(Hart hart) {
        this.hart = hart;
    }

    /** Counts what the hart retires, from wherever it was set. */
    private final class Counter {
        private long offset;
        private long stopped;
        private boolean inhibited;

        private long read() {
            return inhibited ? stopped : hart.retired + offset;
        }

        /** The write takes effect after the writing instruction, which is not retired yet. */
        private void write(long value) {
            stopped = value;
            offset = value - hart.retired - 1;
        }

        private void inhibit(boolean stop) {
            if (stop && !inhibited) {
                stopped = read();
            } else if (!stop && inhibited) {
                offset = stopped - hart.retired;
            }
            inhibited = stop;
        }

        private void reset() {
            inhibited = false;
            offset = -hart.retired;
        }
    }

    void reset() {
        machineEnable = 0;
        supervisorEnable = 0;
        inhibit = 0;
        cycle.reset();
        instret.reset();
    }

    /** Whether the user-level counter may be read at the current level. */
    boolean readable(int counter) {
        long enable = switch (hart.status.privilege()) {
            case Privilege.MACHINE -> -1;
            case Privilege.SUPERVISOR -> machineEnable;
            default -> machineEnable & supervisorEnable;
        };
        return (enable >> counter & 1) != 0;
    }

    long cycle() {
        return cycle.read();
    }

    void cycle(long value) {
        cycle.write(value);
    }

    long instret() {
        return instret.read();
    }

    void instret(long value) {
        instret.write(value);
    }

    long machineEnable() {
        return machineEnable;
    }

    void machineEnable(long value) {
        machineEnable = value & 0xFFFF_FFFFL;
    }

    long supervisorEnable() {
        return supervisorEnable;
    }

    void supervisorEnable(long value) {
        supervisorEnable = value & 0xFFFF_FFFFL;
    }

    long inhibit() {
        return inhibit;
    }

    void inhibit(long value) {
        inhibit = value & INHIBITABLE;
        cycle.inhibit((inhibit >> CYCLE & 1) != 0);
        instret.inhibit((inhibit >> INSTRET & 1) != 0);
    }
}
