package org.vm.api.isa;

import java.lang.reflect.Method;
import java.util.List;

/**
 * One instruction: a static method and what its parameters and its result mean. Rows are compared by identity.
 *
 * @param method    the meaning; public, static, in a public class
 * @param extension extension that defines it
 * @param operands  one for each parameter of {@code method}
 * @param endsBlock see {@link EndsBlock}; also true of branches and jumps
 */
public record Row(String name, String extension, Method method, List<Operand> operands, Result result,
        boolean endsBlock) {
    public Row {
        operands = List.copyOf(operands);
    }

    /** Whether the method can throw a {@link org.vm.api.cpu.GuestTrap}: it sees memory or the CPU. */
    public boolean mayTrap() {
        return operands.stream().anyMatch(o -> o instanceof Operand.Memory || o instanceof Operand.State);
    }

    /**
     * Whether engines have all state in its place before it, and look at everything anew behind it: it is marked
     * {@link EndsBlock}, and is not merely a branch or a jump.
     */
    public boolean stops() {
        return endsBlock && (result instanceof Result.None || result instanceof Result.Write
                || method.isAnnotationPresent(EndsBlock.class));
    }

    /** Where its result or its link address goes; {@code null} if it has neither. */
    public RegisterFile destinationFile() {
        return switch (result) {
            case Result.Write write -> write.file();
            case Result.Jump jump -> jump.file();
            case Result.None _, Result.Branch _ -> null;
        };
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    @Override
    public String toString() {
        return name;
    }
}
