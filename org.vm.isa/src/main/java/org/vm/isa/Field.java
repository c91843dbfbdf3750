package org.vm.isa;

import java.util.ArrayList;
import java.util.List;

/**
 * A value inside an encoding: where its bits lie, and how they make the value.
 *
 * @param names    under which it is read ({@code rd=rs1} has two); the first one is its own
 * @param pieces   runs of bits
 * @param signed   sign-extended from its highest bit
 * @param offset   added to the bits (8 for the short register fields)
 * @param excluded values that make the encoding somebody else's
 */
record Field(List<String> names, List<Piece> pieces, boolean signed, int offset, List<Long> excluded) {
    /** {@code width} bits, from bit {@code low} of the encoding to bit {@code valueLow} of the value. */
    record Piece(int low, int valueLow, int width) {
        int mask() {
            return width == 32 ? -1 : (1 << width) - 1;
        }
    }

    Field {
        names = List.copyOf(names);
        pieces = List.copyOf(pieces);
        excluded = List.copyOf(excluded);
    }

    boolean named(String name) {
        return names.contains(name);
    }

    /** Number of the value's highest bit, plus one. */
    int bits() {
        int bits = 0;
        for (int i = 0; i < pieces.size(); i++) {
            Piece piece = pieces.get(i);
            bits = Math.max(bits, piece.valueLow + piece.width);
        }
        return bits;
    }

    /** Number of the value's lowest bit that the encoding holds. */
    int lowest() {
        int lowest = 64;
        for (Piece piece : pieces) {
            lowest = Math.min(lowest, piece.valueLow);
        }
        return lowest;
    }

    /** Bits of the encoding that belong to this field. */
    int mask() {
        int mask = 0;
        for (Piece piece : pieces) {
            mask |= piece.mask() << piece.low;
        }
        return mask;
    }

    long extract(int encoding) {
        long value = 0;
        // Without an iterator: code is decoded while a guest waits for it.
        for (int i = 0; i < pieces.size(); i++) {
            Piece piece = pieces.get(i);
            value |= (encoding >>> piece.low & piece.mask() & 0xFFFF_FFFFL) << piece.valueLow;
        }
        if (signed) {
            int unused = 64 - bits();
            value = value << unused >> unused;
        }
        return value + offset;
    }

    /** Whether the field's value makes the encoding somebody else's. */
    boolean excludes(int encoding) {
        return !excluded.isEmpty() && excluded.contains(extract(encoding));
    }

    /** The bits that stand for {@code value}, if it can be expressed ({@link #fits}). */
    int insert(long value) {
        int encoding = 0;
        for (Piece piece : pieces) {
            encoding |= ((int) (value - offset >>> piece.valueLow) & piece.mask()) << piece.low;
        }
        return encoding;
    }

    boolean fits(long value) {
        return extract(insert(value)) == value;
    }

    /** Parts of one name, joined. */
    static Field join(Field a, Field b) {
        List<Piece> pieces = new ArrayList<>(a.pieces);
        pieces.addAll(b.pieces);
        List<Long> excluded = new ArrayList<>(a.excluded);
        excluded.addAll(b.excluded);
        return new Field(a.names, pieces, a.signed, a.offset, excluded);
    }
}
