package org.vm.isa;

import java.util.ArrayList;
import java.util.List;
import org.vm.api.InvalidInstructionException;

/** Source text of the assembler: comments, statements, operands, strings. */
final class Text {
    private Text() {}

    /** The statements of a line, without comments: {@code #}, {@code //}; {@code ;} separates. */
    static List<String> statements(String line) {
        List<String> statements = new ArrayList<>();
        int start = 0;
        int i = 0;
        for (; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '"' || c == '\'') {
                i = skipQuoted(line, i);
            } else if (c == '#' || c == '/' && line.startsWith("//", i)) {
                break;
            } else if (c == ';') {
                statements.add(line.substring(start, i).strip());
                start = i + 1;
            }
        }
        statements.add(line.substring(start, Math.min(i, line.length())).strip());
        return statements;
    }

    /** Splits at commas outside parentheses and quotes. */
    static List<String> operands(String text) {
        List<String> operands = new ArrayList<>();
        if (text.isBlank()) {
            return operands;
        }
        int depth = 0;
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            switch (text.charAt(i)) {
                case '(' -> depth++;
                case ')' -> depth--;
                case '"', '\'' -> i = skipQuoted(text, i);
                case ',' -> {
                    if (depth == 0) {
                        operands.add(text.substring(start, i).strip());
                        start = i + 1;
                    }
                }
                default -> { }
            }
        }
        operands.add(text.substring(start).strip());
        return operands;
    }

    private static int skipQuoted(String text, int from) {
        char quote = text.charAt(from);
        for (int i = from + 1; i < text.length(); i++) {
            if (text.charAt(i) == '\\') {
                i++;
            } else if (text.charAt(i) == quote) {
                return i;
            }
        }
        throw new InvalidInstructionException("a quotation mark is not closed");
    }

    /** The contents of a string in quotation marks. */
    static String string(String operand) {
        if (operand.length() < 2 || operand.charAt(0) != '"' || !operand.endsWith("\"")) {
            throw new InvalidInstructionException("'" + operand + "' is no string in quotation marks");
        }
        return unescape(operand.substring(1, operand.length() - 1));
    }

    static String unescape(String text) {
        StringBuilder result = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != '\\' || ++i == text.length()) {
                result.append(c);
                continue;
            }
            switch (text.charAt(i)) {
                case 'n' -> result.append('\n');
                case 't' -> result.append('\t');
                case 'r' -> result.append('\r');
                case 'b' -> result.append('\b');
                case 'e' -> result.append('\033');
                case '0' -> result.append('\0');
                case '\\', '"', '\'' -> result.append(text.charAt(i));
                case 'x' -> {
                    if (i + 2 >= text.length() || !text.substring(i + 1, i + 3).matches("[0-9a-fA-F]{2}")) {
                        throw new InvalidInstructionException("\\x needs two hexadecimal digits");
                    }
                    result.append((char) Integer.parseInt(text.substring(i + 1, i + 3), 16));
                    i += 2;
                }
                default -> throw new InvalidInstructionException("'\\" + text.charAt(i) + "' is no escape");
            }
        }
        return result.toString();
    }
}
