package org.vm.kit.baseline;

import aQute.bnd.osgi.Builder;
import aQute.bnd.osgi.Constants;
import aQute.bnd.osgi.Jar;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.lang.classfile.AnnotationValue;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/**
 * What plugins are compiled with, as it was at a release: a text in Java that has the signatures of all types in exported
 * packages. A jar of them is made when it is needed.
 */
final class ApiText {
    private static final String FILE = "//// ";

    private ApiText() {}

    /** The folder that a class is from; if that is a jar, as in a whole build, one below {@code folder} with what is in it. */
    static Path home(Class<?> type, Path folder) throws IOException, URISyntaxException {
        Path place = Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
        if (Files.isDirectory(place)) {
            return place;
        }
        Path unpacked = folder.resolve(place.getFileName().toString());
        if (Files.notExists(unpacked)) {
            try (Jar jar = new Jar(place.toFile())) {
                jar.expand(unpacked.toFile());
            } catch (Exception e) {
                throw new IOException(place + " cannot be read", e);
            }
        }
        return unpacked;
    }

    /** The exported packages of these folders of classes as text. */
    static String textOf(Path... homes) throws IOException, ClassNotFoundException {
        Map<String, String> files = new TreeMap<>();
        for (Path home : homes) {
            try (Stream<Path> all = Files.walk(home)) {
                for (Path file : all.filter(f -> f.toString().endsWith(".class")).toList()) {
                    String name = home.relativize(file).toString().replace(File.separatorChar, '/').replace(".class", "");
                    String folder = name.substring(0, name.lastIndexOf('/') + 1);
                    if (!Files.exists(home.resolve(folder + "package-info.class")) || name.contains("$")) {
                        continue;
                    }
                    Class<?> type = Class.forName(name.replace('/', '.'), false, ApiText.class.getClassLoader());
                    String declared = "package " + type.getPackageName() + ";\n";
                    if (name.endsWith("package-info")) {
                        files.put(name + ".java", "@org.osgi.annotation.bundle.Export\n@org.osgi.annotation.versioning.Version(\""
                                + version(file) + "\")\n" + declared);
                    } else if (Modifier.isPublic(type.getModifiers())) {
                        files.put(name + ".java", declared + SourceOfType.of(type));
                    }
                }
            }
        }
        StringBuilder text = new StringBuilder();
        files.forEach((name, source) -> text.append(FILE).append(name).append('\n').append(source));
        return text.toString();
    }

    private static String version(Path packageInfo) throws IOException {
        return ClassFile.of().parse(packageInfo).findAttribute(Attributes.runtimeInvisibleAnnotations())
                .stream().flatMap(a -> a.annotations().stream()).filter(a -> a.className().stringValue().endsWith("/Version;"))
                .map(a -> ((AnnotationValue.OfString) a.elements().getFirst().value()).stringValue())
                .findFirst().orElseThrow(() -> new IOException(packageInfo + " has no version"));
    }

    /** Compiles the text. */
    static void compile(String text, Path sources, Path classes) throws IOException {
        List<String> files = new ArrayList<>();
        for (String part : text.split("(?m)^" + FILE)) {
            if (!part.isBlank()) {
                int end = part.indexOf('\n');
                Path file = sources.resolve(part.substring(0, end));
                Files.createDirectories(file.getParent());
                files.add(Files.writeString(file, part.substring(end + 1)).toString());
            }
        }
        javac(classes, System.getProperty("java.class.path"), files);
    }

    static void javac(Path classes, String classPath, List<String> files) {
        List<String> arguments = new ArrayList<>(List.of("-parameters", "-proc:none", "-nowarn", "-XDrawDiagnostics", "-d", classes.toString(), "-classpath", classPath));
        arguments.addAll(files);
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        if (ToolProvider.getSystemJavaCompiler().run(null, said, said, arguments.toArray(String[]::new)) != 0) {
            throw new IllegalStateException("it does not compile:\n" + said.toString(StandardCharsets.UTF_8));
        }
    }

    /** Puts the classes of exported packages into one folder. */
    static Path exported(Path into, Path... homes) throws IOException {
        for (Path home : homes) {
            try (Stream<Path> all = Files.walk(home)) {
                for (Path file : all.filter(f -> f.toString().endsWith(".class")).toList()) {
                    if (Files.exists(file.resolveSibling("package-info.class"))) {
                        Path copy = into.resolve(home.relativize(file).toString());
                        Files.createDirectories(copy.getParent());
                        Files.copy(file, copy);
                    }
                }
            }
        }
        return into;
    }

    /** A bundle of classes that exports what its packages say. */
    static Jar bundle(Path classes) throws Exception {
        try (Builder builder = new Builder()) {
            builder.setProperty(Constants.BUNDLE_SYMBOLICNAME, "api");
            builder.setProperty(Constants.NOEXTRAHEADERS, "true");
            builder.setJar(classes.toFile());
            builder.setClasspath(Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                    .filter(p -> p.contains("org.osgi.annotation")).map(File::new).toArray(File[]::new));
            Jar made = builder.build();
            if (!builder.isOk()) {
                throw new IllegalStateException(builder.getErrors().toString());
            }
            builder.removeClose(made);
            return made;
        }
    }
}
