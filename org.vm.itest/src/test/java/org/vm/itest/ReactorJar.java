package org.vm.itest;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeModel;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Jars of our bundles, made of their classes. */
final class ReactorJar {
    private static final ClassDesc EXCEPTION = ClassDesc.of(IllegalStateException.class.getName());

    private ReactorJar() {}

    static InputStream of(String bundle) throws IOException {
        return changed(bundle, "", UnaryOperator.identity());
    }

    /** The bundle with a header that it does not have. */
    static InputStream withHeader(String bundle, String name, String value) throws IOException {
        return changed(bundle, JarFile.MANIFEST_NAME, bytes -> {
            try {
                Manifest manifest = new Manifest(new ByteArrayInputStream(bytes));
                manifest.getMainAttributes().putValue(name, value);
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                manifest.write(out);
                return out.toByteArray();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** The bundle with a class whose methods of that name throw an {@link IllegalStateException}. */
    static InputStream throwing(String bundle, String type, String method, String message) throws IOException {
        return changed(bundle, type.replace('.', '/') + ".class", bytes -> {
            ClassFile file = ClassFile.of();
            return file.transformClass(file.parse(bytes), ClassTransform.transformingMethods(
                    each -> each.methodName().equalsString(method) && each.code().isPresent(), (builder, element) -> {
                        if (element instanceof CodeModel) {
                            builder.withCode(code -> code.new_(EXCEPTION).dup().ldc(message).invokespecial(EXCEPTION, ConstantDescs.INIT_NAME,
                                    MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String)).athrow());
                        } else {
                            builder.with(element);
                        }
                    }));
        });
    }

    private static InputStream changed(String bundle, String entry, UnaryOperator<byte[]> change) throws IOException {
        Path classes = Path.of("..", bundle, "target", "classes").toAbsolutePath().normalize();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        boolean found = entry.isEmpty();
        try (ZipOutputStream jar = new ZipOutputStream(bytes); Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = classes.relativize(file).toString();
                byte[] content = Files.readAllBytes(file);
                jar.putNextEntry(new ZipEntry(name));
                jar.write(name.equals(entry) ? change.apply(content) : content);
                found |= name.equals(entry);
            }
        }
        if (!found) {
            throw new IOException("bundle " + bundle + " has no " + entry);
        }
        return new ByteArrayInputStream(bytes.toByteArray());
    }
}
