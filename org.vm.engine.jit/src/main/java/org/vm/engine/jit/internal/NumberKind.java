package org.vm.engine.jit.internal;

import java.lang.classfile.CodeElement;
import java.lang.classfile.Label;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.ConvertInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/** What is known of a 64-bit number without knowing it; each kind has what the ones before it have. */
enum NumberKind {
    /** Nothing. */
    ANY,
    /** It has 32 bits, and is sign-extended. */
    NARROW,
    /** It has 31 bits. */
    POSITIVE,
    ZERO;

    static NumberKind of(long number) {
        return number == 0 ? ZERO : number != (int) number ? ANY : number < 0 ? NARROW : POSITIVE;
    }

    boolean isNarrow() {
        return this != ANY;
    }

    /** Of a number that is of this kind, or of that. */
    NumberKind or(NumberKind that) {
        return compareTo(that) < 0 ? this : that;
    }

    /**
     * What a row's body returns; {@link #ANY} if it returns no {@code long}.
     *
     * @param parameter kind of each parameter
     */
    static NumberKind result(RowBody body, IntFunction<NumberKind> parameter) {
        Deque<NumberKind> stack = new ArrayDeque<>();
        Map<Label, List<NumberKind>> arriving = new HashMap<>();
        NumberKind result = null;
        for (CodeElement element : body.elements) {
            switch (element) {
                case LoadInstruction load -> stack.push(load.typeKind() == TypeKind.LONG
                        ? parameter.apply(body.parameters.get(load.slot())) : ANY);
                case ConstantInstruction constant -> stack.push(constant.constantValue() instanceof Number n
                        && constant.typeKind() == TypeKind.LONG ? of(n.longValue()) : ANY);
                case ConvertInstruction convert -> {
                    stack.pop();
                    stack.push(convert.fromType() == TypeKind.INT && convert.toType() == TypeKind.LONG ? NARROW : ANY);
                }
                case OperatorInstruction operator -> operate(stack, operator.opcode());
                case InvokeInstruction call -> {
                    call.typeSymbol().parameterList().forEach(_ -> stack.pop());
                    if (call.opcode() != Opcode.INVOKESTATIC) {
                        stack.pop();
                    }
                    stack.push(ANY);
                }
                case BranchInstruction branch -> {
                    for (int i = operands(branch.opcode()); i > 0; i--) {
                        stack.pop();
                    }
                    arriving.merge(branch.target(), new ArrayList<>(stack), NumberKind::either);
                    if (branch.opcode() == Opcode.GOTO || branch.opcode() == Opcode.GOTO_W) {
                        stack.clear();
                    }
                }
                case LabelTarget label -> {
                    List<NumberKind> jumped = arriving.get(label.label());
                    if (jumped == null) {
                        return ANY;
                    }
                    List<NumberKind> both = stack.isEmpty() ? jumped : either(new ArrayList<>(stack), jumped);
                    stack.clear();
                    stack.addAll(both);
                }
                case ReturnInstruction end -> {
                    NumberKind returned = end.typeKind() == TypeKind.LONG ? stack.pop() : ANY;
                    result = result == null ? returned : result.or(returned);
                    stack.clear();
                }
                default -> {
                    return ANY;
                }
            }
        }
        return result == null ? ANY : result;
    }

    private static List<NumberKind> either(List<NumberKind> some, List<NumberKind> others) {
        List<NumberKind> either = new ArrayList<>();
        for (int i = 0; i < Math.min(some.size(), others.size()); i++) {
            either.add(some.get(i).or(others.get(i)));
        }
        return either;
    }

    private static int operands(Opcode branch) {
        return switch (branch) {
            case GOTO, GOTO_W -> 0;
            case IF_ICMPEQ, IF_ICMPNE, IF_ICMPLT, IF_ICMPGE, IF_ICMPGT, IF_ICMPLE -> 2;
            default -> 1;
        };
    }

    private static void operate(Deque<NumberKind> stack, Opcode operator) {
        NumberKind right = stack.pop();
        switch (operator) {
            case LNEG, INEG, DNEG, FNEG -> stack.push(ANY);
            case LAND -> {
                NumberKind left = stack.pop();
                stack.push(left == ZERO || right == ZERO ? ZERO : left == POSITIVE || right == POSITIVE ? POSITIVE
                        : left.or(right));
            }
            case LOR, LXOR -> stack.push(stack.pop().or(right));
            case LADD -> {
                NumberKind left = stack.pop();
                stack.push(left == ZERO ? right : right == ZERO ? left : ANY);
            }
            case LSUB -> {
                NumberKind left = stack.pop();
                stack.push(right == ZERO ? left : ANY);
            }
            case LSHR -> stack.push(stack.pop());
            default -> {
                stack.pop();
                stack.push(ANY);
            }
        }
    }
}
