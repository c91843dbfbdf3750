package org.vm.isa.riscv.internal.instructions;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Row;
import org.vm.isa.riscv.internal.Hart;

/**
 * What Zicsr's instructions mean for {@code fflags} while the floating-point unit is dirty: nothing is refused then, and nothing
 * changes but the flags, so they need not end blocks as accesses to other registers do. Compilers put {@code frflags} and
 * {@code fsflags} around each comparison that must not raise them (The RISC-V Instruction Set Manual, Volume I, 20.2).
 */
public final class FloatFlags {
    private static final int FFLAGS = 1;
    private static final int CSR_LOW = 20;
    private static final int RS1_LOW = 15;
    private static final int RS1 = 31;

    /** Rows that only read if {@code rs1} is x0, as rows that read the flags. */
    private final Map<Row, Row> reading = new HashMap<>();
    /** Rows that write, as rows that write the flags. */
    private final Map<Row, Row> writing = new HashMap<>();

    /** @param rows those of the instruction set */
    public FloatFlags(List<Row> rows) {
        for (Row row : rows) {
            if (row.method().getDeclaringClass() == Zicsr.class) {
                switch (row.name()) {
                    case "csrrs", "csrrc" -> reading.put(row, as(row, "read"));
                    case "csrrw", "csrrwi" -> writing.put(row, as(row, "swap"));
                    default -> {
                        // Sets or clears single flags: it may as well take its time.
                    }
                }
            }
        }
    }

    private static Row as(Row row, String name) {
        Method method = Arrays.stream(FloatFlags.class.getMethods()).filter(m -> m.getName().equals(name)).findFirst().orElseThrow();
        return new Row(row.name(), row.extension(), method, row.operands(), row.result(), false);
    }

    /** The same instruction, as it can be run while the unit is dirty. */
    public DecodedRow whileDirty(DecodedRow decoded) {
        if (decoded.bits() >>> CSR_LOW != FFLAGS) {
            return decoded;
        }
        Row row = (decoded.bits() >> RS1_LOW & RS1) == 0 && reading.containsKey(decoded.row()) ? reading.get(decoded.row())
                : writing.get(decoded.row());
        return row == null ? decoded : new DecodedRow(row, decoded.mnemonic(), decoded.bits(), decoded.length(),
                decoded.values(), decoded.destination(), decoded.displacement());
    }

    public static long read(Hart hart, int csr, long rs1, int bits) {
        return hart.fpu.fflags();
    }

    public static long swap(Hart hart, int csr, long value) {
        long before = hart.fpu.fflags();
        hart.fpu.fflags(value);
        return before;
    }
}
