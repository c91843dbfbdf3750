package org.vm.isa.riscv.internal;

import java.util.function.Predicate;

/**
 * One control and status register. Its number says who may use it (bits 9:8) and whether it can be written (11:10 = 3);
 * {@code available} says what else has to hold, {@code exists} whether the hart has it at all.
 */
record Csr(int number, String name, Read read, Exchange exchange, Predicate<Hart> exists, Predicate<Hart> available) {
    interface Read {
        long of(Hart hart);
    }

    interface Write {
        void to(Hart hart, long value);
    }

    /** What {@code csrrs} and {@code csrrc} do. */
    interface Modify {
        void of(Hart hart, long set, long clear);
    }

    /** As {@link Modify}, returning the value before. */
    interface Exchange {
        long of(Hart hart, long set, long clear);
    }

    static Csr of(int number, String name, Read read, Write write) {
        return of(number, name, read, (hart, set, clear) -> {
            long before = read.of(hart);
            write.to(hart, before & ~clear | set);
            return before;
        });
    }

    /** A register that is read and changed in one step. */
    static Csr of(int number, String name, Read read, Exchange exchange) {
        return new Csr(number, name, read, exchange, hart -> true, hart -> true);
    }

    /** Reads as {@code value} whatever is written. */
    static Csr fixed(int number, String name, long value) {
        return of(number, name, hart -> value, (hart, ignored) -> {});
    }

    static Csr readOnly(int number, String name, Read read) {
        return of(number, name, read, (hart, ignored) -> {
            throw RiscvTrap.ILLEGAL_INSTRUCTION;
        });
    }

    Csr when(Predicate<Hart> condition) {
        return new Csr(number, name, read, exchange, exists, condition);
    }

    /** A register that only some harts have. */
    Csr ofHarts(Predicate<Hart> condition) {
        return new Csr(number, name, read, exchange, condition, available);
    }

    /** A register of which another thread may change bits meanwhile: only those that are named may be written. */
    Csr modifiedBy(Modify byBits) {
        return new Csr(number, name, read, (hart, set, clear) -> {
            long before = read.of(hart);
            byBits.of(hart, set, clear);
            return before;
        }, exists, available);
    }

    private int lowestPrivilege() {
        return number >> 8 & 3;
    }

    private boolean neverWritten() {
        return number >> 10 == 3;
    }

    void check(Hart hart, boolean write) {
        if (hart.status.privilege() < lowestPrivilege() || write && neverWritten() || !exists.test(hart)
                || !available.test(hart)) {
            throw RiscvTrap.ILLEGAL_INSTRUCTION;
        }
    }
}
