package org.vm.kit.baseline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import aQute.bnd.differ.Baseline;
import aQute.bnd.differ.DiffPluginImpl;
import aQute.bnd.osgi.Jar;
import aQute.bnd.osgi.Processor;
import aQute.bnd.service.diff.Delta;
import aQute.bnd.service.diff.Diff;
import aQute.bnd.version.Version;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.vm.api.device.MmioDevice;
import org.vm.device.virtio.VirtioDevice;
import org.vm.kit.KitCommand;

/**
 * What plugins are compiled with changes only together with its packages' versions. The text in {@code src/test/resources/api}
 * is of the last release, or of one that is to come ({@code -SNAPSHOT}), to which things may still be added. It is written by
 * {@code ./mvnw -pl org.vm.kit -am test -Dtest=ApiBaselineTest -Dsurefire.failIfNoSpecifiedTests=false -Dapi.baseline=write}.
 */
class ApiBaselineTest {
    private static final Path FOLDER = Path.of("src/test/resources/api");

    @TempDir
    private Path folder;

    private Path[] homes() throws Exception {
        return new Path[] {ApiText.home(MmioDevice.class, folder), ApiText.home(VirtioDevice.class, folder)};
    }

    private Jar present() throws Exception {
        return ApiText.bundle(ApiText.exported(Files.createDirectories(folder.resolve("present")), homes()));
    }

    private Jar bundleOf(String text, String name) throws Exception {
        Path classes = folder.resolve(name + "-classes");
        ApiText.compile(text, folder.resolve(name), Files.createDirectories(classes));
        return ApiText.bundle(classes);
    }

    /**
     * A sentence for each package that changed more than its version says.
     *
     * @param additions whether that applies to what is merely added, too
     */
    private static List<String> broken(Jar released, Jar present, boolean additions) throws Exception {
        List<String> sentences = new ArrayList<>();
        try (Processor processor = new Processor()) {
            for (var info : new Baseline(processor, new DiffPluginImpl()).baseline(present, released, null)) {
                Delta delta = info.packageDiff.getDelta();
                Version least = delta == Delta.MINOR && !additions ? null : least(delta, info.olderVersion);
                if (delta == Delta.REMOVED || least != null && info.newerVersion.getWithoutQualifier().compareTo(least) < 0) {
                    sentences.add(delta == Delta.REMOVED ? "package " + info.packageName + " is gone: plugins of the last release need it"
                            : "package %s has changed since %s: %s; take that back, or say @Version(\"%s\") in its package-info.java".formatted(
                            info.packageName, info.olderVersion, changes(info.packageDiff), least));
                }
            }
        }
        return sentences;
    }

    /** Before 1.0 the second number stands for what breaks plugins, and the third for what is added. */
    private static Version least(Delta delta, Version before) {
        boolean young = before.getMajor() == 0;
        return switch (delta) {
            case MAJOR -> young ? new Version(0, before.getMinor() + 1, 0) : new Version(before.getMajor() + 1, 0, 0);
            case MINOR -> young ? new Version(0, before.getMinor(), before.getMicro() + 1) : new Version(before.getMajor(), before.getMinor() + 1, 0);
            default -> null;
        };
    }

    private static String changes(Diff diff) {
        List<String> leaves = new ArrayList<>();
        leaves(diff, "", leaves);
        return leaves.stream().limit(5).collect(Collectors.joining("; "));
    }

    private static void leaves(Diff diff, String path, List<String> leaves) {
        for (Diff child : diff.getChildren()) {
            if (child.getDelta() == Delta.UNCHANGED || child.getDelta() == Delta.IGNORED) {
                continue;
            }
            String name = path.isEmpty() ? child.getName() : path + " " + child.getName();
            boolean end = child.getDelta() == Delta.ADDED || child.getDelta() == Delta.REMOVED || child.getChildren().isEmpty();
            if (end) {
                leaves.add(name + " " + child.getDelta().toString().toLowerCase(Locale.ROOT));
            } else {
                leaves(child, name, leaves);
            }
        }
    }

    static Path baseline() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.filter(file -> file.toString().endsWith(".txt")).findFirst().orElseThrow();
        }
    }

    private void write() throws Exception {
        Properties versions = new Properties();
        try (InputStream in = KitCommand.class.getResourceAsStream("versions.properties")) {
            versions.load(in);
        }
        try (Stream<Path> files = Files.list(FOLDER)) {
            for (Path former : files.filter(file -> file.toString().endsWith(".txt")).toList()) {
                Files.delete(former);
            }
        }
        Files.writeString(FOLDER.resolve(versions.getProperty("vm") + ".txt"), ApiText.textOf(homes()));
    }

    @Test
    void theApiHasNotChangedWithoutItsVersion() throws Exception {
        if ("write".equals(System.getProperty("api.baseline"))) {
            write();
        }
        Path text = baseline();
        try (Jar released = bundleOf(Files.readString(text), "released"); Jar present = present()) {
            assertEquals(List.of(), broken(released, present, !text.toString().contains("SNAPSHOT")));
        }
    }

    @Test
    void theTextOfAnApiSaysAllOfIt() throws Exception {
        try (Jar text = bundleOf(ApiText.textOf(homes()), "text"); Jar present = present(); Processor processor = new Processor()) {
            var packages = new Baseline(processor, new DiffPluginImpl()).baseline(present, text, null);
            assertTrue(packages.size() > 10, packages::toString);
            for (var info : packages) {
                // A micro difference is none of signatures.
                assertTrue(EnumSet.of(Delta.UNCHANGED, Delta.MICRO).contains(info.packageDiff.getDelta()), () -> info.packageName + ": " + changes(info.packageDiff));
            }
        }
    }

    private static final String SMALL = """
            //// small/package-info.java
            @org.osgi.annotation.bundle.Export
            @org.osgi.annotation.versioning.Version("0.1.0")
            package small;
            //// small/Device.java
            package small;
            @org.osgi.annotation.versioning.ConsumerType
            public interface Device {
                long read(long offset, int width);
            }
            """;

    private List<String> after(String from, String to) throws Exception {
        Path place = Files.createTempDirectory(folder, "change");
        try (Jar released = bundleOf(SMALL, place.getFileName() + "-before");
                Jar present = bundleOf(SMALL.replace(from, to), place.getFileName() + "-after")) {
            return broken(released, present, true);
        }
    }

    @Test
    void whatBreaksPluginsIsNoticedAndTheSentenceSaysWhatToDo() throws Exception {
        assertEquals(List.of(), after("", ""));
        String gone = String.join("\n", after("long read(long offset, int width);", ""));
        assertTrue(gone.contains("small has changed since 0.1.0") && gone.contains("read(long,int) removed")
                && gone.contains("@Version(\"0.2.0\")"), gone);
        assertTrue(after("long read(", "int read(").getFirst().contains("0.2.0"));
        assertTrue(after("long read(", "void more();\nlong read(").getFirst().contains("0.2.0"));
        assertTrue(after("public interface Device", "interface Device").getFirst().contains("0.2.0"));
    }

    @Test
    void whatIsAddedNeedsASmallerStep() throws Exception {
        String added = "default void more() { }\nlong read(";
        assertTrue(after("long read(", added).getFirst().contains("@Version("), "nothing was said");
        assertTrue(after("//// small/Device.java", "//// small/New.java\npackage small;\npublic final class New { }\n//// small/Device.java")
                .getFirst().contains("@Version(\"0.1.1\")"));
    }

    @Test
    void withItsVersionAPackageMayChange() throws Exception {
        assertEquals(List.of(), after("0.1.0\")", "0.2.0\")"));
        String changed = SMALL.replace("0.1.0", "0.2.0").replace("long read(long", "int read(int");
        try (Jar released = bundleOf(SMALL, "old"); Jar present = bundleOf(changed, "new")) {
            assertEquals(List.of(), broken(released, present, true));
        }
    }
}
