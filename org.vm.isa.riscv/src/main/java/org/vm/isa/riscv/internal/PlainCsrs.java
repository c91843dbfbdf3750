package org.vm.isa.riscv.internal;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Row;
import org.vm.isa.riscv.internal.instructions.Zicsr;

/**
 * What Zicsr's instructions mean for registers where, in some contexts, nothing is refused and nothing changes but the register: so they
 * need not end blocks as other accesses do. Those are {@code fflags} while the floating-point unit is dirty, which compilers read
 * and write around each comparison that must not raise flags (The RISC-V Instruction Set Manual, Volume I, 20.2), and above U-mode
 * what a kernel uses when it is entered and left, and {@code sstatus} to be read, or for interrupts to be switched off (Volume II, 12.1).
 */
public final class PlainCsrs {
    private static final List<String> SUPERVISOR = List.of("sscratch", "sepc", "scause", "stval");
    private static final int OPCODE = 0x7F;
    private static final int SYSTEM = 0x73;
    private static final int CSR_LOW = 20;
    private static final int RS1_LOW = 15;
    private static final int RS1 = 31;

    private record Use(Row row, int csr) {}

    /** Rows that only read if {@code rs1} is x0. */
    private final Map<Use, Row> reading = new HashMap<>();
    private final Map<Use, Row> writing = new HashMap<>();
    /** Rows that clear bits which the instruction tells. */
    private final Map<Use, Row> clearing = new HashMap<>();

    /**
     * @param rows       those of the instruction set
     * @param dirty      whether the floating-point unit is
     * @param privileged whether the privilege level is above U-mode
     */
    PlainCsrs(List<Row> rows, boolean dirty, boolean privileged) {
        for (Row row : rows) {
            if (row.method().getDeclaringClass() == Zicsr.class) {
                if (dirty) {
                    add(row, "fflags");
                }
                if (privileged) {
                    SUPERVISOR.forEach(csr -> add(row, csr));
                    switch (row.name()) {
                        case "csrrs", "csrrc" -> reading.put(use(row, "sstatus"), as(row, "sstatus"));
                        case "csrrci" -> clearing.put(use(row, "sstatus"), as(row, "disableInterrupts"));
                        default -> {
                            // May switch interrupts on, or change what code means.
                        }
                    }
                }
            }
        }
    }

    private void add(Row row, String csr) {
        switch (row.name()) {
            case "csrrs", "csrrc" -> reading.put(use(row, csr), as(row, csr));
            case "csrrw", "csrrwi" -> writing.put(use(row, csr), as(row, csr));
            default -> {
                // Sets or clears single bits: it may as well take its time.
            }
        }
    }

    private static Use use(Row row, String csr) {
        return new Use(row, Csrs.numbers().get(csr));
    }

    /** The method of that name which takes what the row has. */
    private static Row as(Row row, String name) {
        Method method = Arrays.stream(PlainCsrs.class.getMethods())
                .filter(m -> m.getName().equals(name) && m.getParameterCount() == row.operands().size()).findFirst().orElseThrow();
        return new Row(row.name(), row.extension(), method, row.operands(), row.result(), false);
    }

    /** The same instruction, as it can be run in this context. */
    DecodedRow of(DecodedRow decoded) {
        if ((decoded.bits() & OPCODE) != SYSTEM) {
            return decoded;
        }
        Use use = new Use(decoded.row(), decoded.bits() >>> CSR_LOW);
        int rs1 = decoded.bits() >> RS1_LOW & RS1;
        Row row = writing.get(use);
        if (row == null && rs1 == 0) {
            row = reading.get(use);
        }
        if (row == null && rs1 == Status.SIE) {
            row = clearing.get(use);
        }
        return row == null ? decoded : new DecodedRow(row, decoded.mnemonic(), decoded.bits(), decoded.length(),
                decoded.values(), decoded.destination(), decoded.displacement());
    }

    // Each register's method with rs1 and bits reads, that with a value alone exchanges.

    public static long fflags(Hart hart, int csr, long rs1, int bits) {
        return hart.fpu.fflags();
    }

    public static long fflags(Hart hart, int csr, long value) {
        long before = hart.fpu.fflags();
        hart.fpu.fflags(value);
        return before;
    }

    public static long sscratch(Hart hart, int csr, long rs1, int bits) {
        return hart.traps.supervisor.scratch;
    }

    public static long sscratch(Hart hart, int csr, long value) {
        long before = hart.traps.supervisor.scratch;
        hart.traps.supervisor.scratch = value;
        return before;
    }

    public static long sepc(Hart hart, int csr, long rs1, int bits) {
        return hart.traps.supervisor.epc;
    }

    public static long sepc(Hart hart, int csr, long value) {
        long before = hart.traps.supervisor.epc;
        hart.traps.supervisor.epc(value);
        return before;
    }

    public static long scause(Hart hart, int csr, long rs1, int bits) {
        return hart.traps.supervisor.cause;
    }

    public static long scause(Hart hart, int csr, long value) {
        long before = hart.traps.supervisor.cause;
        hart.traps.supervisor.cause = value;
        return before;
    }

    public static long stval(Hart hart, int csr, long rs1, int bits) {
        return hart.traps.supervisor.value;
    }

    public static long stval(Hart hart, int csr, long value) {
        long before = hart.traps.supervisor.value;
        hart.traps.supervisor.value = value;
        return before;
    }

    public static long sstatus(Hart hart, int csr, long rs1, int bits) {
        return hart.status.readSupervisor();
    }

    /** Clears {@code sstatus.SIE}. */
    public static long disableInterrupts(Hart hart, int csr, long bits) {
        long before = hart.status.readSupervisor();
        hart.status.disableInterrupts();
        return before;
    }
}
