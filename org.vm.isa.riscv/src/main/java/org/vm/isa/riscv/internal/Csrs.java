package org.vm.isa.riscv.internal;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The table of all control and status registers of the architecture, and the accesses of Zicsr to it (Volume II, chapter 2). */
public final class Csrs {
    private static final Csr[] BY_NUMBER = new Csr[4096];
    private static final Map<String, Integer> NUMBERS;

    static {
        Map<String, Integer> numbers = new LinkedHashMap<>();
        for (List<Csr> group : List.of(FloatCsrs.ROWS, CounterCsrs.ROWS, SupervisorCsrs.ROWS, MachineCsrs.ROWS,
                AdvancedInterruptCsrs.ROWS)) {
            for (Csr csr : group) {
                BY_NUMBER[csr.number()] = csr;
                numbers.put(csr.name(), csr.number());
            }
        }
        NUMBERS = Collections.unmodifiableMap(numbers);
    }

    private Csrs() {}

    /** Numbers by name, for assembler and disassembler. */
    public static Map<String, Integer> numbers() {
        return NUMBERS;
    }

    public static long read(Hart hart, int number) {
        return find(hart, number, false).read().of(hart);
    }

    /** Writes; returns the value before. */
    public static long swap(Hart hart, int number, long value) {
        return modify(hart, number, value, ~value);
    }

    /** Sets and clears bits; returns the value before. */
    public static long modify(Hart hart, int number, long set, long clear) {
        long before = find(hart, number, true).exchange().of(hart, set, clear);
        hart.interrupts.recheck();
        return before;
    }

    private static Csr find(Hart hart, int number, boolean write) {
        Csr csr = BY_NUMBER[number & 0xFFF];
        if (csr == null) {
            csr = hart.addedCsrs().find(number & 0xFFF);
        }
        if (csr == null) {
            throw RiscvTrap.ILLEGAL_INSTRUCTION;
        }
        csr.check(hart, write);
        return csr;
    }

    /** All values, whoever may see them, for people who look. */
    static Map<String, Long> values(Hart hart) {
        Map<String, Long> values = new LinkedHashMap<>();
        values.put("privilege", (long) hart.status.privilege());
        NUMBERS.forEach((name, number) -> {
            Csr csr = BY_NUMBER[number];
            if (!name.contains("hpm") && !name.endsWith("ireg") && csr.exists().test(hart)) {
                values.put(name, csr.read().of(hart));
            }
        });
        hart.addedCsrs().numbers().forEach((name, number) -> values.put(name, hart.addedCsrs().find(number).read().of(hart)));
        return values;
    }
}
