package org.vm.isa;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.vm.api.InvalidInstructionException;
import org.vm.api.cpu.Cpu;
import org.vm.api.isa.Encoding;
import org.vm.api.isa.EndsBlock;
import org.vm.api.isa.Extension;
import org.vm.api.isa.Into;
import org.vm.api.isa.Jump;
import org.vm.api.isa.Operand;
import org.vm.api.isa.RegisterFile;
import org.vm.api.isa.Result;
import org.vm.api.isa.Row;
import org.vm.api.mmu.Mmu;

/** Reads annotated methods. Everything that can be wrong with a definition is found here. */
final class RowReader {
    private final Map<String, RegisterFile> files = new HashMap<>();
    private final Map<String, Integer> named = new HashMap<>();

    /** @param alone registers that have no field, but are called by their names */
    RowReader(List<RegisterFile> registerFiles, RegisterFile alone) {
        for (RegisterFile file : registerFiles) {
            for (String field : file.fields()) {
                files.put(field, file);
            }
        }
        for (int i = 0; i < alone.names().size(); i++) {
            files.put(alone.names().get(i), alone);
            named.put(alone.names().get(i), i);
        }
    }

    /** The forms of all instructions that {@code owner} defines, in order of name. */
    List<Form> read(Class<?> owner) {
        if (!Modifier.isPublic(owner.getModifiers())) {
            throw new InvalidInstructionException(owner.getName()
                    + " defines instructions but is not public; engines call its methods");
        }
        Method[] methods = owner.getDeclaredMethods();
        Arrays.sort(methods, Comparator.comparing(Method::getName).thenComparing(Method::toString));
        List<Form> forms = new ArrayList<>();
        for (Method method : methods) {
            Encoding[] encodings = method.getAnnotationsByType(Encoding.class);
            if (encodings.length > 0) {
                try {
                    forms.addAll(read(method, encodings));
                } catch (InvalidInstructionException e) {
                    throw new InvalidInstructionException(owner.getName() + "#" + method.getName() + ": "
                            + e.getMessage(), e);
                }
            }
        }
        return forms;
    }

    /** The row of a method without an encoding, whose operands are what engines supply. */
    Row row(Method method) {
        try {
            return row(method, method.getName().replace('_', '.'), List.of());
        } catch (InvalidInstructionException e) {
            throw new InvalidInstructionException(method.getDeclaringClass().getName() + "#" + method.getName() + ": "
                    + e.getMessage(), e);
        }
    }

    private List<Form> read(Method method, Encoding[] encodings) {
        List<Pattern> patterns = new ArrayList<>();
        List<Map<String, Long>> fixed = new ArrayList<>();
        List<List<String>> names = new ArrayList<>();
        for (Encoding encoding : encodings) {
            Pattern pattern = pattern(encoding);
            patterns.add(pattern);
            fixed.add(fixed(encoding));
            namedBy(method).forEach(register -> fixed.getLast().put(register, (long) named.get(register)));
            List<String> known = new ArrayList<>(fixed.getLast().keySet());
            pattern.fields().forEach(f -> known.addAll(f.names()));
            names.add(known);
        }
        String name = method.getName().replace('_', '.');
        String first = encodings[0].name();
        Row row = row(method, first.isEmpty() ? name : first, names.getFirst());
        List<Form> forms = new ArrayList<>();
        for (int i = 0; i < encodings.length; i++) {
            Encoding encoding = encodings[i];
            String mnemonic = encoding.name().isEmpty() ? name : encoding.name();
            Form form = new Form(row, mnemonic, encoding.extension().isEmpty() ? row.extension() : encoding.extension(),
                    patterns.get(i), fixed.get(i), encoding.syntax());
            checkComplete(form, encoding);
            forms.add(form);
        }
        return forms;
    }

    /** Registers without a field that the method uses. */
    private List<String> namedBy(Method method) {
        List<String> used = new ArrayList<>();
        Into into = method.getAnnotation(Into.class);
        if (into != null) {
            if (!named.containsKey(into.value())) {
                throw new InvalidInstructionException("@Into(\"" + into.value() + "\") is no @ControlRegister of its bundle");
            }
            used.add(into.value());
        }
        for (Parameter parameter : method.getParameters()) {
            if (named.containsKey(parameter.getName())) {
                used.add(parameter.getName());
            }
        }
        return used;
    }

    private Pattern pattern(Encoding encoding) {
        try {
            return Pattern.parse(encoding.value(), field -> files.containsKey(field) && !named.containsKey(field)
                    ? 32 - Integer.numberOfLeadingZeros(files.get(field).count() - 1) : 0);
        } catch (InvalidInstructionException e) {
            throw new InvalidInstructionException("encoding \"" + encoding.value() + "\": " + e.getMessage(), e);
        }
    }

    private static Map<String, Long> fixed(Encoding encoding) {
        Map<String, Long> fixed = new HashMap<>();
        for (String word : encoding.fixed().strip().split("\\s+")) {
            int equals = word.indexOf('=');
            if (equals > 0) {
                try {
                    fixed.put(word.substring(0, equals), Long.decode(word.substring(equals + 1)));
                } catch (NumberFormatException e) {
                    throw new InvalidInstructionException("fixed operand '" + word + "' has no number", e);
                }
            } else if (!word.isEmpty()) {
                throw new InvalidInstructionException("fixed operand '" + word + "' is not of the form name=value");
            }
        }
        return fixed;
    }

    /** Every operand and the destination must come from somewhere in every encoding. */
    private void checkComplete(Form form, Encoding encoding) {
        List<String> needed = new ArrayList<>();
        form.row.operands().forEach(o -> needed.add(Form.operandName(o)));
        needed.add(form.destinationName());
        if (form.row.result() instanceof Result.Branch) {
            needed.add("imm");
        }
        for (String name : needed) {
            if (name != null && form.field(name) == null && !form.fixed.containsKey(name)) {
                throw new InvalidInstructionException("encoding \"" + encoding.value() + "\" has no field '" + name
                        + "', and fixed does not give it");
            }
        }
        for (String name : form.fixed.keySet()) {
            if (!needed.contains(name)) {
                throw new InvalidInstructionException("fixed operand '" + name + "' is none of the method's");
            }
        }
    }

    private Row row(Method method, String name, List<String> fields) {
        int modifiers = method.getModifiers();
        if (!Modifier.isPublic(modifiers) || !Modifier.isStatic(modifiers)) {
            throw new InvalidInstructionException("the method must be public and static");
        }
        List<Operand> operands = new ArrayList<>();
        for (Parameter parameter : method.getParameters()) {
            operands.add(operand(parameter));
        }
        Result result = result(method, fields);
        boolean ends = method.isAnnotationPresent(EndsBlock.class) || result instanceof Result.Branch
                || result instanceof Result.Jump;
        Extension extension = method.getDeclaringClass().getAnnotation(Extension.class);
        return new Row(name, extension == null ? "" : extension.value(), method, operands, result, ends);
    }

    private Operand operand(Parameter parameter) {
        Class<?> type = parameter.getType();
        if (type == Mmu.class) {
            return new Operand.Memory();
        }
        if (Cpu.class.isAssignableFrom(type)) {
            return new Operand.State(type);
        }
        if (!parameter.isNamePresent()) {
            throw new InvalidInstructionException("parameter names are missing; compile with -parameters");
        }
        String name = parameter.getName();
        boolean integer = type == long.class || type == int.class;
        switch (name) {
            case "pc", "length", "bits" -> {
                if (!integer || name.equals("pc") && type == int.class) {
                    throw new InvalidInstructionException("parameter '" + name + "' cannot be " + type.getName());
                }
                return switch (name) {
                    case "pc" -> new Operand.Pc();
                    case "length" -> new Operand.Length();
                    default -> new Operand.Bits();
                };
            }
            default -> {
                RegisterFile file = files.get(name);
                if (file != null && (type == long.class || type == double.class)) {
                    return new Operand.Register(name, file);
                }
                if (file == null && integer) {
                    return new Operand.Immediate(name);
                }
                throw new InvalidInstructionException("parameter '" + name + "' cannot be " + type.getName() + "; "
                        + (file != null ? "registers are long or double" : "immediates are long or int"));
            }
        }
    }

    private Result result(Method method, List<String> fields) {
        Class<?> type = method.getReturnType();
        Into into = method.getAnnotation(Into.class);
        String destination = into == null ? destination(fields) : into.value();
        RegisterFile file = destination == null ? null : files.get(destination);
        if (method.isAnnotationPresent(Jump.class)) {
            if (type != long.class) {
                throw new InvalidInstructionException("a @Jump returns the next pc, a long, not " + type.getName());
            }
            return new Result.Jump(destination, file);
        }
        if (type == void.class) {
            return new Result.None();
        }
        if (type == boolean.class) {
            return new Result.Branch();
        }
        if (type != long.class && type != double.class) {
            throw new InvalidInstructionException("the method returns " + type.getName()
                    + "; long, double, boolean and void are possible");
        }
        if (destination == null) {
            throw new InvalidInstructionException("the method returns a value, but the encoding has no destination "
                    + "register (a register field whose name ends with d)");
        }
        return new Result.Write(destination, file);
    }

    private String destination(List<String> fields) {
        String found = null;
        for (String field : fields) {
            if (files.containsKey(field) && !named.containsKey(field) && field.endsWith("d")) {
                if (found != null && !found.equals(field)) {
                    throw new InvalidInstructionException("'" + found + "' and '" + field + "' are both destinations");
                }
                found = field;
            }
        }
        return found;
    }
}
