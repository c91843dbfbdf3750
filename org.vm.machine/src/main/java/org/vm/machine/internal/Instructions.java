package org.vm.machine.internal;

import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.vm.api.VmException;
import org.vm.api.cpu.CpuArchitecture;
import org.vm.api.isa.InstructionExtension;
import org.vm.api.isa.InstructionSet;

/**
 * What a machine's instructions are made of: those of its architecture and what bundles bring, as far as that fits together.
 * Of two that conflict the one before has its way.
 */
final class Instructions {
    private static final Logger LOG = LoggerFactory.getLogger(Instructions.class);

    private final String machine;
    private final CpuArchitecture architecture;
    private volatile List<InstructionExtension> accepted = List.of();
    private volatile List<String> refusals = List.of();

    Instructions(String machine, CpuArchitecture architecture) {
        this.machine = machine;
        this.architecture = architecture;
    }

    /** Takes those of them that fit to what is there and to those before them. */
    synchronized InstructionSet choose(List<InstructionExtension> extensions) {
        List<String> refused = new ArrayList<>();
        List<InstructionExtension> chosen = List.copyOf(extensions);
        InstructionSet instructions;
        try {
            instructions = architecture.instructionSet(chosen);
        } catch (RuntimeException | LinkageError e) {
            chosen = fitting(extensions, refused);
            instructions = architecture.instructionSet(chosen);
        }
        accepted = chosen;
        refusals = List.copyOf(refused);
        return instructions;
    }

    /** One after the other; it takes a moment for each. */
    private List<InstructionExtension> fitting(List<InstructionExtension> extensions, List<String> refused) {
        List<InstructionExtension> fitting = new ArrayList<>();
        for (InstructionExtension extension : extensions) {
            fitting.add(extension);
            try {
                architecture.instructionSet(List.copyOf(fitting));
            } catch (RuntimeException | LinkageError e) {
                fitting.removeLast();
                String refusal = "the instructions of " + extension.getClass().getName() + " are refused: "
                        + (e instanceof VmException ? e.getMessage() : e.toString());
                if (!refusals.contains(refusal)) {
                    LOG.warn("machine '{}': {}", machine, refusal, e);
                }
                refused.add(refusal);
            }
        }
        return List.copyOf(fitting);
    }

    /** What was taken at last. */
    List<InstructionExtension> accepted() {
        return accepted;
    }

    /** Why others were not, one sentence each. */
    List<String> refusals() {
        return refusals;
    }
}
