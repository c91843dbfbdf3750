package org.vm.engine.jit.internal;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.lang.classfile.instruction.TypeCheckInstruction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The method of a region as text, one instruction a line. */
final class BytecodeListing {
    private final Map<Label, String> labels = new HashMap<>();
    private final List<String> lines = new ArrayList<>();

    private BytecodeListing() {}

    static List<String> of(byte[] classFile) {
        BytecodeListing listing = new BytecodeListing();
        ClassFile.of().parse(classFile).methods().stream().filter(method -> method.methodName().equalsString("run"))
                .flatMap(method -> method.code().stream()).forEach(listing::list);
        return listing.lines;
    }

    private void list(CodeModel code) {
        for (CodeElement element : code) {
            if (element instanceof LabelTarget target) {
                lines.add(name(target.label()) + ":");
            } else if (element instanceof Instruction instruction) {
                lines.add("  " + instruction.opcode().name().toLowerCase(Locale.ROOT) + operands(instruction));
            }
        }
    }

    private String operands(Instruction instruction) {
        return switch (instruction) {
            case LoadInstruction load when load.sizeInBytes() > 1 -> " " + load.slot();
            case StoreInstruction store when store.sizeInBytes() > 1 -> " " + store.slot();
            case IncrementInstruction increment -> " " + increment.slot() + " " + increment.constant();
            case ConstantInstruction constant when constant.sizeInBytes() > 1 -> " " + constant.constantValue();
            case BranchInstruction branch -> " " + name(branch.target());
            case InvokeInstruction call -> " " + simple(call.owner().asInternalName()) + "." + call.name().stringValue();
            case FieldInstruction field -> " " + simple(field.owner().asInternalName()) + "." + field.name().stringValue();
            case TypeCheckInstruction check -> " " + simple(check.type().asInternalName());
            case LookupSwitchInstruction choice -> cases(choice.cases(), choice.defaultTarget());
            case TableSwitchInstruction choice -> cases(choice.cases(), choice.defaultTarget());
            default -> "";
        };
    }

    private String cases(List<SwitchCase> cases, Label other) {
        StringBuilder text = new StringBuilder();
        for (SwitchCase one : cases) {
            text.append(' ').append(one.caseValue()).append(':').append(name(one.target()));
        }
        return text.append(" else:").append(name(other)).toString();
    }

    private String name(Label label) {
        return labels.computeIfAbsent(label, _ -> "L" + labels.size());
    }

    private static String simple(String internalName) {
        return internalName.substring(internalName.lastIndexOf('/') + 1);
    }
}
