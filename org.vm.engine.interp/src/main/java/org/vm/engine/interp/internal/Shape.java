package org.vm.engine.interp.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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

    /** A shape and what one operation of it is made from. */
    record Instance(Shape shape, int[] slots, long[] values) {}

    /** A single row; all its registers count as different, so that there is one class for each row. */
    static Instance single(DecodedRow row, long pc) {
        List<Integer> slots = new ArrayList<>(4);
        List<Integer> registers = new ArrayList<>(4);
        forEachRegister(row, (slot, file) -> {
            registers.add(slots.size());
            slots.add(slot);
        });
        long[] values = values(List.of(row), new long[] {pc}, false);
        return new Instance(new Shape(List.of(row.row()), registers, false), array(slots), values);
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
        RegisterFile file = destinationFile(decoded.row());
        if (file != null) {
            // A row may have a destination that this encoding lacks.
            visitor.visit(decoded.destination() >= 0 ? decoded.destination() : file.sink(), file);
        }
    }

    static RegisterFile destinationFile(Row row) {
        return switch (row.result()) {
            case Result.Write w -> w.file();
            case Result.Jump j -> j.file();
            default -> null;
        };
    }

    /** Everything but registers, in the order in which the generated code reads it. */
    private static long[] values(List<DecodedRow> rows, long[] pcs, boolean falls) {
        long[] values = new long[16];
        int count = 0;
        for (int i = 0; i < rows.size(); i++) {
            DecodedRow decoded = rows.get(i);
            Row row = decoded.row();
            values = Arrays.copyOf(values, count + row.operands().size() + 3);
            for (int o = 0; o < row.operands().size(); o++) {
                switch (row.operands().get(o)) {
                    case Operand.Immediate _ -> values[count++] = decoded.values()[o];
                    case Operand.Pc _ -> values[count++] = pcs[i];
                    case Operand.Length _ -> values[count++] = decoded.length();
                    case Operand.Bits _ -> values[count++] = decoded.bits() & 0xFFFF_FFFFL;
                    case Operand.Register _, Operand.State _, Operand.Memory _ -> { }
                }
            }
            long following = pcs[i] + decoded.length();
            switch (row.result()) {
                case Result.Branch _ -> {
                    values[count++] = pcs[i] + decoded.displacement();
                    values[count++] = following;
                }
                case Result.Jump jump -> {
                    if (jump.file() != null) {
                        values[count++] = following;
                    }
                }
                default -> {
                    if (row.endsBlock() || falls && i == rows.size() - 1) {
                        values[count++] = following;
                    }
                }
            }
        }
        return Arrays.copyOf(values, count);
    }

    private static int[] array(List<Integer> list) {
        int[] array = new int[list.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = list.get(i);
        }
        return array;
    }
}
