package org.vm.isa.riscv.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.vm.api.isa.CodeReader;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Decoder;
import org.vm.api.isa.EndsBlock;
import org.vm.api.isa.Operand;
import org.vm.api.isa.RegisterFile;
import org.vm.api.isa.Result;
import org.vm.api.isa.Row;
import org.vm.isa.InstructionTable;
import org.vm.isa.RowDecoder;

/**
 * What the floating-point unit's state makes of floating-point instructions: illegal while it is off; while it is on, but
 * not dirty, something that makes it dirty and has the instruction decoded anew. So no instruction looks at
 * {@code mstatus.FS} when it runs. And which accesses to control registers are plain ones ({@link PlainCsrs}), which depends
 * on the privilege level, too.
 */
public final class DecodingContext implements Decoder {
    static final int OFF = 0;
    static final int CLEAN = 1;
    static final int DIRTY = 2;
    /** Added to one of those above U-mode. */
    static final int PRIVILEGED = 3;

    private static final Row ILLEGAL = row("illegal");
    private static final List<DecodedRow> MAKE_DIRTY =
            List.of(new DecodedRow(row("make_dirty"), "make.dirty", 0, 0, new long[1], -1, 0));

    private final RowDecoder decoder;
    private final Set<Row> floatRows;
    private final PlainCsrs csrs;
    private final int context;

    private DecodingContext(RowDecoder decoder, Set<Row> floatRows, PlainCsrs csrs, int context) {
        this.decoder = decoder;
        this.floatRows = floatRows;
        this.csrs = csrs;
        this.context = context;
    }

    /** The decoders of all contexts, by their number. */
    static List<Decoder> decoders(InstructionTable table) {
        RowDecoder decoder = table.decoder(extension -> true, ILLEGAL);
        Set<Row> floatRows = table.rows().stream().filter(DecodingContext::isFloat).collect(Collectors.toSet());
        List<Decoder> decoders = new ArrayList<>();
        for (boolean privileged : new boolean[] {false, true}) {
            for (int context = OFF; context <= DIRTY; context++) {
                PlainCsrs csrs = new PlainCsrs(table.rows(), context == DIRTY, privileged);
                decoders.add(new DecodingContext(decoder, floatRows, csrs, context));
            }
        }
        return List.copyOf(decoders);
    }

    /** Bits that are no instruction, or none now. */
    @EndsBlock
    public static void illegal(Hart hart) {
        throw RiscvTrap.ILLEGAL_INSTRUCTION;
    }

    /** Retires nothing; the instruction at the same pc is decoded in the new context. */
    @EndsBlock
    public static void make_dirty(Hart hart) {
        hart.markFloatDirty();
    }

    @Override
    public List<DecodedRow> decode(CodeReader code, long pc) {
        DecodedRow row = decoder.decodeRow(code, pc);
        if (context == DIRTY || !floatRows.contains(row.row())) {
            return List.of(csrs.of(row));
        }
        return context == CLEAN ? MAKE_DIRTY
                : List.of(new DecodedRow(ILLEGAL, row.mnemonic(), row.bits(), row.length(), new long[1], -1, 0));
    }

    private static boolean isFloat(Row row) {
        RegisterFile written = row.result() instanceof Result.Write w ? w.file() : null;
        return written == RegisterFiles.F || row.operands().stream()
                .anyMatch(operand -> operand instanceof Operand.Register r && r.file() == RegisterFiles.F);
    }

    private static Row row(String method) {
        try {
            return InstructionTable.row(DecodingContext.class.getMethod(method, Hart.class));
        } catch (NoSuchMethodException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }
}
