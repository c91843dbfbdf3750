package org.vm.engine.jit.internal;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Instruction;
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
import java.lang.constant.ClassDesc;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.vm.api.mmu.Mmu;

/**
 * The bytecode of an instruction's method, if it is simple enough to be copied into a region in place of a call: it only
 * calculates with its parameters, and perhaps begins with one load or store. That keeps what HotSpot has to inline small,
 * and lets the engine put its own memory access in the place of the call to the MMU.
 */
final class RowBody {
    private static final ClassDesc MMU = Mmu.class.describeConstable().orElseThrow();
    /** Methods of the JDK that compilers know, or that are small; without state. */
    private static final Set<String> PURE = Set.of("java.lang.Math", "java.lang.Long", "java.lang.Integer",
            "java.lang.Double", "java.lang.Float", "java.lang.Character", "java.lang.Short", "java.lang.Byte");

    /** Instructions and label targets. */
    final List<CodeElement> elements;
    /** Parameter that a local variable is. */
    final Map<Integer, Integer> parameters;
    /** The one call to the MMU, or {@code null}. */
    final Access access;

    /**
     * A load or store.
     *
     * @param bytes its size
     */
    record Access(boolean store, int bytes) {}

    private RowBody(List<CodeElement> elements, Map<Integer, Integer> parameters, Access access) {
        this.elements = elements;
        this.parameters = parameters;
        this.access = access;
    }

    /** The body of {@code method}, or {@code null} if it has to be called. */
    static RowBody of(Method method) {
        ClassModel owner = read(method.getDeclaringClass());
        if (owner == null) {
            return null;
        }
        String descriptor = java.lang.invoke.MethodType.methodType(method.getReturnType(), method.getParameterTypes())
                .descriptorString();
        return owner.methods().stream()
                .filter(m -> m.methodName().equalsString(method.getName()) && m.methodType().equalsString(descriptor))
                .findFirst().flatMap(m -> m.code()).map(code -> copy(code.elementList(), method)).orElse(null);
    }

    private static ClassModel read(Class<?> owner) {
        String file = owner.getName().substring(owner.getName().lastIndexOf('.') + 1) + ".class";
        try (InputStream in = owner.getResourceAsStream(file)) {
            return in == null ? null : ClassFile.of().parse(in.readAllBytes());
        } catch (IOException | IllegalArgumentException unreadable) {
            // Then its methods are called.
            return null;
        }
    }

    private static RowBody copy(List<CodeElement> code, Method method) {
        Map<Integer, Integer> parameters = new HashMap<>();
        int slot = 0;
        int memory = -1;
        Class<?>[] types = method.getParameterTypes();
        for (int i = 0; i < types.length; i++) {
            parameters.put(slot, i);
            memory = types[i] == Mmu.class ? i : memory;
            if (!types[i].isPrimitive() && types[i] != Mmu.class) {
                return null;
            }
            slot += types[i] == long.class || types[i] == double.class ? 2 : 1;
        }
        List<CodeElement> elements = new ArrayList<>();
        Access access = null;
        int memoryLoads = 0;
        for (CodeElement element : withoutUnusedLabels(code)) {
            switch (element) {
                case LoadInstruction load -> {
                    Integer parameter = parameters.get(load.slot());
                    if (parameter == null) {
                        return null;
                    }
                    if (parameter == memory) {
                        // Nothing may lie below it on the stack when the access is left.
                        if (memoryLoads++ > 0 || !elements.isEmpty()) {
                            return null;
                        }
                    }
                    elements.add(load);
                }
                case InvokeInstruction call when call.opcode() == Opcode.INVOKEINTERFACE && call.owner().matches(MMU) -> {
                    access = access(call.name().stringValue());
                    if (access == null) {
                        return null;
                    }
                    elements.add(call);
                }
                case InvokeInstruction call when call.opcode() == Opcode.INVOKESTATIC
                        && PURE.contains(call.owner().name().stringValue().replace('/', '.')) -> elements.add(call);
                case ConstantInstruction c -> elements.add(c);
                case ConvertInstruction c -> elements.add(c);
                case OperatorInstruction o -> elements.add(o);
                case BranchInstruction b -> elements.add(b);
                case ReturnInstruction r -> elements.add(r);
                case LabelTarget l -> elements.add(l);
                case Instruction _ -> {
                    return null;
                }
                default -> { }
            }
        }
        if (memory >= 0 && (memoryLoads != 1 || access == null)) {
            return null;
        }
        return new RowBody(elements, parameters, access);
    }

    private static List<CodeElement> withoutUnusedLabels(List<CodeElement> elements) {
        Set<Label> used = new HashSet<>();
        for (CodeElement element : elements) {
            if (element instanceof BranchInstruction branch) {
                used.add(branch.target());
            }
        }
        return elements.stream().filter(e -> !(e instanceof LabelTarget l) || used.contains(l.label())).toList();
    }

    private static Access access(String name) {
        return switch (name) {
            case "load8" -> new Access(false, 1);
            case "load16" -> new Access(false, 2);
            case "load32" -> new Access(false, 4);
            case "load64" -> new Access(false, 8);
            case "store8" -> new Access(true, 1);
            case "store16" -> new Access(true, 2);
            case "store32" -> new Access(true, 4);
            case "store64" -> new Access(true, 8);
            default -> null;
        };
    }

    /**
     * Whether the lower half of what it returns depends on nothing but the lower halves of its parameters, so that they are
     * enough where the result is known to be a sign-extended number.
     */
    boolean isHalved() {
        return elements.stream().allMatch(element -> switch (element) {
            case LoadInstruction load -> load.typeKind() == TypeKind.LONG;
            case ConstantInstruction constant -> constant.typeKind() == TypeKind.LONG;
            case OperatorInstruction operator -> switch (operator.opcode()) {
                case LADD, LSUB, LMUL, LAND, LOR, LXOR, LNEG -> true;
                default -> false;
            };
            case ReturnInstruction _ -> true;
            default -> false;
        });
    }

    /**
     * The branch that a method ends with which returns only whether it is taken: the elements before it calculate, and
     * if it jumps the method returns {@code false}. {@code null} if it does not end like that.
     */
    BranchInstruction finalTest() {
        int n = elements.size();
        if (n >= 7 && elements.get(n - 1) instanceof ReturnInstruction
                && elements.get(n - 2) instanceof LabelTarget joined
                && isConstant(elements.get(n - 3), 0)
                && elements.get(n - 4) instanceof LabelTarget no
                && elements.get(n - 5) instanceof BranchInstruction skip && skip.target().equals(joined.label())
                && isConstant(elements.get(n - 6), 1)
                && elements.get(n - 7) instanceof BranchInstruction test && test.target().equals(no.label())
                && elements.stream().filter(BranchInstruction.class::isInstance).count() == 2) {
            return test;
        }
        return null;
    }

    private static boolean isConstant(CodeElement element, int value) {
        return element instanceof ConstantInstruction c && c.constantValue().equals(value);
    }
}
