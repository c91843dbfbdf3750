package org.vm.isa;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import java.util.regex.Matcher;
import org.vm.api.InvalidInstructionException;

/**
 * A parsed {@link org.vm.api.isa.Encoding#value()}.
 *
 * @param width  16 or 32
 * @param mask   bits that are fixed
 * @param match  their values
 * @param fields in order of their first bit
 */
record Pattern(int width, int mask, int match, List<Field> fields) {
    private static final java.util.regex.Pattern LITERAL = java.util.regex.Pattern.compile("[01]+");
    private static final java.util.regex.Pattern FIELD = java.util.regex.Pattern.compile(
            "(?<names>[A-Za-z]\\w*'?(?:=[A-Za-z]\\w*'?)*)(?:\\[(?<bits>[0-9:|]+)]|:(?<width>\\d+))?(?<not>(?:!=-?\\w+)*)");

    /** A set of encodings: those whose {@code mask} bits are {@code match}. */
    private record Cube(int mask, int match) {
        boolean meets(Cube other) {
            return ((match ^ other.match) & mask & other.mask) == 0;
        }
    }

    /**
     * @param registerWidth bits of a field without a width of its own, or 0 if it names no register
     * @throws InvalidInstructionException saying what is wrong, but not where
     */
    static Pattern parse(String text, ToIntFunction<String> registerWidth) {
        String[] words = text.strip().split("\\s+");
        int[] widths = new int[words.length];
        int width = 0;
        for (int i = 0; i < words.length; i++) {
            widths[i] = width(words[i], registerWidth);
            width += widths[i];
        }
        if (width != 16 && width != 32) {
            throw new InvalidInstructionException("it is " + width + " bits wide; 16 or 32 are possible");
        }
        int mask = 0;
        int match = 0;
        int top = width;
        Map<String, Field> fields = new LinkedHashMap<>();
        for (int i = 0; i < words.length; i++) {
            int low = top - widths[i];
            if (LITERAL.matcher(words[i]).matches()) {
                mask |= (int) ((1L << widths[i]) - 1) << low;
                match |= Integer.parseUnsignedInt(words[i], 2) << low;
            } else {
                Field field = field(words[i], top, widths[i]);
                fields.merge(field.names().getFirst(), field, Field::join);
            }
            top = low;
        }
        for (Field field : fields.values()) {
            check(field);
        }
        return new Pattern(width, mask, match, List.copyOf(fields.values()));
    }

    private static int width(String word, ToIntFunction<String> registerWidth) {
        if (LITERAL.matcher(word).matches()) {
            return word.length();
        }
        Matcher m = FIELD.matcher(word);
        if (!m.matches()) {
            throw new InvalidInstructionException("'" + word + "' is neither bits nor a field");
        }
        if (m.group("bits") != null) {
            int width = 0;
            for (String range : m.group("bits").split("\\|")) {
                String[] ends = range.split(":");
                width += Integer.parseInt(ends[0]) - Integer.parseInt(ends[ends.length - 1]) + 1;
            }
            return width;
        }
        if (m.group("width") != null) {
            return Integer.parseInt(m.group("width"));
        }
        String name = m.group("names").split("=")[0];
        if (name.endsWith("'")) {
            return 3;
        }
        int width = registerWidth.applyAsInt(name);
        if (width == 0) {
            throw new InvalidInstructionException("field '" + name + "' names no register and has no width; write '"
                    + name + ":<width>'");
        }
        return width;
    }

    private static Field field(String word, int top, int width) {
        Matcher m = FIELD.matcher(word);
        m.matches();
        boolean shortRegister = m.group("names").contains("'");
        List<String> names = List.of(m.group("names").replace("'", "").split("="));
        List<Field.Piece> pieces = new ArrayList<>();
        if (m.group("bits") == null) {
            pieces.add(new Field.Piece(top - width, 0, width));
        } else {
            for (String range : m.group("bits").split("\\|")) {
                String[] ends = range.split(":");
                int low = Integer.parseInt(ends[ends.length - 1]);
                int pieceWidth = Integer.parseInt(ends[0]) - low + 1;
                if (pieceWidth < 1) {
                    throw new InvalidInstructionException("bits '" + range + "' of '" + word + "' are in the wrong order");
                }
                top -= pieceWidth;
                pieces.add(new Field.Piece(top, low, pieceWidth));
            }
        }
        List<Long> excluded = new ArrayList<>();
        for (String value : m.group("not").split("!=")) {
            if (!value.isEmpty()) {
                excluded.add(Long.decode(value));
            }
        }
        return new Field(names, pieces, names.getFirst().startsWith("imm"), shortRegister ? 8 : 0, excluded);
    }

    private static void check(Field field) {
        long seen = 0;
        for (Field.Piece piece : field.pieces()) {
            long bits = (piece.mask() & 0xFFFF_FFFFL) << piece.valueLow();
            if ((seen & bits) != 0) {
                throw new InvalidInstructionException("bits of '" + field.names().getFirst() + "' occur twice");
            }
            seen |= bits;
        }
        long whole = -1L >>> 64 - field.bits() & -1L << field.lowest();
        if (seen != whole) {
            throw new InvalidInstructionException("'" + field.names().getFirst() + "' has no bit "
                    + Long.numberOfTrailingZeros(whole & ~seen));
        }
    }

    boolean matches(int encoding) {
        if ((encoding & mask) != match) {
            return false;
        }
        for (int i = 0; i < fields.size(); i++) {
            if (fields.get(i).excludes(encoding)) {
                return false;
            }
        }
        return true;
    }

    /** The field read under {@code name}, or {@code null}. */
    Field field(String name) {
        for (Field field : fields) {
            if (field.named(name)) {
                return field;
            }
        }
        return null;
    }

    /** Whether some encoding matches both. */
    boolean overlaps(Pattern other) {
        if (width != other.width || ((match ^ other.match) & mask & other.mask) != 0) {
            return false;
        }
        List<Cube> excluded = exclusions();
        excluded.addAll(other.exclusions());
        return remains(new Cube(mask | other.mask, match | other.match), excluded, 0);
    }

    private List<Cube> exclusions() {
        List<Cube> cubes = new ArrayList<>();
        for (Field field : fields) {
            for (long value : field.excluded()) {
                if (field.fits(value)) {
                    cubes.add(new Cube(field.mask(), field.insert(value)));
                }
            }
        }
        return cubes;
    }

    /** Whether anything of {@code cube} is left without {@code excluded[from…]}. */
    private static boolean remains(Cube cube, List<Cube> excluded, int from) {
        if (from == excluded.size()) {
            return true;
        }
        Cube hole = excluded.get(from);
        if (!cube.meets(hole)) {
            return remains(cube, excluded, from + 1);
        }
        // What is left of the cube is one smaller cube for each bit in which an encoding can differ from the hole.
        int mask = cube.mask;
        int match = cube.match;
        for (int free = hole.mask & ~cube.mask; free != 0; free &= free - 1) {
            int bit = Integer.lowestOneBit(free);
            if (remains(new Cube(mask | bit, match | ~hole.match & bit), excluded, from + 1)) {
                return true;
            }
            mask |= bit;
            match |= hole.match & bit;
        }
        return false;
    }
}
