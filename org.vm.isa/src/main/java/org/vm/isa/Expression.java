package org.vm.isa;

import java.util.function.LongUnaryOperator;
import java.util.function.ToLongFunction;
import java.util.Map;
import org.vm.api.InvalidInstructionException;

/**
 * Evaluates the assembler's expressions: numbers, characters, symbols, {@code .}, the operators of C with its precedence,
 * and functions written {@code %name(x)}.
 */
final class Expression {
    private static final String[][] OPERATORS = {{"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"}};

    private final String text;
    private final ToLongFunction<String> symbols;
    private final Map<String, LongUnaryOperator> functions;
    private int at;

    private Expression(String text, ToLongFunction<String> symbols, Map<String, LongUnaryOperator> functions) {
        this.text = text;
        this.symbols = symbols;
        this.functions = functions;
    }

    /** @param symbols value of a symbol ({@code "."} included); throws if there is none */
    static long evaluate(String text, ToLongFunction<String> symbols, Map<String, LongUnaryOperator> functions) {
        Expression expression = new Expression(text, symbols, functions);
        long value = expression.binary(0);
        expression.skipSpace();
        if (expression.at < text.length()) {
            throw expression.error("'" + text.substring(expression.at) + "' is not expected there");
        }
        return value;
    }

    private long binary(int level) {
        if (level == OPERATORS.length) {
            return unary();
        }
        long left = binary(level + 1);
        while (true) {
            String operator = operator(level);
            if (operator == null) {
                return left;
            }
            long right = binary(level + 1);
            left = switch (operator) {
                case "|" -> left | right;
                case "^" -> left ^ right;
                case "&" -> left & right;
                case "<<" -> left << right;
                case ">>" -> left >>> right;
                case "+" -> left + right;
                case "-" -> left - right;
                case "*" -> left * right;
                case "/" -> left / nonZero(right);
                default -> left % nonZero(right);
            };
        }
    }

    private long nonZero(long divisor) {
        if (divisor == 0) {
            throw error("it divides by zero");
        }
        return divisor;
    }

    private String operator(int level) {
        skipSpace();
        for (String operator : OPERATORS[level]) {
            if (text.startsWith(operator, at)) {
                at += operator.length();
                return operator;
            }
        }
        return null;
    }

    private long unary() {
        skipSpace();
        if (at == text.length()) {
            throw error("an operand is missing");
        }
        char c = text.charAt(at);
        switch (c) {
            case '-' -> {
                at++;
                return -unary();
            }
            case '+' -> {
                at++;
                return unary();
            }
            case '~' -> {
                at++;
                return ~unary();
            }
            case '(' -> {
                at++;
                return closed();
            }
            case '%' -> {
                at++;
                String name = word();
                LongUnaryOperator function = functions.get(name);
                if (function == null) {
                    throw error("there is no function %" + name);
                }
                skipSpace();
                if (at == text.length() || text.charAt(at++) != '(') {
                    throw error("%" + name + " needs parentheses");
                }
                return function.applyAsLong(closed());
            }
            case '\'' -> {
                int end = text.indexOf('\'', at + (text.startsWith("'\\", at) ? 3 : 2));
                String value = end < 0 ? "" : Text.unescape(text.substring(at + 1, end));
                if (value.length() != 1) {
                    throw error("a character is not closed");
                }
                at = end + 1;
                return value.charAt(0);
            }
            default -> {
                String word = word();
                if (word.isEmpty()) {
                    throw error("'" + c + "' is not expected there");
                }
                return Character.isDigit(c) && !word.matches("\\d+[bf]") ? number(word) : symbols.applyAsLong(word);
            }
        }
    }

    private long closed() {
        long value = binary(0);
        skipSpace();
        if (at == text.length() || text.charAt(at++) != ')') {
            throw error("a closing parenthesis is missing");
        }
        return value;
    }

    private long number(String word) {
        try {
            String digits = word.toLowerCase().replace("_", "");
            if (digits.startsWith("0x")) {
                return Long.parseUnsignedLong(digits.substring(2), 16);
            }
            if (digits.startsWith("0b")) {
                return Long.parseUnsignedLong(digits.substring(2), 2);
            }
            return Long.parseUnsignedLong(digits);
        } catch (NumberFormatException e) {
            throw error("'" + word + "' is no number");
        }
    }

    private String word() {
        int start = at;
        while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || "._$".indexOf(text.charAt(at)) >= 0)) {
            at++;
        }
        return text.substring(start, at);
    }

    private void skipSpace() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }

    private InvalidInstructionException error(String reason) {
        return new InvalidInstructionException("expression '" + text + "': " + reason);
    }
}
