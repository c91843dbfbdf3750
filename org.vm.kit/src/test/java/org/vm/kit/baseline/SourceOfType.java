package org.vm.kit.baseline;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.annotation.Annotation;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.Target;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A type of the API as Java source that says all that others can see of it, and does nothing: it compiles to a class with the
 * same signature. The same text each time, so that texts can be compared.
 */
final class SourceOfType {
    private final StringBuilder text = new StringBuilder();

    private SourceOfType() {}

    static String of(Class<?> type) {
        SourceOfType source = new SourceOfType();
        source.type(type, "");
        return source.text.toString();
    }

    private void line(String indent, String words) {
        text.append(indent).append(words.strip().replaceAll(" +", " ")).append('\n');
    }

    private static boolean seen(int modifiers) {
        return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
    }

    private void type(Class<?> type, String indent) {
        annotations(type, indent);
        String kind = type.isAnnotation() ? "@interface" : type.isInterface() ? "interface" : type.isEnum() ? "enum"
                : type.isRecord() ? "record" : "class";
        int modifiers = type.getModifiers();
        if (type.isInterface() || type.isEnum() || type.isRecord()) {
            modifiers &= ~(Modifier.ABSTRACT | Modifier.STATIC | Modifier.FINAL);
        }
        String sealed = type.isEnum() ? "" : type.isSealed() ? "sealed " : openBelowSealed(type) ? "non-sealed " : "";
        String head = Modifier.toString(modifiers & ~Modifier.INTERFACE & ~Modifier.STRICT) + " " + sealed + kind + " " + type.getSimpleName()
                + variables(type.getTypeParameters());
        if (type.isRecord()) {
            head += Arrays.stream(type.getRecordComponents()).map(c -> name(c.getGenericType()) + " " + c.getName())
                    .collect(Collectors.joining(", ", "(", ")"));
        }
        if (!type.isInterface() && !type.isEnum() && !type.isRecord() && type.getSuperclass() != Object.class) {
            head += " extends " + name(type.getGenericSuperclass());
        }
        if (!type.isAnnotation() && type.getGenericInterfaces().length > 0) {
            head += (type.isInterface() ? " extends " : " implements ") + Arrays.stream(type.getGenericInterfaces())
                    .map(SourceOfType::name).collect(Collectors.joining(", "));
        }
        if (type.isSealed() && !type.isEnum()) {
            head += " permits " + Arrays.stream(type.getPermittedSubclasses()).map(SourceOfType::name).collect(Collectors.joining(", "));
        }
        line(indent, head + " {");
        String inner = indent + "    ";
        if (type.isEnum()) {
            line(inner, Arrays.stream(type.getEnumConstants()).map(c -> ((Enum<?>) c).name()).collect(Collectors.joining(", ", "", ";")));
        }
        fields(type, inner);
        constructors(type, inner);
        methods(type, inner);
        Stream.of(type.getDeclaredClasses()).filter(t -> seen(t.getModifiers())).sorted(Comparator.comparing(Class::getName))
                .forEach(nested -> type(nested, inner));
        line(indent, "}");
    }

    private static boolean openBelowSealed(Class<?> type) {
        return !Modifier.isFinal(type.getModifiers()) && !type.isEnum() && Stream.concat(Stream.ofNullable(type.getSuperclass()),
                Arrays.stream(type.getInterfaces())).anyMatch(Class::isSealed);
    }

    private void annotations(Class<?> type, String indent) {
        for (Annotation annotation : type.getDeclaredAnnotations()) {
            switch (annotation) {
                case Retention r -> line(indent, "@java.lang.annotation.Retention(java.lang.annotation.RetentionPolicy." + r.value() + ")");
                case Target t -> line(indent, "@java.lang.annotation.Target({" + Arrays.stream(t.value()).map(ElementType::name)
                        .map("java.lang.annotation.ElementType."::concat).collect(Collectors.joining(", ")) + "})");
                case Repeatable r -> line(indent, "@java.lang.annotation.Repeatable(" + name(r.value()) + ".class)");
                case FunctionalInterface _ -> line(indent, "@FunctionalInterface");
                default -> { }
            }
        }
        for (String role : List.of("ProviderType", "ConsumerType")) {
            if (invisible(type).contains("Lorg/osgi/annotation/versioning/" + role + ";")) {
                line(indent, "@org.osgi.annotation.versioning." + role);
            }
        }
    }

    /** Annotations that are in the class file only. */
    private static List<String> invisible(Class<?> type) {
        String file = type.getName().substring(type.getName().lastIndexOf('.') + 1) + ".class";
        try (InputStream in = type.getResourceAsStream(file)) {
            return ClassFile.of().parse(in.readAllBytes()).findAttribute(Attributes.runtimeInvisibleAnnotations()).stream()
                    .flatMap(attribute -> attribute.annotations().stream()).map(a -> a.className().stringValue()).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void fields(Class<?> type, String indent) {
        Field[] fields = type.getDeclaredFields();
        Arrays.sort(fields, Comparator.comparing(Field::getName));
        for (Field field : fields) {
            if (!seen(field.getModifiers()) || field.isEnumConstant()) {
                continue;
            }
            String declared = Modifier.toString(field.getModifiers()) + " " + name(field.getGenericType()) + " " + field.getName();
            boolean isFinal = Modifier.isFinal(field.getModifiers());
            if (type.isInterface() || isFinal && Modifier.isStatic(field.getModifiers())) {
                line(indent, declared + " = " + constant(field) + ";");
            } else if (isFinal) {
                // No constant expression, which would be copied into those who use it.
                line(indent, declared + "; { " + field.getName() + " = " + nothing(field.getType()) + "; }");
            } else {
                line(indent, declared + ";");
            }
        }
    }

    private static String constant(Field field) {
        if (!field.getType().isPrimitive() && field.getType() != String.class) {
            return nothing(field.getType());
        }
        try {
            field.setAccessible(true);
            return literal(field.get(null), field.getType());
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(field.toString(), e);
        }
    }

    private static String literal(Object value, Class<?> type) {
        return switch (value) {
            case String s -> '"' + s.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
            case Long l -> l + "L";
            case Class<?> c -> name(c) + ".class";
            case Enum<?> e -> name(e.getDeclaringClass()) + "." + e.name();
            case Object[] array -> Arrays.stream(array).map(each -> literal(each, each.getClass())).collect(Collectors.joining(", ", "{", "}"));
            case Object other when type.isPrimitive() -> "(" + type + ") " + other;
            default -> throw new IllegalStateException("a constant of " + type + " has no literal");
        };
    }

    private static String nothing(Class<?> type) {
        return type == boolean.class ? "false" : type.isPrimitive() ? "(" + type + ") 0" : "null";
    }

    private void constructors(Class<?> type, String indent) {
        if (type.isInterface() || type.isEnum()) {
            return;
        }
        Constructor<?>[] all = type.getDeclaredConstructors();
        Arrays.sort(all, Comparator.comparing(Constructor::toGenericString));
        boolean any = false;
        for (Constructor<?> each : all) {
            boolean canonical = type.isRecord() && Arrays.equals(each.getParameterTypes(),
                    Arrays.stream(type.getRecordComponents()).map(RecordComponent::getType).toArray());
            if (!seen(each.getModifiers()) || canonical) {
                continue;
            }
            any = true;
            line(indent, Modifier.toString(each.getModifiers()) + " " + variables(each.getTypeParameters()) + " " + type.getSimpleName()
                    + parameters(each) + thrown(each) + " { " + (type.isRecord() ? "this" + nothings(type.getRecordComponents()) : above(type)) + " }");
        }
        if (!any && !type.isRecord()) {
            line(indent, "private " + type.getSimpleName() + "() { " + above(type) + " }");
        }
    }

    private static String nothings(RecordComponent[] components) {
        return Arrays.stream(components).map(c -> "(" + name(c.getType()) + ") " + nothing(c.getType()))
                .collect(Collectors.joining(", ", "(", ");"));
    }

    /** A call of some constructor above. */
    private static String above(Class<?> type) {
        Constructor<?> least = Arrays.stream(type.getSuperclass().getDeclaredConstructors()).filter(c -> seen(c.getModifiers()))
                .min(Comparator.comparingInt(Constructor<?>::getParameterCount).thenComparing(Constructor::toGenericString)).orElse(null);
        return least == null ? "" : Arrays.stream(least.getParameterTypes()).map(p -> "(" + name(p) + ") " + nothing(p))
                .collect(Collectors.joining(", ", "super(", ");"));
    }

    private void methods(Class<?> type, String indent) {
        Method[] all = type.getDeclaredMethods();
        Arrays.sort(all, Comparator.comparing(Method::getName).thenComparing(Method::toGenericString));
        for (Method each : all) {
            if (!seen(each.getModifiers()) || each.isSynthetic() || each.isBridge() || implied(type, each)) {
                continue;
            }
            boolean isAbstract = Modifier.isAbstract(each.getModifiers());
            int modifiers = each.getModifiers() & Modifier.methodModifiers() & ~Modifier.SYNCHRONIZED
                    & (type.isInterface() ? ~Modifier.ABSTRACT : -1);
            line(indent, Modifier.toString(modifiers) + (each.isDefault() ? " default " : " ") + variables(each.getTypeParameters()) + " "
                    + name(each.getGenericReturnType()) + " " + each.getName() + parameters(each) + thrown(each)
                    + (each.getDefaultValue() == null ? "" : " default " + literal(each.getDefaultValue(), each.getReturnType()))
                    + (isAbstract ? ";" : " { throw null; }"));
        }
    }

    /** What the compiler makes. */
    private static boolean implied(Class<?> type, Method method) {
        return type.isEnum() && (method.getName().equals("values") || method.getName().equals("valueOf"))
                || type.isRecord() && method.getParameterCount() == 0
                && Arrays.stream(type.getRecordComponents()).anyMatch(c -> c.getName().equals(method.getName()))
                || type.isRecord() && List.of("equals", "hashCode", "toString").contains(method.getName());
    }

    private static String thrown(Executable executable) {
        Type[] types = executable.getGenericExceptionTypes();
        return types.length == 0 ? "" : Arrays.stream(types).map(SourceOfType::name).collect(Collectors.joining(", ", " throws ", ""));
    }

    private static String parameters(Executable executable) {
        Parameter[] all = executable.getParameters();
        return Stream.of(all).map(p -> {
            String type = name(p.getParameterizedType());
            boolean last = p == all[all.length - 1];
            return (last && executable.isVarArgs() ? type.substring(0, type.length() - 2) + "..." : type) + " " + p.getName();
        }).collect(Collectors.joining(", ", "(", ")"));
    }

    private static String variables(TypeVariable<?>[] variables) {
        return variables.length == 0 ? "" : Arrays.stream(variables).map(v -> v.getName() + (v.getBounds()[0] == Object.class ? ""
                : Arrays.stream(v.getBounds()).map(SourceOfType::name).collect(Collectors.joining(" & ", " extends ", ""))))
                .collect(Collectors.joining(", ", "<", ">"));
    }

    private static String name(Type type) {
        return type.getTypeName().replace('$', '.');
    }
}
