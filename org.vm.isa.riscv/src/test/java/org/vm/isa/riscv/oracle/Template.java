package org.vm.isa.riscv.oracle;

import java.util.LinkedHashMap;
import java.util.Map;
import org.vm.api.isa.Encoding;

/** An {@link Encoding}'s pattern, read to write instructions: every field gets the value that somebody chooses. */
final class Template {
    /** Chooses a field's value. */
    interface Chooser {
        /** @param mask bits that the encoding has room for */
        int choose(String field, int mask);
    }

    private record Field(int[] valueBits, int[] wordBits, int excluded) {
        int mask() {
            int mask = 0;
            for (int bit : valueBits) {
                mask |= 1 << bit;
            }
            return mask;
        }

        int place(int value) {
            int bits = 0;
            for (int i = 0; i < valueBits.length; i++) {
                bits |= (value >> valueBits[i] & 1) << wordBits[i];
            }
            return bits;
        }

        Field and(Field more) {
            return new Field(join(valueBits, more.valueBits), join(wordBits, more.wordBits),
                    Math.max(excluded, more.excluded));
        }

        private static int[] join(int[] a, int[] b) {
            int[] joined = java.util.Arrays.copyOf(a, a.length + b.length);
            System.arraycopy(b, 0, joined, a.length, b.length);
            return joined;
        }
    }

    private final Map<String, Field> fields = new LinkedHashMap<>();
    private final int length;
    private int literals;

    Template(Encoding encoding) {
        String[] words = encoding.value().trim().split("\\s+");
        int position = 0;
        for (String word : words) {
            position += width(word);
        }
        length = position / 8;
        for (String word : words) {
            int width = width(word);
            position -= width;
            if (word.matches("[01]+")) {
                literals |= Integer.parseUnsignedInt(word, 2) << position;
            } else {
                add(word, position, width);
            }
        }
    }

    private void add(String word, int position, int width) {
        int exclusion = word.indexOf("!=");
        int excluded = exclusion < 0 ? -1 : Integer.parseInt(word.substring(exclusion + 2));
        String field = exclusion < 0 ? word : word.substring(0, exclusion);
        String name = field.replaceAll("[='\\[:].*", "");
        int[] valueBits = valueBits(field, width);
        int[] wordBits = new int[width];
        for (int i = 0; i < width; i++) {
            wordBits[i] = position + width - 1 - i;
        }
        fields.merge(name, new Field(valueBits, wordBits, excluded), Field::and);
    }

    /** The bits of the value that a field holds, highest bit of the word first. */
    private static int[] valueBits(String field, int width) {
        if (!field.contains("[")) {
            return java.util.stream.IntStream.iterate(width - 1, bit -> bit >= 0, bit -> bit - 1).toArray();
        }
        java.util.stream.IntStream.Builder bits = java.util.stream.IntStream.builder();
        for (String part : field.substring(field.indexOf('[') + 1, field.indexOf(']')).split("\\|")) {
            String[] ends = part.split(":");
            for (int bit = Integer.parseInt(ends[0]); bit >= Integer.parseInt(ends[ends.length - 1]); bit--) {
                bits.add(bit);
            }
        }
        return bits.build().toArray();
    }

    private static int width(String word) {
        String field = word.replaceAll("!=.*", "");
        if (field.matches("[01]+")) {
            return field.length();
        }
        if (field.contains("[")) {
            return valueBits(field, 0).length;
        }
        if (field.contains(":")) {
            return Integer.parseInt(field.substring(field.indexOf(':') + 1));
        }
        return field.contains("'") ? 3 : 5;
    }

    /** Bytes of the instruction. */
    int length() {
        return length;
    }

    boolean has(String field) {
        return fields.containsKey(field);
    }

    /** The instruction; a value that the encoding excludes is asked for again. */
    int fill(Chooser chooser) {
        int bits = literals;
        for (Map.Entry<String, Field> entry : fields.entrySet()) {
            Field field = entry.getValue();
            int value;
            int tries = 0;
            do {
                value = chooser.choose(entry.getKey(), field.mask()) & field.mask();
                if (tries++ > 1000) {
                    throw new IllegalArgumentException(entry.getKey() + " = " + value + " is excluded");
                }
            } while (value == field.excluded);
            bits |= field.place(value);
        }
        return bits;
    }
}
