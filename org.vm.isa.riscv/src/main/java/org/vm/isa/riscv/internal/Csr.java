package org.vm.isa.riscv.internal;

import java.util.function.Predicate;

/**
 * One control and status register. Its number says who may use it (bits 9:8) and whether it can be written (11:10 = 3);
 * {@code available} says what else has to hold.
 */
record Csr(int number, String name, Read read, Write write, Modify modify, Predicate<Hart> available) {
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

    static Csr of(int number, String name, Read read, Write write) {
        Modify modify = (hart, set, clear) -> write.to(hart, read.of(hart) & ~clear | set);
        return new Csr(number, name, read, write, modify, hart -> true);
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
        return new Csr(number, name, read, write, modify, condition);
    }

    /** A register of which another thread may change bits meanwhile: only those that are named may be written. */
    Csr modifiedBy(Modify byBits) {
        return new Csr(number, name, read, (hart, value) -> byBits.of(hart, value, ~value), byBits, available);
    }

    private int lowestPrivilege() {
        return number >> 8 & 3;
    }

    private boolean neverWritten() {
        return number >> 10 == 3;
    }

    void check(Hart hart, boolean write) {
        if (hart.status.privilege() < lowestPrivilege() || write && neverWritten() || !available.test(hart)) {
            throw RiscvTrap.ILLEGAL_INSTRUCTION;
        }
    }
}
