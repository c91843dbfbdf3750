package org.vm.kit;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** Compiles Java sources in this process. */
final class SourceCompiler {
    private final List<Path> classPath;
    private final JavaCompiler compiler;

    SourceCompiler(List<Path> classPath) {
        this.classPath = classPath;
        compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null) {
            throw new KitException("this Java has no compiler; set JAVA_HOME to a JDK");
        }
    }

    /**
     * @param root  of the project: file names in messages are relative to it
     * @return errors as {@code file:line: message}; empty if the classes are there
     */
    List<String> compile(Path root, List<Path> sources, Path classes) throws IOException {
        DiagnosticCollector<JavaFileObject> said = new DiagnosticCollector<>();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(said, Locale.ROOT, StandardCharsets.UTF_8)) {
            // Parameter names are the operands of an instruction.
            List<String> options = List.of("--release", "25", "-parameters", "-proc:none", "-g", "-d", classes.toString(), "-classpath",
                    classPath.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator)));
            compiler.getTask(null, files, said, options, null, files.getJavaFileObjectsFromPaths(sources)).call();
        }
        return said.getDiagnostics().stream().filter(each -> each.getKind() == Diagnostic.Kind.ERROR).map(each -> text(root, each)).toList();
    }

    private static String text(Path root, Diagnostic<? extends JavaFileObject> error) {
        String message = error.getMessage(Locale.ROOT);
        if (error.getSource() == null) {
            return message;
        }
        return root.relativize(Path.of(error.getSource().toUri())) + ":" + error.getLineNumber() + ": " + message;
    }
}
