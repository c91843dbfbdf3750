package org.vm.isa;

import java.util.List;
import java.util.function.IntUnaryOperator;
import org.vm.api.isa.CodeReader;
import org.vm.api.isa.DecodedRow;
import org.vm.api.isa.Decoder;
import org.vm.api.isa.Row;

/** Decodes one instruction to one row. Immutable. */
public final class RowDecoder implements Decoder {
    private final IntUnaryOperator length;
    private final DecodeTree short16;
    private final DecodeTree long32;
    private final Row illegal;

    RowDecoder(List<Form> forms, IntUnaryOperator length, Row illegal) {
        this.length = length;
        this.short16 = DecodeTree.of(forms.stream().filter(f -> f.pattern.width() == 16).toList());
        this.long32 = DecodeTree.of(forms.stream().filter(f -> f.pattern.width() == 32).toList());
        this.illegal = illegal;
    }

    @Override
    public List<DecodedRow> decode(CodeReader code, long pc) {
        return List.of(decodeRow(code, pc));
    }

    /** As {@link #decode(CodeReader, long)}: the one row. */
    public DecodedRow decodeRow(CodeReader code, long pc) {
        int bits = code.fetch16(pc);
        int bytes = length.applyAsInt(bits);
        return decode(bytes == 2 ? bits : bits | code.fetch16(pc + 2) << 16, bytes);
    }

    /** The row of an encoding that is {@code length} (2 or 4) bytes long; the illegal row if it is none. */
    public DecodedRow decode(int bits, int length) {
        Form form = (length == 2 ? short16 : long32).find(bits);
        return form != null ? form.decode(bits, length)
                : new DecodedRow(illegal, illegal.name(), bits, length, new long[illegal.operands().size()], -1, 0);
    }
}
