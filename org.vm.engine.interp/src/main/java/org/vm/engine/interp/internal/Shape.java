package org.vm.engine.interp.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Operand;
import org.vm.api.isa.RegisterFile;
import org.vm.api.isa.Result;
import org.vm.api.isa.Row;

/**
 * What a generated class is made for: rows to execute one after another, and which of their register operands are the
 * same register.
 *
 * @param rows     the rows
 * @param registers for each register operand and destination, in order: the number of the register among those of the
 *                 shape, {@link #ZERO} or {@link #NOWHERE}
 * @param falls    whether the operation returns the address that follows it, since it ends its block without a branch
 */
record Shape(List<Row> rows, List<Integer> registers, boolean falls) {
    /** A register that always reads as zero. */
    static final int ZERO = -1;
    /** A destination whose value is lost. */
    static final int NOWHERE = -2;
    /** Addresses that a result needs: of a branch, where it goes and where not. */
    private static final int MAX_RESULT_VALUES = 2;

    /** A shape and what one operation of it is made from. */
    record Instance(Shape shape, int[] slots, long[] values) {}

    /** A single row; all its registers count as different, so that there is one class for each row. */
    static Shape single(Row row) {
        int count = row.destinationFile() == null ? 0 : 1;
        for (Operand operand : row.operands()) {
            if (operand instanceof Operand.Register) {
                count++;
            }
        }
        return new Shape(List.of(row), IntStream.range(0, count).boxed().toList(), false);
    }

    /** The slots of an operation of a single row. */
    static int[] slots(DecodedRow decoded) {
        int[] slots = new int[decoded.values().length + 1];
        int count = 0;
        List<Operand> operands = decoded.row().operands();
        for (int i = 0; i < operands.size(); i++) {
            if (operands.get(i) instanceof Operand.Register) {
                slots[count++] = (int) decoded.values()[i];
            }
        }
        RegisterFile file = decoded.row().destinationFile();
        if (file != null) {
            slots[count++] = destination(decoded, file);
        }
        return slots;
    }

    /** The values of an operation of a single row. */
    static long[] values(DecodedRow decoded, long pc) {
        long[] values = new long[decoded.values().length + MAX_RESULT_VALUES];
        append(decoded, pc, false, values, 0);
        return values;
    }

    /** Several rows; the shape knows which registers are equal, zero or never read. */
    static Instance fused(List<DecodedRow> rows, long[] pcs, boolean falls) {
        List<Integer> slots = new ArrayList<>();
        List<Integer> registers = new ArrayList<>();
        for (DecodedRow row : rows) {
            forEachRegister(row, (slot, file) -> {
                if (file.zero() >= 0 && slot == file.source(file.zero())) {
                    registers.add(ZERO);
                } else if (file.zero() >= 0 && slot == file.sink()) {
                    registers.add(NOWHERE);
                } else {
                    int known = slots.indexOf(slot);
                    registers.add(known >= 0 ? known : slots.size());
                    if (known < 0) {
                        slots.add(slot);
                    }
                }
            });
        }
        Shape shape = new Shape(rows.stream().map(DecodedRow::row).toList(), List.copyOf(registers), falls);
        return new Instance(shape, array(slots), values(rows, pcs, falls));
    }

    private interface RegisterVisitor {
        void visit(int slot, RegisterFile file);
    }

    private static void forEachRegister(DecodedRow decoded, RegisterVisitor visitor) {
        List<Operand> operands = decoded.row().operands();
        for (int i = 0; i < operands.size(); i++) {
            if (operands.get(i) instanceof Operand.Register r) {
                visitor.visit((int) decoded.values()[i], r.file());
            }
        }
        RegisterFile file = decoded.row().destinationFile();
        if (file != null) {
            visitor.visit(destination(decoded, file), file);
        }
    }

    /** A row may have a destination that this encoding lacks. */
    private static int destination(DecodedRow decoded, RegisterFile file) {
        return decoded.destination() >= 0 ? decoded.destination() : file.sink();
    }

    private static long[] values(List<DecodedRow> rows, long[] pcs, boolean falls) {
        int most = 0;
        for (DecodedRow row : rows) {
            most += row.values().length + MAX_RESULT_VALUES;
        }
        long[] values = new long[most];
        int count = 0;
        for (int i = 0; i < rows.size(); i++) {
            count = append(rows.get(i), pcs[i], falls && i == rows.size() - 1, values, count);
        }
        return values;
    }

    /**
     * Puts everything but registers behind {@code count} values, in the order in which the generated code reads it.
     *
     * @return the number of values then
     */
    private static int append(DecodedRow decoded, long pc, boolean falls, long[] values, int count) {
        Row row = decoded.row();
        List<Operand> operands = row.operands();
        for (int i = 0; i < operands.size(); i++) {
            switch (operands.get(i)) {
                case Operand.Immediate _ -> values[count++] = decoded.values()[i];
                case Operand.Pc _ -> values[count++] = pc;
                case Operand.Length _ -> values[count++] = decoded.length();
                case Operand.Bits _ -> values[count++] = decoded.bits() & 0xFFFF_FFFFL;
                case Operand.Register _, Operand.State _, Operand.Memory _ -> { }
            }
        }
        long following = pc + decoded.length();
        switch (row.result()) {
            case Result.Branch _ -> {
                values[count++] = pc + decoded.displacement();
                values[count++] = following;
            }
            case Result.Jump jump -> {
                if (jump.file() != null) {
                    values[count++] = following;
                }
            }
            default -> {
                if (row.endsBlock() || falls) {
                    values[count++] = following;
                }
            }
        }
        return count;
    }

    private static int[] array(List<Integer> list) {
        int[] array = new int[list.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = list.get(i);
        }
        return array;
    }
}
