package org.vm.kit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A plugin's project as it lies there: its sources, its configurations, and what is made of them. */
final class Plugin {
    /** When a file was written, and how long it is. */
    record Stamp(long modified, long size) {}

    private final Path folder;
    private final SourceCompiler compiler;
    private final BundleMaker maker;

    Plugin(Path folder, SourceCompiler compiler, BundleMaker maker) {
        this.folder = folder;
        this.compiler = compiler;
        this.maker = maker;
        if (!Files.isDirectory(folder.resolve("src/main/java"))) {
            throw new KitException(folder + " is no plugin's project: it has no folder src/main/java; make one with: vmm new device NAME");
        }
    }

    String name() {
        return folder.getFileName().toString();
    }

    /** All files that matter, with their stamps: two that are equal mean that nothing was saved. */
    Map<Path, Stamp> stamps() throws IOException {
        Map<Path, Stamp> stamps = new TreeMap<>();
        for (Path file : files()) {
            stamps.put(file, new Stamp(Files.getLastModifiedTime(file).toMillis(), Files.size(file)));
        }
        return stamps;
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> sources = Files.walk(folder.resolve("src/main"));
                Stream<Path> configurations = Files.exists(folder.resolve("plugins")) ? Files.list(folder.resolve("plugins")) : Stream.empty()) {
            return Stream.concat(sources, configurations).filter(Files::isRegularFile).sorted().toList();
        }
    }

    /** The configurations that put it into machines. */
    List<Path> configurations() throws IOException {
        return files().stream().filter(file -> file.getParent().equals(folder.resolve("plugins")))
                .filter(file -> file.toString().endsWith(".cfg")).toList();
    }

    /** Compiles the sources and makes the bundle. @return what is wrong; empty if the jar is there */
    List<String> build(Path jar) throws IOException {
        Path classes = folder.resolve("target/dev-classes");
        delete(classes);
        Files.createDirectories(classes);
        List<Path> sources = files().stream().filter(file -> file.toString().endsWith(".java")).toList();
        List<String> errors = compiler.compile(folder, sources, classes);
        if (!errors.isEmpty()) {
            return errors;
        }
        copyResources(classes);
        return maker.make(classes, jar);
    }

    private void copyResources(Path classes) throws IOException {
        Path resources = folder.resolve("src/main/resources");
        for (Path file : files()) {
            if (file.startsWith(resources)) {
                Path target = classes.resolve(resources.relativize(file).toString());
                Files.createDirectories(target.getParent());
                Files.copy(file, target);
            }
        }
    }

    private static void delete(Path tree) throws IOException {
        if (Files.exists(tree)) {
            try (Stream<Path> all = Files.walk(tree)) {
                for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(each);
                }
            }
        }
    }
}
